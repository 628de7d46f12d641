"""Who has private exercises, and so sees more of ``/api/exercises`` than anybody else.

Most users have none, and are given what everybody is given, as quickly. So each process remembers
who has none. It forgets that by the event that tells of a user's first private exercise, and
whenever it may have missed one; the process that has made the exercise forgets before it answers.

Whoever is taken for a user without private exercises sees the catalogue alone. A mistake can hide
a user's own exercises from them, and never shows anybody's to others.
"""

import time

from nameko.containers import WorkerContext
from nameko.extensions import SharedExtension

from gateway.upstream.remote_services import UpstreamService
from schemas.errors import GymError
from services.dependencies.catalogue_changes import CatalogueChanges
from services.observability.logging import get_logger
from services.process.bounded_map import BoundedMap

log = get_logger(__name__)

MOST_USERS = 100_000

REMEMBERED_SECONDS = 60
"""For so long, in case that an event was lost."""

OWNS = "owns"
"""The method of the exercises service that knows."""


class Owners(SharedExtension):
    """Knows which users have private exercises, and asks the exercises service for the others."""

    catalogue_changes = CatalogueChanges()

    def __init__(self) -> None:
        super().__init__()
        self._without: BoundedMap[int, tuple[int | None, float]] = BoundedMap(MOST_USERS)
        self._asked: dict[int, object] = {}
        """For each user that is asked for now a mark of those questions, until it is forgotten."""

    def setup(self) -> None:
        """Listen for changes of private exercises."""
        self.catalogue_changes.when_private(self.forget)

    def is_none(self, user_id: int) -> bool:
        """Return whether it is known that a user has no private exercises; never waits."""
        generation, ends_at = self._without.get(user_id, (None, 0.0))
        return (
            generation is not None
            and generation == self.catalogue_changes.generation
            and time.monotonic() < ends_at
        )

    def is_one(self, user_id: int, worker_ctx: WorkerContext) -> bool:
        """Return whether a user has private exercises; False also if nobody can tell.

        Args:
            user_id: the user.
            worker_ctx: on whose behalf the exercises service is asked.
        """
        if self.is_none(user_id):
            return False
        generation = self.catalogue_changes.generation
        asked = self._asked.setdefault(user_id, object())
        try:
            owns: bool = self._exercises().call(worker_ctx, OWNS, (user_id,), {})
        except GymError as problem:
            # what is cached for everybody is still there while the service is away
            log.info("not known who has private exercises", reason=str(problem))
            return False
        finally:
            # of several questions the first answer counts, and none that began before an event
            counts = self._asked.get(user_id) is asked
            if counts:
                del self._asked[user_id]
        if counts and not owns and generation == self.catalogue_changes.generation:
            self._without.pop(user_id, None)
            self._without[user_id] = generation, time.monotonic() + REMEMBERED_SECONDS
        return owns

    def forget(self, user_id: int) -> None:
        """Ask again the next time: the user may have a private exercise now."""
        self._without.pop(user_id, None)
        # whoever is being asked for now may have none yet
        self._asked.pop(user_id, None)

    # no property: Nameko reads all attributes of an extension before it is bound
    def _exercises(self) -> UpstreamService:
        return next(
            provider
            for provider in self.container.dependencies
            if isinstance(provider, UpstreamService) and provider.name == "exercises"
        )
