"""Names and aliases without equipment, by which a search finds equal ones, and what is imported."""

from alembic import op

revision = "0009"
down_revision = "0008"

# as in 0008: taken before any table's lock, because an import holds it for many seconds
WRITING_LOCK = 7_306_002

# is_imported is last, as in the table: the trigger inserts whole rows
ROWS = """
    CREATE OR REPLACE VIEW exercise_search_rows AS
    SELECT id, created_at,
        CASE difficulty WHEN 'beginner' THEN 1 WHEN 'intermediate' THEN 2
            WHEN 'advanced' THEN 3 END::smallint AS hardness,
        length(name)::smallint AS name_length,
        category, body_part, difficulty, equipment,
        texts(all_equipment) COLLATE "C" AS all_equipment,
        texts(primary_muscles || secondary_muscles) COLLATE "C" AS muscles,
        lower(unaccented(name)) COLLATE "C" AS sort_name,
        name_key, alias_keys, name_words, title_words, search_words,
        coalesce(measure, CASE rep_type WHEN 'time' THEN 'duration'
            WHEN 'distance' THEN 'distance_duration' ELSE 'weight_reps' END)::text AS measure
        {imported}
    FROM exercises WHERE is_active
"""

IMPORTED = ", external_source = 'wger' AS is_imported"

# one transaction of its own, which takes the same lock
MARK = f"""
    DO $$ BEGIN
        PERFORM pg_advisory_xact_lock({WRITING_LOCK});
        UPDATE exercise_search s SET is_imported = true FROM exercises e
        WHERE e.id = s.id AND e.external_source = 'wger' AND NOT s.is_imported;
    END $$
"""


def upgrade() -> None:
    op.execute(f"SELECT pg_advisory_xact_lock({WRITING_LOCK})")
    op.execute(
        "ALTER TABLE exercise_search ADD COLUMN IF NOT EXISTS is_imported "
        "BOOLEAN NOT NULL DEFAULT false"
    )
    # It is there already if the database was taken back to the version before. What has none gets
    # them at the start of this version.
    op.execute('ALTER TABLE exercises ADD COLUMN IF NOT EXISTS title_keys TEXT[] COLLATE "C"')
    op.execute(ROWS.format(imported=IMPORTED))
    op.execute(
        "CREATE INDEX IF NOT EXISTS exercises_by_title_keys ON exercises USING gin (title_keys)"
    )
    # when the tables' locks are given up: it writes a row of each imported exercise
    with op.get_context().autocommit_block():
        op.execute(MARK)


def downgrade() -> None:
    op.execute(f"SELECT pg_advisory_xact_lock({WRITING_LOCK})")
    op.execute("DROP VIEW exercise_search_rows")
    op.execute("ALTER TABLE exercise_search DROP COLUMN is_imported")
    op.execute(ROWS.replace("OR REPLACE ", "").format(imported=""))
    # title_keys stay: whatever becomes of an exercise, they are made anew at the next start
