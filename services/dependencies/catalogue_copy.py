"""What keeps a copy of something of the exercises service up to date, whatever it is a copy of."""

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from nameko.extensions import DependencyProvider

from schemas.errors import GymError
from services.dependencies.cache import Cache
from services.dependencies.catalogue_changes import CatalogueChanges
from services.dependencies.database import Database
from services.observability.outages import Outage
from services.process import budgets

BATCH = 1000
"""Changes that are read and written at a time."""

Ask = Callable[..., list[dict[str, Any]]]
"""A method of the exercises service that returns changes of a feed after a position."""


class CatalogueCopy(DependencyProvider):
    """Keeps a copy, which follows a feed, up to date.

    It reads the feed as soon as ``catalogue_changed`` arrives, at the start, after the connection
    to the broker was lost, and every ``FACTS_SECONDS`` in case an event was lost.

    Args:
        generation_key: Redis key of the generation of cached results that depend on the copy.
        private_generation_key: the same for one user's results, by the user's id.
    """

    catalogue_changes = CatalogueChanges()
    outage: tuple[str, str]
    """What is away while the feed can't be read, and what goes on."""

    def __init__(self, generation_key: str, private_generation_key: Callable[[int], str]):
        self.generation_key = generation_key
        self.private_generation_key = private_generation_key
        self._seen: tuple[int | None, int] = None, 0
        self._look_at = 0.0
        self._has_begun = False
        self._outage = Outage(*self.outage)

    def get_dependency(self, worker_ctx: object) -> "CatalogueCopy":
        """Return the provider itself: the copy belongs to the service, not to a worker."""
        return self

    def keep_up(self, database: Database, cache: Cache, ask: Ask) -> None:
        """Bring the copy up to date, if the catalogue may have changed.

        Args:
            database: the service's own.
            cache: the service's own; a change starts a new generation.
            ask: reads the feed.
        """
        seen = self.catalogue_changes.generation, self.catalogue_changes.private_changes
        if not self._has_begun:
            # the process that changed the copy last may have died before it replaced the generation
            cache.invalidate(self.generation_key)
            self._has_begun = True
        if seen == self._seen and time.monotonic() < self._look_at:
            return
        self._seen = seen
        self._look_at = time.monotonic() + budgets.FACTS_RETRY_SECONDS
        try:
            is_complete = self._follow(database, cache, ask)
        except GymError as problem:
            self._outage.begin(str(problem))
        else:
            self._outage.end()
            # Otherwise a process of the version before has answered, and another one may answer
            # next; asked in step with all others it could be always the same one.
            if is_complete:
                self._look_at = time.monotonic() + budgets.FACTS_SECONDS

    @abstractmethod
    def _follow(self, database: Database, cache: Cache, ask: Ask) -> bool:
        """Read what is new in the feed, and write it into the copy.

        Returns:
            Whether it had all that the copy wants; otherwise it is asked again soon.
        """
