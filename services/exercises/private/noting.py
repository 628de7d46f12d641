"""Noting something of the catalogue's exercises for oneself."""

import json
from collections.abc import Callable
from typing import Any

from schemas.errors import BusinessRuleViolation, NotFound
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.exercises import reads as catalogue
from services.exercises.events import tell_owner_changed
from services.exercises.private import own_details, reads, writes
from services.transport.postgres.statements import Fetch


def set_mine(
    database: Database,
    cache: Cache,
    dispatch: Callable[[str, dict[str, Any]], None],
    owner_id: int,
    exercise_id: int,
    changes: dict[str, Any],
) -> dict[str, Any]:
    """Change what a user has noted of an exercise, and return the exercise with it.

    Args:
        database: of the exercises.
        cache: holds what is cached of them under a generation of the user's own.
        dispatch: dispatches an event.
        owner_id: the user.
        exercise_id: the exercise.
        changes: loaded fields; the others stay.

    Raises:
        NotFound: there is no such exercise that the user sees.
        BusinessRuleViolation: it is the user's own, or they have noted something of as many as
            they may.
    """
    with (
        cache.changing(cache_generations.exercises_of(owner_id)),
        database.together() as transaction,
    ):
        fetch = transaction.fetch
        writes.lock_owner(transaction.send, owner_id)
        exercise = catalogue.get(fetch, exercise_id)
        if exercise is None:
            raise _refusal(fetch, owner_id, exercise_id)
        before = own_details.get(fetch, owner_id, exercise_id)
        known = before or own_details.NOTHING
        after = known | changes
        is_new = before is None and after != own_details.NOTHING
        if is_new:
            _check_room(own_details.count(fetch, owner_id))
        own_details.put(transaction.send, owner_id, exercise_id, after)
    if is_new or any(known[name] != after[name] for name in own_details.MUSCLES):
        # It may be the first, and then gateways have to learn that this user sees more than others.
        # Muscles are copied.
        tell_owner_changed(dispatch, owner_id)
    return exercise | {"mine": None if after == own_details.NOTHING else after}


def _refusal(fetch: Fetch, owner_id: int, exercise_id: int) -> NotFound | BusinessRuleViolation:
    if reads.get(fetch, owner_id, exercise_id) is None:
        return NotFound("There is no such exercise")
    message = f"Exercise {exercise_id} is one of your own; change the exercise itself"
    return BusinessRuleViolation(message, json.dumps({"constraint": "not_own"}))


def _check_room(count: int) -> None:
    most = own_details.MOST
    if count >= most:
        limit = {"constraint": "max_items", "max_items": most, "received": count + 1}
        message = f"There may be muscles and notes of one's own on at most {most} exercises"
        raise BusinessRuleViolation(message, json.dumps(limit))
