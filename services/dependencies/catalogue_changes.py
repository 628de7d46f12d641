"""Catalogue changes, received by every process that caches parts of the catalogue."""

from collections.abc import Callable

from schemas.pages import is_id
from services.dependencies import cache_generations
from services.dependencies.broadcasts import BroadcastListener


class CatalogueChanges(BroadcastListener):
    """Counts the generations of the catalogue; what was cached in an older one is stale.

    Changes of private exercises are counted apart: they make nothing stale that others see. While
    the connection is lost, events are missed, so nothing may be cached.
    """

    source = "exercises"
    event_type = cache_generations.CATALOGUE_CHANGED
    news = "catalogue_news"

    def __init__(self) -> None:
        super().__init__()
        self._generation = 0
        self.private_changes = 0
        self._listeners: list[Callable[[int], None]] = []

    @property
    def generation(self) -> int | None:
        """The current generation; None while the connection is lost and events are missed."""
        return self._generation if self.queue_consumer.usable else None

    def when_private(self, listener: Callable[[int], None]) -> None:
        """Have a function called with a user's id whenever their private exercises change."""
        self._listeners.append(listener)

    def received(self, event: object) -> None:
        """Begin a new generation, unless only private exercises have changed."""
        user_id = event.get("user_id") if isinstance(event, dict) else None
        if not is_id(user_id):
            self._generation += 1
            return
        self.private_changes += 1
        for listener in self._listeners:
            listener(user_id)

    def missed(self) -> None:
        """Begin a new generation: an event may have been missed."""
        self._generation += 1
