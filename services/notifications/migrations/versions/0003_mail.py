"""Mails that wait to be sent, without an address: that is asked for when they are due."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # the row of one that is done stays without content until it would be given up: the event that
    # caused it may come again
    op.execute(
        """
        CREATE TABLE pending_mails (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            user_id BIGINT NOT NULL,
            kind VARCHAR(40) NOT NULL,
            key TEXT NOT NULL,
            content JSONB,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            tries SMALLINT NOT NULL DEFAULT 0,
            next_try_at TIMESTAMPTZ DEFAULT now(),
            give_up_at TIMESTAMPTZ NOT NULL,
            CONSTRAINT pending_mails_once UNIQUE (user_id, kind, key)
        )
        """
    )
    op.execute(
        "CREATE INDEX pending_mails_waiting ON pending_mails (next_try_at)"
        " WHERE next_try_at IS NOT NULL"
    )
    op.execute("CREATE INDEX pending_mails_by_end ON pending_mails (give_up_at)")
    with op.get_context().autocommit_block():
        fence.make(op.execute, {"pending_mails": "user_id"})


def downgrade() -> None:
    op.execute("DROP TABLE pending_mails")
