"""A feed of private exercises and of what users have noted, for clients that keep a copy."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0015"
down_revision = "0014"

# One row an exercise, or what is noted of one, which moves to the end with each change, and stays
# when it is deleted, so that this is told, too. Services follow private_exercise_changes and
# own_muscle_changes, which have no more than their copies need.
TABLE = """
    CREATE TABLE IF NOT EXISTS own_exercise_changes (
        owner_id BIGINT NOT NULL,
        kind VARCHAR(20) NOT NULL,
        exercise_id BIGINT NOT NULL,
        version INTEGER NOT NULL DEFAULT 1,
        position BIGINT NOT NULL DEFAULT nextval('exercise_changes_position_seq'),
        PRIMARY KEY (owner_id, kind, exercise_id)
    )
"""
INDEX = """
    CREATE UNIQUE INDEX IF NOT EXISTS own_exercise_changes_by_position
    ON own_exercise_changes (owner_id, position)
"""

# The lock is that of note_exercise_change(), for the same reason: with another one beside it, two
# transactions could wait for each other. The rows of an erased user are deleted, and no row may
# come of that.
NOTE = """
    CREATE OR REPLACE FUNCTION note_own_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        noted {table};
    BEGIN
        IF TG_OP = 'DELETE' THEN noted := OLD; ELSE noted := NEW; END IF;
        IF EXISTS (SELECT FROM erased_users WHERE user_id = noted.owner_id) THEN
            RETURN NULL;
        END IF;
        PERFORM pg_advisory_xact_lock(7306004);
        INSERT INTO own_exercise_changes AS known (owner_id, kind, exercise_id)
        VALUES (noted.owner_id, '{kind}', noted.{column})
        ON CONFLICT (owner_id, kind, exercise_id)
        DO UPDATE SET version = known.version + 1, position = DEFAULT;
        RETURN NULL;
    END $$
"""

# some at a time, as those who write meanwhile wait for the lock
FILL = """
    DO $$
    DECLARE
        last_1 bigint := 0;
        last_2 bigint := 0;
    BEGIN
        LOOP
            PERFORM pg_advisory_xact_lock(7306004);
            WITH next AS (
                SELECT {key} FROM {table} WHERE ({key}) > (last_1, last_2)
                ORDER BY {key} LIMIT 10000
            ), told AS (
                INSERT INTO own_exercise_changes (owner_id, kind, exercise_id)
                SELECT owner_id, '{kind}', {column} FROM next
                WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.user_id = next.owner_id)
                ORDER BY {key}
                ON CONFLICT DO NOTHING
            ), numbered AS (
                SELECT {key}, row_number() OVER (ORDER BY {key}) AS number FROM next
            )
            SELECT {key} INTO last_1, last_2 FROM numbered ORDER BY number DESC LIMIT 1;
            EXIT WHEN NOT FOUND;
            COMMIT;
        END LOOP;
    END $$
"""

KINDS = (
    {
        "kind": "exercise",
        "table": "private_exercises",
        "column": "id",
        "key": "id, owner_id",
    },
    {
        "kind": "exercise_details",
        "table": "own_details",
        "column": "exercise_id",
        "key": "owner_id, exercise_id",
    },
)
"""``key``: the columns by which an index finds the next rows."""

# not deletion_began_at, which nobody is shown
SHOWN = {
    "exercise": (
        *("name", "slug", "measure", "rep_type", "category", "primary_muscles"),
        *("secondary_muscles", "equipment", "notes", "archived_at", "created_at", "updated_at"),
        *("merged_into", "merged_at"),
    ),
    "exercise_details": ("primary_muscles", "secondary_muscles", "notes"),
}


def _make_triggers(kind: str, table: str) -> None:
    old, new = (", ".join(f"{row}.{name}" for name in SHOWN[kind]) for row in ("OLD", "NEW"))
    for name, event, condition in (
        (f"own_{kind}_is_noted", "INSERT OR DELETE", ""),
        (f"changed_own_{kind}_is_noted", "UPDATE", f"WHEN (({old}) IS DISTINCT FROM ({new}))"),
    ):
        # one is there if the migration was broken off
        fence.execute_when_free(op.execute, f"DROP TRIGGER IF EXISTS {name} ON {table}")
        fence.execute_when_free(
            op.execute,
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table} "
            "DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW {condition} EXECUTE FUNCTION note_own_{kind}()",
        )


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(TABLE)
        op.execute(INDEX)
        fence.make(op.execute, {"own_exercise_changes": "owner_id"})
        for each in KINDS:
            op.execute(NOTE.format(**each))
            op.execute("SET lock_timeout = '1s'")
            _make_triggers(each["kind"], each["table"])
            op.execute("RESET lock_timeout")
            op.execute(FILL.format(**each))


def downgrade() -> None:
    for each in KINDS:
        for name in ("own_{kind}_is_noted", "changed_own_{kind}_is_noted"):
            op.execute(f"DROP TRIGGER {name} ON {{table}}".format(**each))
        op.execute("DROP FUNCTION note_own_{kind}".format(**each))
    op.execute("DROP TABLE own_exercise_changes")
