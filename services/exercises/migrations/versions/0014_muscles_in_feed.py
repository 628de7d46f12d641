"""Changes of muscles in the feed of exercises, and a feed of the muscles that users have noted."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0014"
down_revision = "0013"

# whoever writes exercises takes this lock first, an import for many seconds
WRITING_LOCK = 7_306_002

# Rows stay when what was noted is deleted, so that this is told, too: no foreign key. Positions
# come from the sequence of the feed of exercises, which never begins anew.
CHANGES = """
    CREATE TABLE IF NOT EXISTS own_muscle_changes (
        owner_id BIGINT NOT NULL,
        exercise_id BIGINT NOT NULL,
        position BIGINT NOT NULL UNIQUE DEFAULT nextval('exercise_changes_position_seq'),
        PRIMARY KEY (owner_id, exercise_id)
    )
"""
FENCED = {"own_muscle_changes": "owner_id"}

# The lock is that of note_exercise_change(), for the same reason. The rows of an erased user are
# deleted, and no row may come of that.
NOTE = """
    CREATE FUNCTION note_own_muscles_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        noted own_details;
    BEGIN
        IF TG_OP = 'DELETE' THEN noted := OLD; ELSE noted := NEW; END IF;
        IF EXISTS (SELECT FROM erased_users WHERE user_id = noted.owner_id) THEN
            RETURN NULL;
        END IF;
        PERFORM pg_advisory_xact_lock(7306004);
        INSERT INTO own_muscle_changes (owner_id, exercise_id)
        VALUES (noted.owner_id, noted.exercise_id)
        ON CONFLICT (owner_id, exercise_id) DO UPDATE SET position = DEFAULT;
        RETURN NULL;
    END $$
"""

IS_ANOTHER = """
    (OLD.primary_muscles, OLD.secondary_muscles)
        IS DISTINCT FROM (NEW.primary_muscles, NEW.secondary_muscles)
"""
HAS_ANY = "{row}.primary_muscles IS NOT NULL OR {row}.secondary_muscles IS NOT NULL"

# Beside those that note names and measures: to replace these would lock readers out. In the
# database, so that what the version before writes is noted, too.
TRIGGERS = {
    "changed_muscles_are_noted": ("exercises", "UPDATE", IS_ANOTHER, "note_exercise_change"),
    "changed_private_muscles_are_noted": (
        *("private_exercises", "UPDATE", IS_ANOTHER),
        "note_private_exercise_change",
    ),
    "new_own_muscles_are_noted": (
        *("own_details", "INSERT", HAS_ANY.format(row="NEW")),
        "note_own_muscles_change",
    ),
    "changed_own_muscles_are_noted": (
        *("own_details", "UPDATE", IS_ANOTHER),
        "note_own_muscles_change",
    ),
    "deleted_own_muscles_are_noted": (
        *("own_details", "DELETE", HAS_ANY.format(row="OLD")),
        "note_own_muscles_change",
    ),
}

KNOWN = f"""
    INSERT INTO own_muscle_changes (owner_id, exercise_id)
    SELECT owner_id, exercise_id FROM own_details d WHERE {HAS_ANY.format(row="d")}
    ORDER BY owner_id, exercise_id
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # what can be run again, if all of this is broken off
        op.execute(CHANGES)
        fence.make(op.execute, FENCED)
    op.execute(f"SELECT pg_advisory_xact_lock({WRITING_LOCK})")
    op.execute(NOTE)
    for name, (table, event, condition, function) in TRIGGERS.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table} "
            "DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {function}()"
        )
    # nobody writes own_details until this is committed: the triggers' locks are held
    op.execute(KNOWN)


def downgrade() -> None:
    for name, (table, *_) in TRIGGERS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION note_own_muscles_change")
    op.execute("DROP TABLE own_muscle_changes")
