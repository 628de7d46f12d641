"""Workouts that an import has restored: which import had brought them before they were deleted."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE imported_workouts ADD COLUMN restored_from BIGINT")


def downgrade() -> None:
    op.execute("ALTER TABLE imported_workouts DROP COLUMN restored_from")
