"""Which buckets of users are in this cell."""

from alembic import op

from services.dependencies.cells import states

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(states.TABLE)


def downgrade() -> None:
    for statement in states.REMOVE:
        op.execute(statement)
