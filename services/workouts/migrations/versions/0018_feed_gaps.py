"""Positions of feeds that a restored backup has lost."""

from alembic import op

from services.dependencies import feed_gaps

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(feed_gaps.TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE feed_gaps")
