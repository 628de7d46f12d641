"""A workout as JSON: expressions over the tables, which reads and writes share.

PostgreSQL takes a workout as one JSON document and gives it back as one, so that reading or
writing it is one statement however many sets it has.
"""

from schemas.measures import LIKELY_MEASURE
from services.transport.postgres.expressions import cases, instant, sent_instant, word_cases
from services.workouts.sets import MEANT_BY_REPS

_OWN_COLUMNS = f"""
    'id', w.id, 'user_id', w.user_id, {{client_id}} 'name', w.name, 'date', w.date,
    'started_at', {{started_at}},
    'ended_at', {sent_instant("w.ended_at", "w.ended_offset")}, 'time_zone', w.time_zone,
    'duration_minutes', w.duration_minutes, {{notes}} 'version', w.version,
    'created_at', {instant("w.created_at")},
    'updated_at', {instant("w.updated_at")}
"""
STARTED_AS_SENT = sent_instant("w.started_at", "w.started_offset")
_STARTED_IN_UTC = instant("w.started_at", fraction=False)

# The reps that were entered: repetitions has them only if a time or a distance was given, too.
_ENTERED = """
    coalesce(s.repetitions,
             CASE WHEN s.duration_seconds IS NULL AND s.distance_m IS NULL THEN s.reps END)
"""


def _filled(rep_type: str) -> str:
    """Return the expression of the field that the ``reps`` of a ``rep_type`` mean."""
    return f"coalesce(s.{MEANT_BY_REPS[rep_type]}, {cases('e.rep_type', {rep_type: _ENTERED})})"


_SHOWN_REPS = f"""
    'reps', trim_scale(coalesce({_ENTERED}, {
    cases("e.rep_type", {rep_type: f"s.{name}" for rep_type, name in MEANT_BY_REPS.items()})
})),
"""
_COUNTED_REPS = f"'reps', trim_scale(s.reps), 'repetitions', trim_scale({_ENTERED}),"

_SET = f"""
    json_build_object(
        'id', s.id, 'set_number', s.set_number, {{reps}}
        'duration_seconds', trim_scale({_filled("time")}),
        'distance_m', trim_scale({_filled("distance")}),
        'weight', trim_scale(s.weight), 'unit', s.unit, 'set_type', s.set_type,
        {{notes}} 'rpe', trim_scale(s.rpe), 'rir', trim_scale(s.rir),
        'rest_seconds', s.rest_seconds)
"""

_SETS = """
    SELECT json_agg({set} ORDER BY s.set_number) FROM exercise_sets s
    WHERE s.user_id = {owner} AND s.workout_exercise_id = e.id
"""

_KIND = f"""
    'rep_type', e.rep_type, 'measure', coalesce(e.measure, {
    word_cases("e.rep_type", LIKELY_MEASURE)
}),
"""

_EXERCISES = """
    SELECT json_agg(json_build_object(
        'id', e.id, 'exercise_id', e.exercise_id, 'exercise_name', coalesce(
            (SELECT f.name FROM exercise_facts f WHERE f.exercise_id = e.exercise_id),
            e.exercise_name),
        {kind} 'order_index', e.order_index, 'superset', e.superset, {notes}
        'sets', coalesce(({sets}), '[]')) ORDER BY e.order_index)
    FROM workout_exercises e
    WHERE e.user_id = {owner} AND e.workout_id = w.id
"""


def workout_json(
    counted: bool = False,
    to_count: bool = False,
    with_kinds: bool = False,
    owner: str = "w.user_id",
) -> str:
    """Return the expression that makes a workout's JSON.

    Args:
        counted: with sets as they count (:mod:`services.workouts.sets`), and the kind and measure
            of each exercise; otherwise as clients see it.
        to_count: as counted, and only what analytics needs: without notes, the start in UTC.
        with_kinds: also with the kind and measure of each exercise if sets are as clients see them.
        owner: the expression of whose the workout is. With a value of the statement, if all its
            workouts are of one user, partitions of others are left out before they are opened.
    """
    exercises = _EXERCISES.format(
        kind=_KIND if counted or to_count or with_kinds else "",
        notes="" if to_count else "'notes', e.notes,",
        sets=_SETS.format(set=set_json(counted, to_count), owner=owner),
        owner=owner,
    )
    own = own_columns_json(to_count)
    return f"json_build_object({own}, 'exercises', coalesce(({exercises}), '[]'))"


def own_columns_json(to_count: bool = False) -> str:
    """Return the members of a workout's JSON that are its own columns; see :func:`workout_json`."""
    return _OWN_COLUMNS.format(
        client_id="" if to_count else "'client_id', w.client_id,",
        notes="" if to_count else "'notes', w.notes,",
        started_at=_STARTED_IN_UTC if to_count else STARTED_AS_SENT,
    )


def set_json(counted: bool = False, to_count: bool = False) -> str:
    """Return the expression that makes the JSON of a set ``s`` of an exercise ``e``.

    Args:
        counted: see :func:`workout_json`.
        to_count: see :func:`workout_json`.
    """
    return _SET.format(
        reps=_COUNTED_REPS if counted or to_count else _SHOWN_REPS,
        notes="" if to_count else "'notes', s.notes,",
    )


WHOLE_OF_USER = workout_json(counted=True, owner=":user_id")
