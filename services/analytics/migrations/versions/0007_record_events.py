"""The outbox of the events record_set and record_revoked."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE IF NOT EXISTS record_events (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            event_id UUID NOT NULL DEFAULT gen_random_uuid(),
            event_type VARCHAR(20) NOT NULL,
            user_id BIGINT NOT NULL,
            exercise_name VARCHAR(255) NOT NULL,
            payload JSON NOT NULL,
            happened_at TIMESTAMPTZ NOT NULL DEFAULT now()
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE record_events")
