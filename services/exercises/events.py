"""The event ``catalogue_changed``, on which other processes drop what they have cached."""

from collections.abc import Callable
from typing import Any

from schemas.errors import GymError, ServiceUnavailable
from services.dependencies import cache_generations
from services.dependencies.events import EventDispatcher
from services.observability.logging import get_logger
from services.process.retrying import retry

log = get_logger(__name__)

RETRY_SECONDS = 1


def dispatch_catalogue_changed(dispatcher: EventDispatcher) -> None:
    """Dispatch ``catalogue_changed``; while the broker is away, try again until it is back.

    If the process dies meanwhile the event is lost, so those who copy the catalogue also look for
    themselves now and then (:mod:`services.dependencies.exercise_facts`).
    """
    retry(
        lambda: dispatcher.announce(cache_generations.CATALOGUE_CHANGED, {}),
        ServiceUnavailable,
        (RETRY_SECONDS,),
    )


def tell_owner_changed(dispatch: Callable[[str, dict[str, Any]], None], user_id: int) -> None:
    """Tell who caches something about a user's own exercises: gateways, and copies of names.

    Args:
        dispatch: dispatches an event.
        user_id: the user.
    """
    try:
        dispatch(cache_generations.CATALOGUE_CHANGED, {"user_id": user_id})
    except GymError as problem:
        # the change is committed; those who missed it look for themselves now and then
        log.warning("change of private exercises not told", reason=str(problem))
