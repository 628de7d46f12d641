"""What a restored backup has lost of the feed of settings, and which installation this is."""

from alembic import op

from services.dependencies import feed_gaps

revision = "0011"
down_revision = "0010"

# by which a restore knows whether the database that it replaces is a later state of the backup
INSTALLATION = """
    CREATE TABLE installation (
        one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
        id UUID NOT NULL DEFAULT gen_random_uuid()
    )
"""


def upgrade() -> None:
    op.execute(feed_gaps.TABLE)
    op.execute(INSTALLATION)
    op.execute("INSERT INTO installation DEFAULT VALUES")


def downgrade() -> None:
    op.execute("DROP TABLE installation")
    op.execute("DROP TABLE feed_gaps")
