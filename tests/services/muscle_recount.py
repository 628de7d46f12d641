"""The sets a week and muscle of the contract's section 15, counted by hand.

Slowly, in fractions, set by set, and without a line of the services.
"""

from datetime import timedelta
from fractions import Fraction


def recount(workouts, muscles_of, count, today, least=10, most=20):
    """Return what ``analytics.muscles`` must answer.

    Args:
        workouts: all of the user's workouts, whole.
        muscles_of: primary and secondary muscles of each exercise, as the user sees them now.
        count: of how many weeks.
        today: the day of the question, where the user is.
        least: the band's.
        most: the band's.
    """
    monday = today
    while monday.isoweekday() != 1:
        monday -= timedelta(days=1)
    mondays = [monday - timedelta(days=7 * back) for back in range(count)]
    return {
        "band": {"least": least, "most": most},
        "weeks": [_week(workouts, muscles_of, each, least, most) for each in reversed(mondays)],
    }


def _week(workouts, muscles_of, monday, least, most):
    days = {(monday + timedelta(days=day)).isoformat() for day in range(7)}
    sets = [
        (workout["date"], exercise["exercise_id"], one)
        for workout in workouts
        if workout["date"] in days
        for exercise in workout["exercises"]
        for one in exercise["sets"]
        if one["set_type"] != "warmup"
    ]
    muscles = {name for _, key, _ in sets for names in muscles_of[key] for name in names}
    shown = [_muscle(name, sets, muscles_of, least, most) for name in muscles]
    return {
        "week": monday.strftime("%G-W%V"),
        "start": monday.isoformat(),
        "muscles": sorted(shown, key=lambda one: (-one["sets"], one["muscle"])),
    }


def _muscle(name, sets, muscles_of, least, most):
    total, hard, rated, days = Fraction(0), Fraction(0), Fraction(0), set()
    for day, exercise_id, one in sets:
        primary, secondary = muscles_of[exercise_id]
        if name in primary:
            share = Fraction(1)
        elif name in secondary:
            share = Fraction(1, 2)
        else:
            continue
        total += share
        days.add(day)
        left = _left(one)
        if left is not None:
            rated += share
            if left <= 3:
                hard += share
    return {
        "muscle": name,
        "sets": float(total),
        "hard_sets": float(hard),
        "rated_sets": float(rated),
        "days": len(days),
        "judged": "below" if total < least else "above" if total > most else "within",
    }


def _left(one):
    if one["rir"] is not None:
        return Fraction(str(one["rir"]))
    if one["rpe"] is not None:
        return 10 - Fraction(str(one["rpe"]))
    return 0 if one["set_type"] == "failure" else None
