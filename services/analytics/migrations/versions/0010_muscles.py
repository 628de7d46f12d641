"""The muscles that exercises have now, and those that users have noted for themselves."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0010"
down_revision = "0009"

# muscles_position is how far the feed was followed with muscles in it: the version before copies
# rows without them, and moves owner_position on
COLUMNS = """
    ALTER TABLE exercise_facts ADD COLUMN IF NOT EXISTS primary_muscles TEXT[],
        ADD COLUMN IF NOT EXISTS secondary_muscles TEXT[],
        ADD COLUMN IF NOT EXISTS muscles_position BIGINT
"""

# null is what a user has not noted, or not any more: the greatest position is where to go on from
OWN = """
    CREATE TABLE IF NOT EXISTS own_muscles (
        user_id BIGINT NOT NULL,
        exercise_id BIGINT NOT NULL,
        primary_muscles TEXT[],
        secondary_muscles TEXT[],
        position BIGINT NOT NULL,
        PRIMARY KEY (user_id, exercise_id)
    )
"""
FENCED = {"own_muscles": "user_id"}

INDEXES = {
    "exercise_facts_by_muscles_position": "exercise_facts (muscles_position)",
    "own_muscles_by_position": "own_muscles (position)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '1s'")
        fence.execute_when_free(op.execute, COLUMNS)
        op.execute("RESET lock_timeout")
        op.execute(OWN)
        for name, columns in INDEXES.items():
            # one whose making was broken off is there, and no use
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns}")
        fence.make(op.execute, FENCED)


def downgrade() -> None:
    op.execute("DROP TABLE own_muscles")
    op.execute(
        "ALTER TABLE exercise_facts DROP COLUMN primary_muscles, DROP COLUMN secondary_muscles, "
        "DROP COLUMN muscles_position"
    )
