"""Ids that clients give to workouts, which are known for good, also of deleted workouts."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0014"
down_revision = "0013"

# no index on the column, so that a workout without one costs no more than before: client_ids finds
# it. The fence around workouts is enough, as rows of both are written by the same statements.
COLUMN = "ALTER TABLE workouts ADD COLUMN IF NOT EXISTS client_id UUID"
TABLE = """
    CREATE TABLE IF NOT EXISTS client_ids (
        user_id BIGINT NOT NULL,
        client_id UUID NOT NULL,
        workout_id BIGINT NOT NULL,
        body_hash BYTEA,
        PRIMARY KEY (user_id, client_id)
    )
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(TABLE)
        op.execute("SET lock_timeout = '1s'")
        fence.execute_when_free(op.execute, COLUMN)
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    op.execute("DROP TABLE client_ids")
    op.execute("ALTER TABLE workouts DROP COLUMN client_id")
