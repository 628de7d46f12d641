"""Which responses are cached: under which key, and on which generations they depend."""

import re
from enum import Enum

from gateway.admission.callers import AnyCaller
from services.dependencies import cache_generations
from services.dependencies.generation_store import GenerationKeys
from services.transport.http import HttpRequest

Key = tuple[int, bytes]
"""Cache key: user id and request target."""

ANYBODY = 0
"""Instead of a user's id, for what is not personal."""

LONGEST_TARGET = 512
"""Responses to longer ones are not cached: what many ask for is short."""

_ID = re.compile(r"\d{1,19}", re.ASCII)


class CachePolicy(Enum):
    """What a response is made from, and so how long it may be cached."""

    CATALOGUE = "until the catalogue changes, or the user's private exercises"
    WORKOUTS = "until any of the user's workouts changes"
    WORKOUT = "until the workout in the path changes"
    NUMBERS = "until what analytics knows of the user changes"
    ACCOUNT = "until what the user's tokens may do changes"


def key_of(request: HttpRequest, policy: CachePolicy | None, caller: AnyCaller) -> Key | None:
    """Return the cache key of the response to a request, or None if it may not be cached."""
    if policy is None or request.method != "GET":
        return None
    # an administrator sees more than others under the same path, and may have been none before
    is_admin = caller is not None and caller.is_admin
    if is_admin:
        return None
    if len(request.path) + len(request.query) >= LONGEST_TARGET:
        return None
    # anything else is refused later, with all other bad parameters
    if policy is CachePolicy.WORKOUT and not _ID.fullmatch(request.path_values["id"]):
        return None
    return (ANYBODY if caller is None else caller.user_id, request.target)


def generation_keys_of(
    request: HttpRequest, policy: CachePolicy | None, caller: AnyCaller
) -> GenerationKeys | None:
    """Return the keys of the generations that a response depends on; None if on none in Redis."""
    if policy is CachePolicy.WORKOUTS:
        return cache_generations.workouts_of(caller.user_id)
    if policy is CachePolicy.NUMBERS:
        return cache_generations.shown_numbers_of(caller.user_id)
    if policy is CachePolicy.ACCOUNT:
        return cache_generations.tokens_of(caller.user_id)
    if policy is CachePolicy.WORKOUT:
        workout_id = int(request.path_values["id"])
        return cache_generations.shown_workout(caller.user_id, workout_id)
    if policy is CachePolicy.CATALOGUE and caller is not None:
        return cache_generations.shown_exercises_of(caller.user_id)
    return None
