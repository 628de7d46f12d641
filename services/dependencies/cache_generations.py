"""The Redis keys of the generations of cached data.

A write replaces the generation of what it changes, and readers compare it
(:mod:`services.dependencies.generation_store`). Writer and reader may be different services, so the
keys are agreed here. They end in ``version``, as they were first called: the version before reads
and writes the same keys during an upgrade. Which are ever in Redis, and for how long, is in
:mod:`services.dependencies.redis_keys`.
"""

CATALOGUE = "exercise:version"
CATALOGUE_CHANGED = "catalogue_changed"
"""The event that the exercises service dispatches when it has replaced this generation.

With a ``user_id`` it is about that user's private exercises, and the catalogue is as it was.
"""


FACTS_IN_WORKOUTS = "workout:exercises:version"
FACTS_IN_NUMBERS = "analytics:exercises:version"
"""Of the copies of exercises' names and kinds that two services keep."""


def workouts_of(user_id: int) -> str:
    """Return the key for a user's workouts as a whole."""
    return f"workout:user:{user_id}:version"


def measurements_of(user_id: int) -> str:
    """Return the key for a user's measurements, which are not cached: only live streams look."""
    return f"workout:user:{user_id}:measurements:version"


def workout(workout_id: int) -> str:
    """Return the key for one workout, which changes of the user's others don't touch."""
    return f"workout:id:{workout_id}:version"


def shown_workout(user_id: int, workout_id: int) -> tuple[str, str, str]:
    """Return the keys for one workout of a user with the names of its exercises."""
    return workout(workout_id), private_facts_in_workouts_of(user_id), FACTS_IN_WORKOUTS


def private_facts_in_workouts_of(user_id: int) -> str:
    """Return the key for the names of a user's private exercises in their workouts."""
    return f"workout:user:{user_id}:exercises:version"


def exercises_of(user_id: int) -> str:
    """Return the key for a user's private exercises."""
    return f"exercise:user:{user_id}:version"


def shown_exercises_of(user_id: int) -> tuple[str, str]:
    """Return the keys for what a user sees of exercises: their own and the catalogue."""
    return exercises_of(user_id), CATALOGUE


ACCOUNT_CHANGED = "account_changed"
"""The event that the users service dispatches when it has replaced the generation of tokens."""


def tokens_of(user_id: int) -> str:
    """Return the key for what a user's tokens may do: replaced whenever one may do less or more."""
    return f"user:{user_id}:tokens:version"


def settings_of(user_id: int) -> str:
    """Return the key for a user's settings, which are not cached: only live streams look."""
    return f"user:{user_id}:settings:version"


def pattern_of_account(user_id: int) -> str:
    """Return the pattern of the keys that the users service replaces."""
    return f"user:{user_id}:*"


def numbers_of(user_id: int) -> str:
    """Return the key for what analytics knows of a user."""
    return f"analytics:user:{user_id}:version"


def shown_numbers_of(user_id: int) -> tuple[str, str]:
    """Return the keys for a user's numbers with the names of the exercises."""
    return numbers_of(user_id), FACTS_IN_NUMBERS
