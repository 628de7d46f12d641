"""Rows of a user in all tables of a cell."""

WORKOUT = """
    WITH w AS (
        INSERT INTO workouts (user_id, name, date, exercise_count, set_count, total_volume,
            client_id)
        VALUES (%(user)s, %(name)s, '2025-02-16', 1, 2, 60.5, gen_random_uuid())
        RETURNING *
    ), c AS (
        INSERT INTO client_ids (user_id, client_id, workout_id) SELECT user_id, client_id, id FROM w
    ), e AS (
        INSERT INTO workout_exercises (user_id, workout_id, exercise_id, exercise_name, rep_type,
            order_index)
        SELECT user_id, id, 6, 'Plank', 'time', 1 FROM w RETURNING *
    ), s AS (
        INSERT INTO exercise_sets (user_id, workout_exercise_id, set_number, reps, notes)
        SELECT user_id, id, number, 60, E'a\\tb\\\\c\\nd' FROM e, generate_series(1, 2) AS number
    )
    SELECT id FROM w
"""
CHANGE = "UPDATE workouts SET version = version + 1 WHERE user_id = %(user)s AND id = %(id)s"
DELETE = "DELETE FROM workouts WHERE user_id = %(user)s AND id = %(id)s"
MEASURE = """
    INSERT INTO measurements (user_id, kind, value, unit, measured_at, date)
    VALUES (%(user)s, 'weight', 80.5, 'kg', now(), '2025-02-16') RETURNING id
"""
IMPORT = """
    INSERT INTO imports (user_id, status, options) VALUES (%(user)s, %(status)s, '{"a": 1}')
    RETURNING id
"""
OF_IMPORT = """
    INSERT INTO import_pieces VALUES (%(id)s, 0, '\\x00ff5c');
    INSERT INTO import_workouts VALUES (%(id)s, 1, '2025-02-16', '\\x01', 'new', '{}');
    INSERT INTO import_names (import_id, name, sets, why, choices)
        VALUES (%(id)s, 'Plank', 2, 'ask', '[]');
    INSERT INTO import_updates VALUES (%(id)s, %(workout)s, '\\x02', 1, '\\x03', '{}')
"""
OTHERS = """
    INSERT INTO imported_workouts (user_id, identity, workout_id, content, version, import_id)
        VALUES (%(user)s, '\\x01', %(workout)s, '\\x02', 1, %(id)s);
    INSERT INTO learned_names VALUES (%(user)s, 'planks', 6);
    INSERT INTO idempotency_keys (user_id, key, body_hash, answer)
        VALUES (%(user)s, 'once', '\\x05', '{"id": 1}');
    INSERT INTO exercise_merges (exercise_id, user_id, into_id, into_name, workouts, done_at)
        VALUES (%(user)s + 5000000, %(user)s, 6, 'Plank', 1, now());
    INSERT INTO retired_exercises VALUES (%(user)s + 5000000)
"""
MERGE = """
    INSERT INTO exercise_merges (exercise_id, user_id, into_id, into_name, workouts)
    VALUES (%(user)s + 6000000, %(user)s, 6, 'Plank', 1)
"""
COUNTED = """
    INSERT INTO processed_workouts (workout_id, user_id, version, date, deleted)
        VALUES (%(workout)s, %(user)s, 1, '2025-02-16', false),
            (%(gone)s, %(user)s, 0, NULL, true);
    INSERT INTO exercise_performance_history (user_id, exercise_id, workout_id, workout_date,
        exercise_name, rep_type, total_volume, total_sets, total_reps, rpe_sum, rpe_count, raw_sets)
        VALUES (%(user)s, 6, %(workout)s, '2025-02-16', 'Plank', 'time', 0, 2, 120, 0, 0, '[1]');
    INSERT INTO personal_records (user_id, exercise_id, record_type, value, unit, achieved_date,
        workout_id) VALUES (%(user)s, 6, 'max_reps', 60, 'seconds', '2025-02-16', %(workout)s);
    INSERT INTO exercise_stats (user_id, exercise_id, exercise_name, lifetime_volume, lifetime_sets,
        lifetime_workouts, last_performed_date, last_workout_id)
        VALUES (%(user)s, 6, 'Plank', 0, 2, 1, '2025-02-16', %(workout)s);
    INSERT INTO set_records (user_id, exercise_id, kind, kept_by, value, unit, size, tie,
        achieved_date, workout_id)
        VALUES (%(user)s, 6, 'longest', 0, 60, 'seconds', 60, 0, '2025-02-16', %(workout)s);
    INSERT INTO progress_snapshots (user_id, period_type, period_start, period_end, total_workouts,
        total_volume, total_sets, total_exercises)
        VALUES (%(user)s, 'week', '2025-02-10', '2025-02-16', 1, 0, 2, 1);
    INSERT INTO weekly_summaries (user_id, week, summary)
        VALUES (%(user)s, '2025-W07', '{"workouts": 1}');
    INSERT INTO failed_changes (workout_id, user_id, next_attempt_at, reason)
        VALUES (%(workout)s, %(user)s, now() + interval '1 day', 'no reason')
"""


def fill(run, user):
    """Insert rows of a user into all tables that are moved."""
    [(workout,)] = run("workouts", WORKOUT, user=user, name="Legs")
    [(gone,)] = run("workouts", WORKOUT, user=user, name="Gone")
    run("workouts", DELETE, user=user, id=gone)
    run("workouts", MEASURE, user=user)
    [(measurement,)] = run("workouts", MEASURE, user=user)
    run("workouts", "DELETE FROM measurements WHERE id = %(id)s", id=measurement)
    [(import_id,)] = run("workouts", IMPORT, user=user, status="preview")
    given = {"user": user, "workout": workout, "gone": gone, "id": import_id}
    run("workouts", OF_IMPORT, **given)
    run("workouts", OTHERS, **given)
    run("analytics", COUNTED, **given)
