"""Telling every process that the catalogue has changed."""

import eventlet

from schemas.errors import ServiceUnavailable
from services.dependencies import cache_generations
from services.dependencies.events import EventDispatcher

RETRY_SECONDS = 1


def dispatch_catalogue_changed(dispatcher: EventDispatcher) -> None:
    """Dispatch ``catalogue_changed``, waiting for the broker as long as it takes."""
    while True:
        try:
            dispatcher.announce(cache_generations.CATALOGUE_CHANGED, {})
        except ServiceUnavailable:
            eventlet.sleep(RETRY_SECONDS)
        else:
            return
