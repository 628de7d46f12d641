"""A copy of the names and kinds that exercises have now, and which exercises had one kind only."""

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
    # the version before does not know the columns: what it writes has another updated_at
    op.execute(
        "ALTER TABLE exercise_stats ADD COLUMN rep_type VARCHAR(20), "
        "ADD COLUMN rep_type_at TIMESTAMPTZ NOT NULL DEFAULT now()"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE exercise_stats DROP COLUMN rep_type, DROP COLUMN rep_type_at")
    op.execute("DROP TABLE exercise_facts")
