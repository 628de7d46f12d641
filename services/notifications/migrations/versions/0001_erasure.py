"""Tombstones of users who were erased."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0001"
down_revision = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        fence.make(op.execute, {})


def downgrade() -> None:
    fence.remove(op.execute, {})
