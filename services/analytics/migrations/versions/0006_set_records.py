"""Records that are one set each, what they are counted from, and the order within a day."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # First the table that counting and reads look at first, or one of them and this could wait for
    # each other. Null in the rows that there are: nothing newer than the version before is known.
    op.execute(
        "ALTER TABLE exercise_stats "
        "ADD COLUMN last_started_at TIMESTAMPTZ, "
        "ADD COLUMN records_at TIMESTAMPTZ"
    )
    op.execute("ALTER TABLE personal_records ADD COLUMN started_at TIMESTAMPTZ")
    op.execute(
        "ALTER TABLE exercise_performance_history "
        "ADD COLUMN measure VARCHAR(20), "
        "ADD COLUMN started_at TIMESTAMPTZ, "
        "ADD COLUMN best_e1rm NUMERIC, "
        "ADD COLUMN best_e1rm_brzycki NUMERIC, "
        "ADD COLUMN best_e1rm_lombardi NUMERIC, "
        "ADD COLUMN best_set_volume NUMERIC, "
        "ADD COLUMN least_assistance NUMERIC, "
        "ADD COLUMN longest NUMERIC, "
        "ADD COLUMN farthest NUMERIC, "
        "ADD COLUMN fastest_pace NUMERIC, "
        "ADD COLUMN total_duration_seconds NUMERIC, "
        "ADD COLUMN total_distance_m NUMERIC, "
        "ADD COLUMN counted_at TIMESTAMPTZ"
    )
    op.execute(
        """
        CREATE TABLE set_records (
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
        """
    )
    # The version before may still count. It moves exercise_stats.updated_at and not records_at, so
    # that the exercise is recounted before its records are believed. Two things it does without:
    # it deletes the last row of an exercise, and it replaces the sets of a row whose sums stay
    # the same, which shows by counted_at. Deferred, since one statement may not change a row of
    # exercise_stats twice.
    op.execute(
        """
        CREATE FUNCTION forget_set_records() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM set_records
            WHERE user_id = OLD.user_id AND exercise_id = OLD.exercise_id;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER exercise_is_gone AFTER DELETE ON exercise_stats "
        "FOR EACH ROW EXECUTE FUNCTION forget_set_records()"
    )
    op.execute(
        """
        CREATE FUNCTION doubt_records() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE exercise_performance_history SET counted_at = NULL
            WHERE user_id = NEW.user_id AND workout_id = NEW.workout_id
              AND exercise_id = NEW.exercise_id;
            UPDATE exercise_stats SET records_at = NULL
            WHERE user_id = NEW.user_id AND exercise_id = NEW.exercise_id;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE CONSTRAINT TRIGGER version_before_changed_sets
        AFTER UPDATE ON exercise_performance_history
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (NEW.raw_sets IS DISTINCT FROM OLD.raw_sets
              AND NEW.counted_at IS NOT DISTINCT FROM OLD.counted_at)
        EXECUTE FUNCTION doubt_records()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER version_before_changed_sets ON exercise_performance_history")
    op.execute("DROP TRIGGER exercise_is_gone ON exercise_stats")
    op.execute("DROP FUNCTION doubt_records()")
    op.execute("DROP FUNCTION forget_set_records()")
    op.execute("DROP TABLE set_records")
    op.execute("ALTER TABLE exercise_stats DROP COLUMN last_started_at, DROP COLUMN records_at")
    op.execute("ALTER TABLE personal_records DROP COLUMN started_at")
    op.execute(
        "ALTER TABLE exercise_performance_history "
        "DROP COLUMN measure, DROP COLUMN started_at, DROP COLUMN best_e1rm, "
        "DROP COLUMN best_e1rm_brzycki, DROP COLUMN best_e1rm_lombardi, "
        "DROP COLUMN best_set_volume, DROP COLUMN least_assistance, DROP COLUMN longest, "
        "DROP COLUMN farthest, DROP COLUMN fastest_pace, "
        "DROP COLUMN total_duration_seconds, DROP COLUMN total_distance_m, DROP COLUMN counted_at"
    )
