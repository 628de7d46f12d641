"""A copy of the names and kinds that exercises have now; what was logged stays as it was."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE exercise_facts (
            exercise_id BIGINT PRIMARY KEY,
            name VARCHAR(255) NOT NULL,
            rep_type VARCHAR(20) NOT NULL,
            position BIGINT NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX exercise_facts_by_position ON exercise_facts (position)")


def downgrade() -> None:
    op.execute("DROP TABLE exercise_facts")
