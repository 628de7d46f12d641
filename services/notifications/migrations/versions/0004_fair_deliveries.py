"""Which webhooks are slow, when one last failed, and secrets that still hold after two others."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0004"
down_revision = "0003"

# each with a default that needs no rewriting; the version before leaves them as they are
COLUMNS = """
    ALTER TABLE webhooks
        ADD COLUMN IF NOT EXISTS slowness SMALLINT NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS last_failed_at TIMESTAMPTZ
"""
OLDER_SECRETS = """
    CREATE TABLE IF NOT EXISTS older_secrets (
        webhook_id BIGINT NOT NULL REFERENCES webhooks ON DELETE CASCADE,
        secret BYTEA NOT NULL,
        holds_until TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (webhook_id, holds_until)
    )
"""
INDEXES = {
    "webhooks_due_by_slowness": "webhooks ((slowness > 0), due_at) WHERE is_enabled",
    "deliveries_tests": "deliveries (webhook_id, created_at) WHERE event_type = 'webhook.test'",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '1s'")
        fence.execute_when_free(op.execute, COLUMNS)
        fence.execute_when_free(op.execute, OLDER_SECRETS)
        op.execute("RESET lock_timeout")
        for name, columns in INDEXES.items():
            # one whose making was broken off is there, and no use
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute("DROP TABLE older_secrets")
    op.execute("ALTER TABLE webhooks DROP COLUMN slowness, DROP COLUMN last_failed_at")
