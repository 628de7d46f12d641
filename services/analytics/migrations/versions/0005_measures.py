"""The measures that exercises have now, beside their names and kinds."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # measure_position is how far the feed was followed with measures in it: the version before
    # copies names without them, and moves position on
    op.execute(
        "ALTER TABLE exercise_facts ADD COLUMN measure VARCHAR(20), "
        "ADD COLUMN measure_position BIGINT"
    )
    op.execute(
        "CREATE INDEX exercise_facts_by_measure_position ON exercise_facts (measure_position)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE exercise_facts DROP COLUMN measure, DROP COLUMN measure_position")
