"""What numbers are carried forward from: the last row of an exercise, the minutes of a period."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE exercise_stats ADD COLUMN last_workout_id BIGINT")
    op.execute(
        """
        UPDATE exercise_stats s SET last_workout_id = (
            SELECT h.workout_id FROM exercise_performance_history h
            WHERE h.user_id = s.user_id AND h.exercise_id = s.exercise_id
            ORDER BY h.workout_date DESC, h.workout_id DESC LIMIT 1)
        """
    )
    op.execute("ALTER TABLE exercise_stats ALTER COLUMN last_workout_id SET NOT NULL")
    op.execute(
        "ALTER TABLE progress_snapshots "
        "ADD COLUMN total_minutes BIGINT NOT NULL DEFAULT 0, "
        "ADD COLUMN timed_workouts INTEGER NOT NULL DEFAULT 0"
    )
    op.execute(
        """
        UPDATE progress_snapshots s
        SET total_minutes = w.total_minutes, timed_workouts = w.timed_workouts
        FROM (
            SELECT user_id, period_type, date_trunc(period_type, date)::date AS period_start,
                   sum(duration_minutes) AS total_minutes, count(*) AS timed_workouts
            FROM processed_workouts CROSS JOIN (VALUES ('week'), ('month')) AS p (period_type)
            WHERE NOT deleted AND duration_minutes IS NOT NULL
            GROUP BY 1, 2, 3
        ) w
        WHERE (s.user_id, s.period_type, s.period_start)
            = (w.user_id, w.period_type, w.period_start)
        """
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE progress_snapshots DROP COLUMN total_minutes, DROP COLUMN timed_workouts"
    )
    op.execute("ALTER TABLE exercise_stats DROP COLUMN last_workout_id")
