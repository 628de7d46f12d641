"""A copy of the names and kinds that exercises have now, and an index that tells kinds apart."""

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
            position BIGINT NOT NULL UNIQUE
        )
        """
    )
    op.execute(
        "CREATE INDEX performance_by_kind ON exercise_performance_history "
        "(user_id, exercise_id, rep_type)"
    )


def downgrade() -> None:
    op.execute("DROP INDEX performance_by_kind")
    op.execute("DROP TABLE exercise_facts")
