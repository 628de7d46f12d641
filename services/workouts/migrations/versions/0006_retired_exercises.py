"""Private exercises that are deleted, or about to be: they can't be logged any more."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("CREATE TABLE retired_exercises (exercise_id BIGINT PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE retired_exercises")
