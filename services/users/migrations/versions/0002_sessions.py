"""Sessions, refresh tokens, personal access tokens, and what users say of themselves."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # nullable columns without a default: no row is rewritten, and the version before goes on
    op.execute(
        """
        ALTER TABLE users
            ADD COLUMN time_zone VARCHAR(64),
            ADD COLUMN weight_unit VARCHAR(2),
            ADD COLUMN week_start VARCHAR(9),
            ADD COLUMN one_rep_max_formula VARCHAR(20),
            ADD COLUMN weekly_goal SMALLINT,
            ADD COLUMN locale VARCHAR(35),
            ADD COLUMN disabled_at TIMESTAMPTZ,
            ADD COLUMN sessions_ended_at TIMESTAMPTZ
        """
    )
    op.execute(
        """
        CREATE TABLE sessions (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            user_id BIGINT NOT NULL REFERENCES users ON DELETE CASCADE,
            device VARCHAR(200),
            address VARCHAR(45),
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            last_used_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            expires_at TIMESTAMPTZ NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX sessions_by_user ON sessions (user_id, last_used_at)")
    op.execute("CREATE INDEX sessions_by_end ON sessions (expires_at)")
    op.execute(
        """
        CREATE TABLE refresh_tokens (
            token_hash BYTEA PRIMARY KEY,
            session_id BIGINT NOT NULL REFERENCES sessions ON DELETE CASCADE,
            issued_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            used_at TIMESTAMPTZ
        )
        """
    )
    op.execute("CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id)")
    op.execute("CREATE INDEX refresh_tokens_by_issue ON refresh_tokens (issued_at)")
    op.execute(
        """
        CREATE TABLE revoked_tokens (
            token_id VARCHAR(64) PRIMARY KEY,
            user_id BIGINT NOT NULL REFERENCES users ON DELETE CASCADE,
            expires_at TIMESTAMPTZ NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX revoked_tokens_by_user ON revoked_tokens (user_id)")
    op.execute("CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at)")
    op.execute(
        """
        CREATE TABLE personal_tokens (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            user_id BIGINT NOT NULL REFERENCES users ON DELETE CASCADE,
            name VARCHAR(100) NOT NULL,
            token_hash BYTEA NOT NULL UNIQUE,
            scopes TEXT[] NOT NULL,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            expires_at TIMESTAMPTZ,
            last_used_at TIMESTAMPTZ
        )
        """
    )
    op.execute("CREATE INDEX personal_tokens_by_user ON personal_tokens (user_id)")


def downgrade() -> None:
    for table in ("personal_tokens", "revoked_tokens", "refresh_tokens", "sessions"):
        op.execute(f"DROP TABLE {table}")
    op.execute(
        """
        ALTER TABLE users
            DROP COLUMN time_zone, DROP COLUMN weight_unit, DROP COLUMN week_start,
            DROP COLUMN one_rep_max_formula, DROP COLUMN weekly_goal, DROP COLUMN locale,
            DROP COLUMN disabled_at, DROP COLUMN sessions_ended_at
        """
    )
