"""Measurements of the body."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0015"
down_revision = "0014"

TABLE = """
    CREATE TABLE IF NOT EXISTS measurements (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        user_id BIGINT NOT NULL,
        kind VARCHAR(20) NOT NULL,
        value NUMERIC(6, 2) NOT NULL,
        unit VARCHAR(4) NOT NULL,
        measured_at TIMESTAMPTZ NOT NULL,
        measured_offset SMALLINT,
        date DATE NOT NULL,
        external_id VARCHAR(128),
        version INTEGER NOT NULL DEFAULT 1,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, id)
    )
"""
INDEXES = (
    "UNIQUE INDEX IF NOT EXISTS measurements_by_external_id "
    "ON measurements (user_id, external_id, kind) WHERE external_id IS NOT NULL",
    "INDEX IF NOT EXISTS measurements_by_time ON measurements (user_id, measured_at, id)",
    "INDEX IF NOT EXISTS measurements_by_kind ON measurements (user_id, kind, measured_at, id)",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(TABLE)
        for index in INDEXES:
            op.execute(f"CREATE {index}")
        fence.make(op.execute, {"measurements": "user_id"})


def downgrade() -> None:
    op.execute("DROP TABLE measurements")
