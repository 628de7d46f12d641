"""A narrow table beside the catalogue, for everything that looks at many exercises at once."""

from alembic import op

revision = "0005"
down_revision = "0004"

TEXTS = """
    CREATE FUNCTION texts(items jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
        SELECT coalesce(array_agg(DISTINCT item), '{}')
        FROM jsonb_array_elements_text(items) AS item
    $$
"""

# arrays, because an index of them is exact, and one of JSONB must be checked row by row
ROWS = """
    CREATE VIEW exercise_search_rows AS
    SELECT id, created_at,
        CASE difficulty WHEN 'beginner' THEN 1 WHEN 'intermediate' THEN 2
            WHEN 'advanced' THEN 3 END::smallint AS hardness,
        length(name)::smallint AS name_length,
        category, body_part, difficulty, equipment,
        texts(all_equipment) COLLATE "C" AS all_equipment,
        texts(primary_muscles || secondary_muscles) COLLATE "C" AS muscles,
        lower(unaccented(name)) COLLATE "C" AS sort_name,
        name_key, alias_keys, name_words, title_words, search_words
    FROM exercises WHERE is_active
"""

TABLE = """
    CREATE TABLE exercise_search (
        id BIGINT PRIMARY KEY REFERENCES exercises ON DELETE CASCADE,
        created_at TIMESTAMPTZ NOT NULL,
        hardness SMALLINT,
        name_length SMALLINT NOT NULL,
        category TEXT NOT NULL,
        body_part TEXT,
        difficulty TEXT,
        equipment TEXT,
        all_equipment TEXT[] COLLATE "C" NOT NULL,
        muscles TEXT[] COLLATE "C" NOT NULL,
        sort_name TEXT COLLATE "C" NOT NULL,
        name_key TEXT COLLATE "C" NOT NULL,
        alias_keys TEXT[] COLLATE "C" NOT NULL,
        name_words TSVECTOR NOT NULL,
        title_words TSVECTOR NOT NULL,
        search_words TSVECTOR NOT NULL
    )
"""

# whoever changes an exercise can't forget it, and nobody reads one without the other
FOLLOW = """
    CREATE FUNCTION follow_exercises() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM exercise_search s USING changed WHERE s.id = changed.id;
        INSERT INTO exercise_search
        SELECT r.* FROM exercise_search_rows r JOIN changed USING (id);
        RETURN NULL;
    END $$
"""

TRIGGERS = [
    f"CREATE TRIGGER exercises_after_{event} AFTER {event} ON exercises "
    "REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_exercises()"
    for event in ("insert", "update")
]

INDEXES = {
    "by_name": "(sort_name, id)",
    "by_category": "(category, id)",
    "by_body_part": "(body_part, sort_name, id)",
    "by_equipment": "(equipment, id)",
    "by_equipment_descending": "(equipment DESC NULLS LAST, id DESC)",
    "by_difficulty": "(hardness, id)",
    "by_difficulty_descending": "(hardness DESC NULLS LAST, id DESC)",
    "by_difficulty_and_name": "(hardness, sort_name, id)",
    "by_age": "(created_at, id)",
    "by_all_equipment": "USING gin (all_equipment)",
    "by_muscles": "USING gin (muscles)",
    "by_name_words": "USING gin (name_words)",
    "by_title_words": "USING gin (title_words)",
    "by_all_words": "USING gin (search_words)",
}

COLUMNS = {
    "muscles": "JSONB NOT NULL GENERATED ALWAYS AS (primary_muscles || secondary_muscles) STORED",
    "hardness": "SMALLINT GENERATED ALWAYS AS (CASE difficulty WHEN 'beginner' THEN 1 "
    "WHEN 'intermediate' THEN 2 WHEN 'advanced' THEN 3 END) STORED",
    "sort_name": 'TEXT COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(unaccented(name))) STORED',
}
"""Columns of the exercises that only their indexes needed."""


def upgrade() -> None:
    for statement in [TEXTS, ROWS, TABLE, FOLLOW, *TRIGGERS]:
        op.execute(statement)
    op.execute("INSERT INTO exercise_search SELECT * FROM exercise_search_rows")
    for name, columns in INDEXES.items():
        op.execute(f"DROP INDEX exercises_{name}")
        op.execute(f"CREATE INDEX exercise_search_{name} ON exercise_search {columns}")
    op.execute(f"ALTER TABLE exercises {', '.join(f'DROP COLUMN {name}' for name in COLUMNS)}")


def downgrade() -> None:
    op.execute("DROP TABLE exercise_search")
    for statement in [
        "DROP TRIGGER exercises_after_insert ON exercises",
        "DROP TRIGGER exercises_after_update ON exercises",
        "DROP FUNCTION follow_exercises",
        "DROP VIEW exercise_search_rows",
        "DROP FUNCTION texts",
    ]:
        op.execute(statement)
    added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in COLUMNS.items())
    op.execute(f"ALTER TABLE exercises {added}")
    for name, columns in INDEXES.items():
        active = "" if columns.startswith("USING") else " WHERE is_active"
        op.execute(f"CREATE INDEX exercises_{name} ON exercises {columns}{active}")
