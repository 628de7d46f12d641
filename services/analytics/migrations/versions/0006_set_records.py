"""Records that are one set each, what they are counted from, and the order within a day."""

from alembic import op

revision = "0006"
down_revision = "0005"


# A transaction each, as counting and reads lock the tables in orders of their own; any can be run
# again, if the migration is broken off. Null in the rows that there are: nothing newer than the
# version before is known of them.
COLUMNS = {
    "exercise_stats": {"last_started_at": "TIMESTAMPTZ", "records_at": "TIMESTAMPTZ"},
    "personal_records": {"started_at": "TIMESTAMPTZ"},
    "exercise_performance_history": {
        "measure": "VARCHAR(20)",
        "started_at": "TIMESTAMPTZ",
        "best_e1rm": "NUMERIC",
        "best_e1rm_brzycki": "NUMERIC",
        "best_e1rm_lombardi": "NUMERIC",
        "best_set_volume": "NUMERIC",
        "least_assistance": "NUMERIC",
        "longest": "NUMERIC",
        "farthest": "NUMERIC",
        "fastest_pace": "NUMERIC",
        "total_duration_seconds": "NUMERIC",
        "total_distance_m": "NUMERIC",
        "counted_at": "TIMESTAMPTZ",
    },
}

# The version before may still count. It moves exercise_stats.updated_at and not records_at, so that
# the exercise is recounted before its records are believed. Two things it does without: it deletes
# the last row of an exercise, and it replaces the sets of a row whose sums stay the same, which
# shows by counted_at. Deferred, since one statement may not change a row of exercise_stats twice.
STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS set_records (
        user_id BIGINT NOT NULL,
        exercise_id BIGINT NOT NULL,
        kind VARCHAR(20) NOT NULL,
        kept_by NUMERIC NOT NULL,
        value NUMERIC NOT NULL,
        unit VARCHAR(20) NOT NULL,
        size NUMERIC NOT NULL,
        tie NUMERIC NOT NULL,
        achieved_date DATE NOT NULL,
        workout_id BIGINT NOT NULL,
        started_at TIMESTAMPTZ,
        previous_size NUMERIC,
        updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, exercise_id, kind, kept_by)
    )
    """,
    """
    CREATE OR REPLACE FUNCTION forget_set_records() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM set_records
        WHERE user_id = OLD.user_id AND exercise_id = OLD.exercise_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION doubt_records() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE exercise_performance_history SET counted_at = NULL
        WHERE user_id = NEW.user_id AND workout_id = NEW.workout_id
          AND exercise_id = NEW.exercise_id;
        UPDATE exercise_stats SET records_at = NULL
        WHERE user_id = NEW.user_id AND exercise_id = NEW.exercise_id;
        RETURN NULL;
    END $$
    """,
    "CREATE OR REPLACE TRIGGER exercise_is_gone AFTER DELETE ON exercise_stats "
    "FOR EACH ROW EXECUTE FUNCTION forget_set_records()",
    # a constraint trigger can't be replaced
    "DROP TRIGGER IF EXISTS version_before_changed_sets ON exercise_performance_history",
    """
    CREATE CONSTRAINT TRIGGER version_before_changed_sets
    AFTER UPDATE ON exercise_performance_history
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.raw_sets IS DISTINCT FROM OLD.raw_sets
          AND NEW.counted_at IS NOT DISTINCT FROM OLD.counted_at)
    EXECUTE FUNCTION doubt_records()
    """,
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for table, columns in COLUMNS.items():
            added = (f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind in columns.items())
            op.execute(f"ALTER TABLE {table} {', '.join(added)}")
        for statement in STATEMENTS:
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER version_before_changed_sets ON exercise_performance_history")
    op.execute("DROP TRIGGER exercise_is_gone ON exercise_stats")
    op.execute("DROP FUNCTION doubt_records()")
    op.execute("DROP FUNCTION forget_set_records()")
    op.execute("DROP TABLE set_records")
    for table, columns in COLUMNS.items():
        op.execute(f"ALTER TABLE {table} {', '.join(f'DROP COLUMN {name}' for name in columns)}")
