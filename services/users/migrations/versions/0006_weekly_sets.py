"""How many sets a week and muscle users aim at."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # nullable columns without a default: no row is rewritten, and the version before goes on
    op.execute(
        "ALTER TABLE users ADD COLUMN weekly_sets_least SMALLINT,"
        " ADD COLUMN weekly_sets_most SMALLINT"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN weekly_sets_least, DROP COLUMN weekly_sets_most")
