"""Accounts that were deleted, and which services have erased what they held of them."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE erasures (
            user_id BIGINT PRIMARY KEY,
            receipt_hash BYTEA NOT NULL UNIQUE,
            requested_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            completed_at TIMESTAMPTZ
        )
        """
    )
    op.execute(
        """
        CREATE TABLE erasure_receipts (
            user_id BIGINT NOT NULL REFERENCES erasures,
            service VARCHAR(20) NOT NULL,
            asked_at TIMESTAMPTZ,
            erased_at TIMESTAMPTZ,
            PRIMARY KEY (user_id, service)
        )
        """
    )
    op.execute(
        "CREATE INDEX erasure_receipts_missing ON erasure_receipts (asked_at)"
        " WHERE erased_at IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP TABLE erasure_receipts")
    op.execute("DROP TABLE erasures")
