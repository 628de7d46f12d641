"""Mail that waits to be sent, links to a new password, and e-mails that wait to be confirmed."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE mails (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            user_id BIGINT REFERENCES users ON DELETE CASCADE,
            recipient VARCHAR(255) NOT NULL,
            subject TEXT NOT NULL,
            text_body TEXT NOT NULL,
            html_body TEXT NOT NULL,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            next_try_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            give_up_at TIMESTAMPTZ NOT NULL,
            tries SMALLINT NOT NULL DEFAULT 0
        )
        """
    )
    op.execute("CREATE INDEX mails_by_next_try ON mails (next_try_at)")
    op.execute("CREATE INDEX mails_by_user ON mails (user_id)")
    op.execute(
        """
        CREATE TABLE password_resets (
            token_hash BYTEA PRIMARY KEY,
            user_id BIGINT NOT NULL REFERENCES users ON DELETE CASCADE,
            expires_at TIMESTAMPTZ NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX password_resets_by_user ON password_resets (user_id)")
    op.execute(
        """
        CREATE TABLE email_changes (
            token_hash BYTEA PRIMARY KEY,
            user_id BIGINT NOT NULL REFERENCES users ON DELETE CASCADE,
            email VARCHAR(255) NOT NULL,
            requested_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            expires_at TIMESTAMPTZ NOT NULL,
            ended_at TIMESTAMPTZ
        )
        """
    )
    op.execute("CREATE INDEX email_changes_by_user ON email_changes (user_id)")


def downgrade() -> None:
    for table in ("email_changes", "password_resets", "mails"):
        op.execute(f"DROP TABLE {table}")
