"""The event ``catalogue_changed``, on which other processes drop what they have cached."""

from schemas.errors import ServiceUnavailable
from services.dependencies import cache_generations
from services.dependencies.events import EventDispatcher
from services.process.retrying import retry

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
