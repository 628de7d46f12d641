"""Whether users want a mail about each week."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # the default is kept in the catalogue: no row is rewritten, and the version before goes on
    op.execute("ALTER TABLE users ADD COLUMN weekly_summary_mail BOOLEAN NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN weekly_summary_mail")
