"""Reading what a user did the last time of each of some exercises."""

from collections.abc import Sequence

from orjson import Fragment

from schemas.units import WARM_UP
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.tables import STARTED_AS_SENT, set_json

NOTHING = "[]"
"""What PostgreSQL writes of an empty list."""

FEW = 100
"""Up to so many entries of an exercise are all looked at to find the latest."""

_WORKING = f"s.user_id = :user_id AND s.workout_exercise_id = e.id AND s.set_type <> '{WARM_UP}'"
_HAS_A_WORKING_SET = f"EXISTS (SELECT FROM exercise_sets s WHERE {_WORKING})"
_NEWEST = "ORDER BY w.date DESC, w.started_at DESC NULLS LAST, w.id DESC LIMIT 1"

# No index has the day of an exercise's entries. Of an exercise that was seldom done all entries are
# looked up; one that was done often is soon found by going through the workouts from the newest on.
# The slow case is one that was done often and then given up: all workouts since are gone through,
# with a look into an index for each. OFFSET 0 keeps EXISTS from becoming a join, which would read
# the whole history.
_LAST = Statement(
    f"""
    WITH wanted AS MATERIALIZED (
        SELECT exercise_id, place, (
            SELECT count(*) FROM (
                SELECT FROM workout_exercises e
                WHERE e.user_id = :user_id AND e.exercise_id = given.exercise_id
                LIMIT {FEW + 1}) entries) AS entries
        FROM unnest(CAST(:exercise_ids AS bigint[])) WITH ORDINALITY AS given (exercise_id, place)
    )
    SELECT coalesce(json_agg(json_build_object(
        'exercise_id', wanted.exercise_id, 'workout_id', w.id, 'date', w.date,
        'started_at', {STARTED_AS_SENT}, 'sets', (
            SELECT json_agg({set_json()} ORDER BY e.order_index, s.set_number)
            FROM workout_exercises e JOIN exercise_sets s ON {_WORKING}
            WHERE e.user_id = :user_id AND e.workout_id = w.id
              AND e.exercise_id = wanted.exercise_id)) ORDER BY wanted.place), '[]')::text
    FROM wanted CROSS JOIN LATERAL (
        (SELECT w.* FROM (
            SELECT e.workout_id FROM workout_exercises e
            WHERE e.user_id = :user_id AND e.exercise_id = wanted.exercise_id
              AND {_HAS_A_WORKING_SET}
            LIMIT {FEW}) entry
         JOIN workouts w ON w.user_id = :user_id AND w.id = entry.workout_id
         WHERE wanted.entries <= {FEW}
         {_NEWEST})
        UNION ALL
        (SELECT w.* FROM workouts w
         WHERE wanted.entries > {FEW} AND w.user_id = :user_id AND EXISTS (
            SELECT FROM workout_exercises e
            WHERE e.user_id = :user_id AND e.exercise_id = wanted.exercise_id
              AND e.workout_id = w.id AND {_HAS_A_WORKING_SET}
            OFFSET 0)
         {_NEWEST})
    ) w
    """
)


def last_sets(fetch: Fetch, user_id: int, exercise_ids: Sequence[int]) -> Fragment | None:
    """Return the working sets of a user's latest workout of each exercise that has any, or None.

    Args:
        fetch: runs a statement.
        user_id: the owner.
        exercise_ids: in the order of the result; those that were never done are left out.
    """
    ((found,),) = fetch(_LAST, user_id=user_id, exercise_ids=list(exercise_ids))
    return None if found == NOTHING else Fragment(found)
