"""Copies of everything that is held of a user, for them to take along."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE take_outs (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            user_id BIGINT NOT NULL REFERENCES users ON DELETE CASCADE,
            status VARCHAR(20) NOT NULL DEFAULT 'under_way'
                CONSTRAINT take_outs_status_check CHECK (status IN ('under_way', 'ready')),
            requested_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            ready_at TIMESTAMPTZ,
            expires_at TIMESTAMPTZ,
            bytes BIGINT,
            begun SMALLINT NOT NULL DEFAULT 1,
            begun_since TIMESTAMPTZ NOT NULL DEFAULT now(),
            failures INTEGER NOT NULL DEFAULT 0,
            lease UUID,
            leased_until TIMESTAMPTZ
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX take_outs_one_for_a_user ON take_outs (user_id)")
    op.execute(
        """
        CREATE TABLE take_out_parts (
            take_out_id BIGINT NOT NULL REFERENCES take_outs ON DELETE CASCADE,
            service VARCHAR(20) NOT NULL,
            position INTEGER NOT NULL,
            names TEXT[] NOT NULL,
            files JSON NOT NULL,
            about JSON NOT NULL,
            next JSON NOT NULL,
            PRIMARY KEY (take_out_id, service, position)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE take_out_pieces (
            take_out_id BIGINT NOT NULL REFERENCES take_outs ON DELETE CASCADE,
            position INTEGER NOT NULL,
            content BYTEA NOT NULL,
            PRIMARY KEY (take_out_id, position)
        )
        """
    )


def downgrade() -> None:
    for table in ("take_out_pieces", "take_out_parts", "take_outs"):
        op.execute(f"DROP TABLE {table}")
