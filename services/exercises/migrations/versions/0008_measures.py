"""What the sets of an exercise hold: a column, in the table of the search, too, and in the feed."""

from alembic import op

revision = "0008"
down_revision = "0007"

# Whoever writes exercises takes this lock first, an import for many seconds. To wait for that with
# a table's lock in hand would stop all reads.
WRITING_LOCK = 7_306_002

# measure is last, as in the table: the trigger inserts whole rows
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
        name_key, alias_keys, name_words, title_words, search_words{measure}
    FROM exercises WHERE is_active
"""

# null was written by the version before, which knows no measures
MEASURE = """,
        coalesce(measure, CASE rep_type WHEN 'time' THEN 'duration'
            WHEN 'distance' THEN 'distance_duration' ELSE 'weight_reps' END)::text AS measure
"""

# Of exercises that have one already: none, unless the database was taken back and comes again. The
# others get theirs at the start of this version.
KNOWN = """
    UPDATE exercise_search s SET measure = e.measure
    FROM exercises e WHERE e.id = s.id AND e.measure IS NOT NULL
"""

# The version before may change what an exercise counts, and leaves a measure of something else.
FORGET = """
    CREATE OR REPLACE FUNCTION forget_measure() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.measure := NULL;
        RETURN NEW;
    END $$
"""

FORGETTING = """
    CREATE TRIGGER measures_follow_rep_types BEFORE UPDATE ON exercises
    FOR EACH ROW WHEN (OLD.rep_type <> NEW.rep_type AND OLD.measure = NEW.measure)
    EXECUTE FUNCTION forget_measure()
"""

NOTING = """
    CREATE CONSTRAINT TRIGGER changed_exercises_are_noted AFTER UPDATE ON exercises
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new}))
    EXECUTE FUNCTION note_exercise_change()
"""


def upgrade() -> None:
    op.execute(f"SELECT pg_advisory_xact_lock({WRITING_LOCK})")
    # in the order in which a list locks them, so that neither waits for the other
    op.execute("ALTER TABLE exercise_search ADD COLUMN measure TEXT")
    op.execute("ALTER TABLE exercises ADD COLUMN IF NOT EXISTS measure VARCHAR(20)")
    op.execute(ROWS.format(measure=MEASURE))
    op.execute(KNOWN)
    op.execute(
        "CREATE INDEX exercise_search_by_measure ON exercise_search (measure, sort_name, id)"
    )
    op.execute(FORGET)
    op.execute("DROP TRIGGER IF EXISTS measures_follow_rep_types ON exercises")
    op.execute(FORGETTING)
    _note_changes_of("name", "rep_type", "measure")


def downgrade() -> None:
    op.execute(f"SELECT pg_advisory_xact_lock({WRITING_LOCK})")
    op.execute("DROP VIEW exercise_search_rows")
    op.execute("ALTER TABLE exercise_search DROP COLUMN measure")
    op.execute(ROWS.replace("OR REPLACE ", "").format(measure=""))
    _note_changes_of("name", "rep_type")
    # the measures of exercises stay, with their trigger: they can't all be found out again


def _note_changes_of(*columns: str) -> None:
    op.execute("DROP TRIGGER changed_exercises_are_noted ON exercises")
    old, new = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    op.execute(NOTING.format(old=old, new=new))
