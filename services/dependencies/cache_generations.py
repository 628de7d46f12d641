"""Versions in Redis of what answers are made from: a write replaces them, readers look at them.

Whoever keeps an answer keeps the version with it that was there before the answer was made
(:mod:`services.dependencies.cache`). Writer and reader may be different services, so the names
of the versions are agreed here.
"""

CATALOGUE = "exercise:version"
CATALOGUE_CHANGED = "catalogue_changed"
"""The event by which exercises tells that this version was replaced."""


FACTS_IN_WORKOUTS = "workout:exercises:version"
FACTS_IN_NUMBERS = "analytics:exercises:version"
"""Of the copies of exercises' names and kinds that two services keep."""


def workouts_of(user_id: int) -> str:
    """Return the key of the version of a user's workouts as a whole."""
    return f"workout:user:{user_id}:version"


def workout(workout_id: int) -> str:
    """Return the key of the version of one workout, which others of the user don't touch."""
    return f"workout:id:{workout_id}:version"


def shown_workout(workout_id: int) -> tuple[str, str]:
    """Return the keys of the versions of one workout with the names of its exercises."""
    return workout(workout_id), FACTS_IN_WORKOUTS


def tokens_of(user_id: int) -> str:
    """Return the key of the version of what a user's tokens are good for: revoking replaces it."""
    return f"user:{user_id}:tokens:version"


def numbers_of(user_id: int) -> str:
    """Return the key of the version of what analytics knows of a user."""
    return f"analytics:user:{user_id}:version"


def shown_numbers_of(user_id: int) -> tuple[str, str]:
    """Return the keys of the versions of a user's numbers with the names of the exercises."""
    return numbers_of(user_id), FACTS_IN_NUMBERS
