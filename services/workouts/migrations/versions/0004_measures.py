"""The measure of an exercise: as it was logged, and as it is now."""

from alembic import op

revision = "0004"
down_revision = "0003"

# A transaction each, as a read locks both tables in an order of its own.
# measure_position is how far the feed was followed with measures in it: the version before copies
# names without them, and moves position on.
STATEMENTS = (
    "ALTER TABLE workout_exercises ADD COLUMN IF NOT EXISTS measure VARCHAR(20)",
    "ALTER TABLE exercise_facts ADD COLUMN IF NOT EXISTS measure VARCHAR(20), "
    "ADD COLUMN IF NOT EXISTS measure_position BIGINT",
    "CREATE INDEX IF NOT EXISTS exercise_facts_by_measure_position "
    "ON exercise_facts (measure_position)",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in STATEMENTS:
            op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE exercise_facts DROP COLUMN measure, DROP COLUMN measure_position")
    op.execute("ALTER TABLE workout_exercises DROP COLUMN measure")
