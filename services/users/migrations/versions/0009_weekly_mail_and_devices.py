"""Whether users want a mail about each week, and from which devices they have signed in."""

from alembic import op

revision = "0009"
down_revision = "0008"

# as services.users.sessions.device_names.hash_of makes it
DEVICE_HASH = "sha256(convert_to(regexp_replace(coalesce(device, ''), '[0-9]+', '', 'g'), 'UTF8'))"


def upgrade() -> None:
    # the default is kept in the catalogue: no row is rewritten, and the version before goes on
    op.execute("ALTER TABLE users ADD COLUMN weekly_summary_mail BOOLEAN NOT NULL DEFAULT false")
    op.execute(
        """
        CREATE TABLE known_devices (
            user_id BIGINT NOT NULL REFERENCES users ON DELETE CASCADE,
            device_hash BYTEA NOT NULL,
            first_used_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            last_used_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, device_hash)
        )
        """
    )
    op.execute("CREATE INDEX known_devices_by_use ON known_devices (last_used_at)")
    op.execute(
        f"""
        INSERT INTO known_devices (user_id, device_hash, first_used_at, last_used_at)
        SELECT user_id, {DEVICE_HASH}, min(created_at), max(last_used_at)
        FROM sessions GROUP BY 1, 2 ORDER BY 1
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE known_devices")
    op.execute("ALTER TABLE users DROP COLUMN weekly_summary_mail")
