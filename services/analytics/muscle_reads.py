"""SELECTs of what the muscles of a user's weeks are counted from."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from services.analytics.rules.muscles import Muscles, Trained
from services.transport.postgres.statements import Fetch, Statement

# raw_sets has working sets alone. They are counted here, as there may be thousands; what is alike
# in what tells the effort is one row. Of any number of users at once, each by an index.
_TRAINED = Statement(
    """
    SELECT u.user_id, t.trained, m.muscles
    FROM unnest(CAST(:user_ids AS bigint[])) AS u (user_id)
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(workout_date, exercise_id, set_type, rpe, rir, sets))
            AS trained
        FROM (
            SELECT workout_date, exercise_id, one->>'set_type' AS set_type, one->>'rpe' AS rpe,
                one->>'rir' AS rir, count(*) AS sets
            FROM exercise_performance_history h, jsonb_array_elements(raw_sets) AS one
            WHERE h.user_id = u.user_id AND workout_date BETWEEN :first AND :last
            GROUP BY 1, 2, 3, 4, 5) AS counted) t
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(d.exercise_id,
            coalesce(o.primary_muscles, f.primary_muscles),
            coalesce(o.secondary_muscles, f.secondary_muscles))) AS muscles
        FROM (
            SELECT DISTINCT exercise_id FROM exercise_performance_history h
            WHERE h.user_id = u.user_id AND workout_date BETWEEN :first AND :last) d
        LEFT JOIN exercise_facts f ON f.exercise_id = d.exercise_id
        LEFT JOIN own_muscles o ON o.user_id = u.user_id AND o.exercise_id = d.exercise_id) m
    """
)


class TrainedMuscles(NamedTuple):
    """What a user has trained in some weeks, and the muscles of these exercises as they see them.

    What they have noted of an exercise of the catalogue comes before what that says, primary and
    secondary muscles each by themselves.
    """

    trained: list[Trained]
    muscles_of: dict[int, Muscles]


def trained_muscles(fetch: Fetch, user_id: int, first: date, last: date) -> TrainedMuscles:
    """Return what a user has trained from a day to another, both included."""
    return trained_muscles_of(fetch, [user_id], first, last)[user_id]


def trained_muscles_of(
    fetch: Fetch, user_ids: Collection[int], first: date, last: date
) -> dict[int, TrainedMuscles]:
    """Return the same of several users, by their ids."""
    rows = fetch(_TRAINED, user_ids=list(user_ids), first=first, last=last)
    return {
        user_id: TrainedMuscles(
            [_trained(*row) for row in trained or ()],
            {key: Muscles(primary or [], secondary or []) for key, primary, secondary in of or ()},
        )
        for user_id, trained, of in rows
    }


def _trained(
    day: str, exercise_id: int, set_type: str, rpe: str | None, rir: str | None, sets: int
) -> Trained:
    effort = {"set_type": set_type, "rpe": rpe, "rir": rir}
    return Trained(date.fromisoformat(day), exercise_id, effort, sets)
