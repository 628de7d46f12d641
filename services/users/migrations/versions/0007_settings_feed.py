"""A feed of the settings that summaries of weeks depend on, for analytics' copy of them."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0007"
down_revision = "0006"

# one row a user who has ever set one of them, which moves to the end with each change
TABLE = """
    CREATE TABLE IF NOT EXISTS settings_changes (
        user_id BIGINT PRIMARY KEY REFERENCES users ON DELETE CASCADE,
        position BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE
    )
"""

# The lock is held from here until the commit, so that changes appear in the order of their
# positions: no reader that has seen one ever misses an earlier one. Deferred, because other work of
# the transaction must not be done under it. The account may have been deleted since.
NOTE = """
    CREATE OR REPLACE FUNCTION note_settings_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(7306005);
        INSERT INTO settings_changes (user_id) SELECT id FROM users WHERE id = NEW.id
        ON CONFLICT (user_id) DO UPDATE SET position = DEFAULT;
        RETURN NULL;
    END $$
"""

SETTINGS = ("time_zone", "weekly_goal", "weekly_sets_least", "weekly_sets_most")
OLD = ", ".join(f"OLD.{name}" for name in SETTINGS)
NEW = ", ".join(f"NEW.{name}" for name in SETTINGS)

# whoever changes a setting can't forget it, the version before included
TRIGGERS = {
    "new_settings_are_noted": ("INSERT", f"num_nonnulls({NEW}) > 0"),
    "changed_settings_are_noted": ("UPDATE", f"ROW({OLD}) IS DISTINCT FROM ROW({NEW})"),
}

FILL = f"""
    DO $$ BEGIN
        PERFORM pg_advisory_xact_lock(7306005);
        INSERT INTO settings_changes (user_id)
        SELECT id FROM users WHERE num_nonnulls({", ".join(SETTINGS)}) > 0 ORDER BY id
        ON CONFLICT (user_id) DO NOTHING;
    END $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(TABLE)
        op.execute(NOTE)
        op.execute("SET lock_timeout = '1s'")
        for name, (event, condition) in TRIGGERS.items():
            # one is there if the migration was broken off
            fence.execute_when_free(op.execute, f"DROP TRIGGER IF EXISTS {name} ON users")
            fence.execute_when_free(
                op.execute,
                f"CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON users "
                "DEFERRABLE INITIALLY DEFERRED "
                f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION note_settings_change()",
            )
        op.execute("RESET lock_timeout")
        op.execute(FILL)


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON users")
    op.execute("DROP FUNCTION note_settings_change")
    op.execute("DROP TABLE settings_changes")
