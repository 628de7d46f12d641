"""All settings of all users in the feed, each with a version, for clients that keep a copy."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0010"
down_revision = "0009"

COLUMN = "ALTER TABLE settings_changes ADD COLUMN IF NOT EXISTS version INTEGER NOT NULL DEFAULT 1"

# as in 0007, and counted
NOTE = """
    CREATE OR REPLACE FUNCTION note_settings_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(7306005);
        INSERT INTO settings_changes (user_id) SELECT id FROM users WHERE id = NEW.id
        ON CONFLICT (user_id) DO UPDATE SET position = DEFAULT{counted};
        RETURN NULL;
    END $$
"""
COUNTED = ", version = settings_changes.version + 1"

# What is no setting is named, so that no later setting is forgotten: what is forgotten here is told
# though nothing has changed, and no change is lost.
ACCOUNT = (
    *("id", "email", "password_hash", "name", "role", "created_at", "updated_at"),
    *("disabled_at", "sessions_ended_at"),
)
NO_SETTINGS = f"CAST('{{{','.join(ACCOUNT)}}}' AS text[])"
TRIGGERS = {
    "new_settings_are_noted": ("INSERT", "true"),
    "changed_settings_are_noted": (
        "UPDATE",
        f"to_jsonb(OLD) - {NO_SETTINGS} IS DISTINCT FROM to_jsonb(NEW) - {NO_SETTINGS}",
    ),
}

WEEKLY = ("time_zone", "weekly_goal", "weekly_sets_least", "weekly_sets_most")
OLD = ", ".join(f"OLD.{name}" for name in WEEKLY)
NEW = ", ".join(f"NEW.{name}" for name in WEEKLY)
TRIGGERS_BEFORE = {
    "new_settings_are_noted": ("INSERT", f"num_nonnulls({NEW}) > 0"),
    "changed_settings_are_noted": ("UPDATE", f"ROW({OLD}) IS DISTINCT FROM ROW({NEW})"),
}

# some at a time, as those who register meanwhile wait for the lock
FILL = """
    DO $$
    DECLARE
        last bigint := 0;
    BEGIN
        LOOP
            PERFORM pg_advisory_xact_lock(7306005);
            WITH next AS (
                SELECT id FROM users WHERE id > last ORDER BY id LIMIT 10000 FOR KEY SHARE
            ), told AS (
                INSERT INTO settings_changes (user_id) SELECT id FROM next ORDER BY id
                ON CONFLICT DO NOTHING
            )
            SELECT max(id) INTO last FROM next;
            EXIT WHEN last IS NULL;
            COMMIT;
        END LOOP;
    END $$
"""


def _replace(triggers: dict[str, tuple[str, str]]) -> None:
    for name, (event, condition) in triggers.items():
        # both in one transaction, as no change may be missed in between
        fence.execute_when_free(
            op.execute,
            f"DROP TRIGGER IF EXISTS {name} ON users; "
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON users "
            "DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION note_settings_change()",
        )


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '1s'")
        fence.execute_when_free(op.execute, COLUMN)
        op.execute(NOTE.format(counted=COUNTED))
        _replace(TRIGGERS)
        op.execute("RESET lock_timeout")
        op.execute(FILL)


def downgrade() -> None:
    _replace(TRIGGERS_BEFORE)
    op.execute(NOTE.format(counted=""))
    op.execute("ALTER TABLE settings_changes DROP COLUMN version")
