"""Performances, records, statistics and snapshots of workouts, and the position in the feed."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE processed_workouts (
            workout_id BIGINT PRIMARY KEY,
            user_id BIGINT NOT NULL,
            version INTEGER NOT NULL,
            date DATE,
            duration_minutes INTEGER,
            deleted BOOLEAN NOT NULL DEFAULT false,
            processed_at TIMESTAMPTZ NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        "CREATE INDEX processed_workouts_by_date ON processed_workouts (user_id, date) "
        "WHERE NOT deleted"
    )
    op.execute(
        """
        CREATE TABLE exercise_performance_history (
            user_id BIGINT NOT NULL,
            exercise_id BIGINT NOT NULL,
            workout_id BIGINT NOT NULL,
            workout_date DATE NOT NULL,
            exercise_name VARCHAR(255) NOT NULL,
            rep_type VARCHAR(20) NOT NULL,
            max_weight NUMERIC,
            best_weight NUMERIC(10, 2),
            best_weight_unit VARCHAR(10),
            most_reps NUMERIC(10, 2),
            total_volume NUMERIC NOT NULL,
            total_sets INTEGER NOT NULL,
            total_reps NUMERIC NOT NULL,
            rpe_sum NUMERIC NOT NULL,
            rpe_count INTEGER NOT NULL,
            raw_sets JSONB NOT NULL,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, workout_id, exercise_id)
        )
        """
    )
    op.execute(
        "CREATE INDEX performance_by_exercise ON exercise_performance_history "
        "(user_id, exercise_id, workout_date DESC, workout_id DESC)"
    )
    op.execute(
        "CREATE INDEX performance_by_date ON exercise_performance_history "
        "(user_id, workout_date DESC)"
    )
    op.execute(
        """
        CREATE TABLE personal_records (
            user_id BIGINT NOT NULL,
            exercise_id BIGINT NOT NULL,
            record_type VARCHAR(20) NOT NULL,
            value NUMERIC NOT NULL,
            unit VARCHAR(10) NOT NULL,
            achieved_date DATE NOT NULL,
            workout_id BIGINT NOT NULL,
            previous_record NUMERIC,
            updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, exercise_id, record_type)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE exercise_stats (
            user_id BIGINT NOT NULL,
            exercise_id BIGINT NOT NULL,
            exercise_name VARCHAR(255) NOT NULL,
            current_max_weight NUMERIC,
            lifetime_volume NUMERIC NOT NULL,
            lifetime_sets BIGINT NOT NULL,
            lifetime_workouts BIGINT NOT NULL,
            last_performed_date DATE NOT NULL,
            updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, exercise_id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE progress_snapshots (
            user_id BIGINT NOT NULL,
            period_type VARCHAR(20) NOT NULL,
            period_start DATE NOT NULL,
            period_end DATE NOT NULL,
            total_workouts INTEGER NOT NULL,
            total_volume NUMERIC NOT NULL,
            total_sets INTEGER NOT NULL,
            total_exercises INTEGER NOT NULL,
            avg_workout_duration INTEGER,
            updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, period_type, period_start)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE feed_position (
            only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
            position BIGINT NOT NULL DEFAULT 0,
            holder TEXT NOT NULL DEFAULT '',
            held_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity'
        )
        """
    )
    op.execute("INSERT INTO feed_position DEFAULT VALUES")
    op.execute(
        """
        CREATE TABLE failed_changes (
            workout_id BIGINT PRIMARY KEY,
            attempts INTEGER NOT NULL DEFAULT 1,
            next_attempt_at TIMESTAMPTZ NOT NULL,
            reason TEXT NOT NULL
        )
        """
    )


def downgrade() -> None:
    for table in (
        "failed_changes",
        "feed_position",
        "progress_snapshots",
        "exercise_stats",
        "personal_records",
        "exercise_performance_history",
        "processed_workouts",
    ):
        op.execute(f"DROP TABLE {table}")
