"""Short ways to write workouts down."""

from datetime import UTC, date, datetime, timedelta


def today() -> date:
    """Return the UTC date, which is what the services call today."""
    return datetime.now(UTC).date()


def ago(days: int) -> str:
    """Return the date so many days ago; in the future if negative."""
    return (today() - timedelta(days=days)).isoformat()


def one(reps: float, weight: float | None = None, unit: str = "kg", **more: object) -> dict:
    """Return a set."""
    return {"reps": reps, "weight": weight, "unit": unit, **more}


def lift(exercise_id: int, *sets: dict, **more: object) -> dict:
    """Return an exercise with its sets."""
    return {"exercise_id": exercise_id, "sets": list(sets), **more}


def body(day: str, *exercises: dict, **more: object) -> dict:
    """Return a workout's body."""
    return {"date": day, "exercises": list(exercises), **more}
