"""Receipts of the services of each cell, whose names may be longer than 20 characters."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0012"
down_revision = "0011"

# a longer limit needs no rewriting, and the version before writes no longer names
LONGER = "ALTER TABLE erasure_receipts ALTER COLUMN service TYPE VARCHAR(40)"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '1s'")
        fence.execute_when_free(op.execute, LONGER)
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    op.execute("DELETE FROM erasure_receipts WHERE service LIKE '%\\_%'")
    op.execute("ALTER TABLE erasure_receipts ALTER COLUMN service TYPE VARCHAR(20)")
