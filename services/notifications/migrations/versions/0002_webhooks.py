"""Webhooks, and what is delivered to them."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0002"
down_revision = "0001"

FENCED = {"webhooks": "user_id", "deliveries": "user_id"}


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE webhooks (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            user_id BIGINT NOT NULL,
            url TEXT NOT NULL,
            description VARCHAR(200),
            events TEXT[] NOT NULL,
            secret BYTEA NOT NULL,
            previous_secret BYTEA,
            previous_until TIMESTAMPTZ,
            is_enabled BOOLEAN NOT NULL DEFAULT true,
            disabled_reason VARCHAR(20) CONSTRAINT webhooks_disabled_reason_check
                CHECK (disabled_reason IN ('gone', 'failing')),
            failing_since TIMESTAMPTZ,
            due_at TIMESTAMPTZ,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX webhooks_by_user ON webhooks (user_id, id)")
    op.execute("CREATE INDEX webhooks_due ON webhooks (due_at) WHERE is_enabled")
    op.execute(
        """
        CREATE TABLE deliveries (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            webhook_id BIGINT NOT NULL REFERENCES webhooks ON DELETE CASCADE,
            user_id BIGINT NOT NULL,
            event_id TEXT NOT NULL,
            event_type VARCHAR(40) NOT NULL,
            body TEXT NOT NULL,
            status VARCHAR(20) NOT NULL DEFAULT 'waiting' CONSTRAINT deliveries_status_check
                CHECK (status IN ('waiting', 'delivered', 'failed')),
            attempts INTEGER NOT NULL DEFAULT 0,
            next_attempt_at TIMESTAMPTZ DEFAULT now(),
            last_attempt_at TIMESTAMPTZ,
            response_status SMALLINT,
            problem TEXT,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            CONSTRAINT deliveries_once UNIQUE (webhook_id, event_id)
        )
        """
    )
    op.execute("CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, id)")
    op.execute("CREATE INDEX deliveries_by_user ON deliveries (user_id, id)")
    op.execute("CREATE INDEX deliveries_by_age ON deliveries (created_at)")
    op.execute(
        "CREATE INDEX deliveries_waiting ON deliveries (webhook_id, next_attempt_at)"
        " WHERE status = 'waiting'"
    )
    # of the workouts' change feed; one row
    op.execute(
        """
        CREATE TABLE feed_position (
            position BIGINT NOT NULL DEFAULT 0,
            holder TEXT,
            held_until TIMESTAMPTZ NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("INSERT INTO feed_position DEFAULT VALUES")
    with op.get_context().autocommit_block():
        fence.make(op.execute, FENCED)


def downgrade() -> None:
    op.execute("DROP TABLE feed_position")
    op.execute("DROP TABLE deliveries")
    op.execute("DROP TABLE webhooks")
    op.execute("DROP FUNCTION refuse_erased_user_id")
