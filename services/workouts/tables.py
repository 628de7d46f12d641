"""A workout as JSON: expressions over the tables, which reads and writes share.

PostgreSQL takes a workout as one JSON document and gives it back as one, so that reading or
writing it is one statement however many sets it has.
"""

from services.transport.postgres.expressions import instant

_OWN_COLUMNS = f"""
    'id', w.id, 'user_id', w.user_id, 'name', w.name, 'date', w.date,
    'duration_minutes', w.duration_minutes, {{notes}} 'version', w.version,
    'created_at', {instant("w.created_at")},
    'updated_at', {instant("w.updated_at")}
"""

_SETS = """
    SELECT json_agg(json_build_object(
        'id', s.id, 'set_number', s.set_number, 'reps', trim_scale(s.reps),
        'weight', trim_scale(s.weight), 'unit', s.unit, 'set_type', s.set_type,
        {notes} 'rpe', trim_scale(s.rpe)) ORDER BY s.set_number)
    FROM exercise_sets s
    WHERE s.user_id = e.user_id AND s.workout_exercise_id = e.id
"""

_EXERCISES = """
    SELECT json_agg(json_build_object(
        'id', e.id, 'exercise_id', e.exercise_id, 'exercise_name', coalesce(
            (SELECT f.name FROM exercise_facts f WHERE f.exercise_id = e.exercise_id),
            e.exercise_name),
        {rep_type} 'order_index', e.order_index, {notes}
        'sets', coalesce(({sets}), '[]')) ORDER BY e.order_index)
    FROM workout_exercises e
    WHERE e.user_id = w.user_id AND e.workout_id = w.id
"""


def workout_json(rep_types: bool = False, notes: bool = True) -> str:
    """Return the expression that makes a workout's JSON."""
    exercises = _EXERCISES.format(
        rep_type="'rep_type', e.rep_type," if rep_types else "",
        notes=_notes("e", notes),
        sets=_SETS.format(notes=_notes("s", notes)),
    )
    return (
        f"json_build_object({own_columns_json(notes)}, 'exercises', coalesce(({exercises}), '[]'))"
    )


def own_columns_json(notes: bool = True) -> str:
    """Return the members of a workout's JSON that are its own columns."""
    return _OWN_COLUMNS.format(notes=_notes("w", notes))


def _notes(table: str, wanted: bool) -> str:
    return f"'notes', {table}.notes," if wanted else ""


WHOLE = workout_json(rep_types=True)
