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
            position BIGINT NOT NULL UNIQUE
        )
        """
    )
    # the version before does not know the columns: what it writes has another updated_at
    op.execute(
        "ALTER TABLE exercise_stats ADD COLUMN rep_type VARCHAR(20), "
        "ADD COLUMN rep_type_at TIMESTAMPTZ NOT NULL DEFAULT now()"
    )
    op.execute(
        """
        UPDATE exercise_stats s SET rep_type = h.rep_type, rep_type_at = s.updated_at
        FROM (
            SELECT user_id, exercise_id, min(rep_type) AS rep_type
            FROM exercise_performance_history GROUP BY user_id, exercise_id
            HAVING min(rep_type) = max(rep_type)
        ) h
        WHERE (s.user_id, s.exercise_id) = (h.user_id, h.exercise_id)
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE exercise_stats DROP COLUMN rep_type, DROP COLUMN rep_type_at")
    op.execute("DROP TABLE exercise_facts")
