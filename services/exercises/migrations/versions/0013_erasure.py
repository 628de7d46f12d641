"""Tombstones of users who were erased."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0013"
down_revision = "0012"

FENCED = {"private_exercises": "owner_id", "own_details": "owner_id"}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        fence.make(op.execute, FENCED)


def downgrade() -> None:
    fence.remove(op.execute, FENCED)
