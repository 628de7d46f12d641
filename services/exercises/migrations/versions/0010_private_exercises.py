"""Private exercises, in tables that the version before does not read."""

from alembic import op

revision = "0010"
down_revision = "0009"

# ids are those of the catalogue's sequence: an id in a workout is one exercise, whoever's it is
EXERCISES = """
    CREATE TABLE private_exercises (
        id BIGINT PRIMARY KEY DEFAULT nextval('exercises_id_seq'),
        owner_id BIGINT NOT NULL,
        name VARCHAR(255) NOT NULL,
        unique_name TEXT COLLATE "C" NOT NULL,
        slug TEXT NOT NULL,
        measure VARCHAR(20) NOT NULL,
        rep_type VARCHAR(20) NOT NULL,
        category VARCHAR(50) NOT NULL,
        primary_muscles TEXT[] COLLATE "C" NOT NULL,
        secondary_muscles TEXT[] COLLATE "C" NOT NULL,
        equipment VARCHAR(100),
        notes TEXT,
        archived_at TIMESTAMPTZ,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        name_key TEXT COLLATE "C" NOT NULL,
        title_keys TEXT[] COLLATE "C" NOT NULL,
        name_words TSVECTOR NOT NULL,
        title_words TSVECTOR NOT NULL,
        search_words TSVECTOR NOT NULL,
        UNIQUE (owner_id, unique_name)
    )
"""

# The rows beside those of exercise_search, for the exercises' owner. A view is enough: they are
# found by their owner, who has few, and then none of the indexes of that table would help.
ROWS = """
    CREATE VIEW private_exercise_search AS
    SELECT owner_id, id, created_at, NULL::smallint AS hardness,
        length(name)::smallint AS name_length, category::text AS category,
        NULL::text AS body_part, NULL::text AS difficulty, equipment::text AS equipment,
        array_remove(ARRAY[equipment::text], NULL) COLLATE "C" AS all_equipment,
        ARRAY(SELECT DISTINCT unnest(primary_muscles || secondary_muscles)) COLLATE "C" AS muscles,
        lower(unaccented(name)) COLLATE "C" AS sort_name, name_key,
        ARRAY[]::text[] COLLATE "C" AS alias_keys, name_words, title_words, search_words,
        measure::text AS measure, false AS is_imported
    FROM private_exercises WHERE archived_at IS NULL
"""

# positions come from the sequence of the catalogue's feed, whose readers follow both as one
CHANGES = """
    CREATE TABLE private_exercise_changes (
        exercise_id BIGINT PRIMARY KEY REFERENCES private_exercises ON DELETE CASCADE,
        position BIGINT NOT NULL UNIQUE DEFAULT nextval('exercise_changes_position_seq')
    )
"""

# the lock is that of note_exercise_change(), for the same reason
NOTE = """
    CREATE FUNCTION note_private_exercise_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(7306004);
        INSERT INTO private_exercise_changes (exercise_id)
        SELECT id FROM private_exercises WHERE id = NEW.id
        ON CONFLICT (exercise_id) DO UPDATE SET position = DEFAULT;
        RETURN NULL;
    END $$
"""

TRIGGERS = {
    "new_private_exercises_are_noted": ("INSERT", ""),
    "changed_private_exercises_are_noted": (
        "UPDATE",
        "WHEN ((OLD.name, OLD.measure) IS DISTINCT FROM (NEW.name, NEW.measure))",
    ),
}


def upgrade() -> None:
    for statement in (EXERCISES, ROWS, CHANGES, NOTE):
        op.execute(statement)
    for name, (event, condition) in TRIGGERS.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON private_exercises "
            "DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW {condition} EXECUTE FUNCTION note_private_exercise_change()"
        )


def downgrade() -> None:
    op.execute("DROP TABLE private_exercise_changes")
    op.execute("DROP VIEW private_exercise_search")
    op.execute("DROP TABLE private_exercises")
    op.execute("DROP FUNCTION note_private_exercise_change")
