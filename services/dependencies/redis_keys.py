"""All families of Redis keys: their store, their lifetime, and what bounds their number.

``docs/data-model.md`` shows this table; ``tests/security/test_redis_keys.py`` checks that all kinds
of traffic leave no other keys.
"""

import re
from typing import NamedTuple

from services.auth import LEEWAY_SECONDS
from services.dependencies.cache import LONGEST_KEY, Cache
from services.dependencies.revocations import Revocations

HOUR = 3600
DAY = 24 * HOUR
CLOCKS = 2 * LEEWAY_SECONDS + 1
"""A revocation may outlive the token by this much, as clocks differ."""


class Family(NamedTuple):
    """Keys of one pattern."""

    key: str
    """The pattern: ``{number}`` and ``{word}`` match one part, ``{rest}`` all that follow."""
    store: str
    seconds: int | None
    """Maximum lifetime; None for the window of a rate limit."""
    bound: str
    """What limits their number."""

    def matches(self, key: str) -> bool:
        """Return whether a key is of this family."""
        pattern = re.escape(self.key)
        for name, part in (("number", r"\d+"), ("word", "[^:]+"), ("rest", ".+")):
            pattern = pattern.replace(re.escape(f"{{{name}}}"), part)
        return re.fullmatch(pattern, key) is not None


CACHE, COUNTERS = Cache.part, Revocations.part

LONGEST = {CACHE: LONGEST_KEY, COUNTERS: 256}
"""Maximum length of the keys of each store, in bytes."""

FAMILIES = (
    Family("exercise:version", CACHE, DAY, "one"),
    Family("exercise:id:{number}", CACHE, DAY, "exercises that there are"),
    Family("exercise:list:category:{word}:{number}", CACHE, HOUR, "slots of each choice"),
    Family("exercise:search:{number}", CACHE, HOUR // 2, "slots"),
    Family("exercise:facets:{number}", CACHE, HOUR, "slots"),
    Family("exercise:user:{number}:version", CACHE, 300, "users with private exercises"),
    Family("workout:exercises:version", CACHE, 600, "one"),
    Family("workout:user:{number}:exercises:version", CACHE, 600, "users"),
    Family("workout:user:{number}:version", CACHE, 600, "users"),
    Family("workout:user:{number}:measurements:version", CACHE, 15, "users who have just measured"),
    Family("workout:user:{number}:id:{number}", CACHE, 600, "workouts that there are"),
    Family("workout:user:{number}:list:{rest}", CACHE, 600, "what users ask for in ten minutes"),
    Family("workout:user:{number}:last:{rest}", CACHE, 600, "what users ask for in ten minutes"),
    Family("workout:id:{number}:version", CACHE, 600, "workouts; any id for as long as a request"),
    Family("analytics:exercises:version", CACHE, DAY, "one"),
    Family("analytics:user:{number}:version", CACHE, DAY, "users"),
    Family("analytics:user:{number}:history:{rest}", CACHE, HOUR, "exercises that a user has done"),
    Family(
        "analytics:user:{number}:exercise:{rest}",
        CACHE,
        HOUR,
        "exercises that a user has done, by three formulas",
    ),
    Family("analytics:user:{number}:personal_records", CACHE, DAY, "users"),
    Family("analytics:user:{number}:progress:{rest}", CACHE, HOUR, "a user's 104 spans"),
    Family("analytics:user:{number}:muscles:{rest}", CACHE, HOUR, "a user's 53 spans, by settings"),
    Family("analytics:user:{number}:calendar:{number}", CACHE, HOUR, "a user's years of workouts"),
    Family("analytics:user:{number}:streak:{rest}", CACHE, HOUR, "users"),
    Family(
        "analytics:user:{number}:weekly_summary:{rest}", CACHE, HOUR, "a user's weeks of workouts"
    ),
    Family("user:{number}:tokens:version", CACHE, DAY, "users"),
    Family("user:{number}:settings:version", CACHE, 15, "users who have just changed settings"),
    Family("user:token:revoked:{word}", COUNTERS, DAY + CLOCKS, "tokens that were revoked"),
    Family("gateway:limit:{rest}", COUNTERS, None, "who has asked within a limit's window"),
)


def limits_of_user(user_id: int) -> str:
    """Return the pattern of a user's counts in the counters' Redis, at any address."""
    return f"gateway:limit:*/user-{user_id}[/:]*"


def family_of(key: str, store: str) -> Family | None:
    """Return the family of a key in a store; None for an unknown key."""
    return next((each for each in FAMILIES if each.store == store and each.matches(key)), None)
