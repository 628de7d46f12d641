"""An index of the feed by user and position, in place of the one by user alone."""

from alembic import op

revision = "0016"
down_revision = "0015"


def _replace(made: str, columns: str, dropped: str) -> None:
    with op.get_context().autocommit_block():
        # one whose making was broken off is there, and no use
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {made}")
        op.execute(f"CREATE INDEX CONCURRENTLY {made} ON workout_changes ({columns})")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {dropped}")


def upgrade() -> None:
    _replace("workout_changes_by_position", "user_id, id", "workout_changes_by_user")


def downgrade() -> None:
    _replace("workout_changes_by_user", "user_id", "workout_changes_by_position")
