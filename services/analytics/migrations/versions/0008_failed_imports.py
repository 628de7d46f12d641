"""Workouts of imports that could not be counted make no record events when they are."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # the version before inserts without it
    op.execute(
        "ALTER TABLE failed_changes "
        "ADD COLUMN IF NOT EXISTS silently BOOLEAN NOT NULL DEFAULT false"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE failed_changes DROP COLUMN silently")
