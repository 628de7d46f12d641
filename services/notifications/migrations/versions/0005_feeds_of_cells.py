"""How far the feeds of other cells than the first are read, and which process reads each.

That of the first cell stays in ``feed_position``, which the version before goes on with, and of
which it takes every row.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE IF NOT EXISTS feed_positions_of_cells (
            cell TEXT PRIMARY KEY,
            position BIGINT NOT NULL DEFAULT 0,
            holder TEXT,
            held_until TIMESTAMPTZ NOT NULL DEFAULT now()
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE feed_positions_of_cells")
