"""The outbox of the events of this service, such as import_completed."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE IF NOT EXISTS outbox (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            event_id UUID NOT NULL DEFAULT gen_random_uuid(),
            event_type VARCHAR(40) NOT NULL,
            user_id BIGINT NOT NULL,
            payload JSON NOT NULL,
            happened_at TIMESTAMPTZ NOT NULL DEFAULT now()
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE outbox")
