"""Who has private exercises, and so sees more of ``/api/exercises`` than anybody else.

So does who has noted something of the catalogue's; what is said here of private exercises holds for
that, too.

Most users have none, and are given what everybody is given, as quickly. So each process remembers
what it has asked. It forgets that by the event that tells of a user's private exercises, and
whenever it may have missed one; the process that has made a change forgets before it answers.

Whoever is taken for a user without private exercises sees the catalogue alone. A mistake can hide
a user's own exercises from them, and never shows anybody's to others. Who is taken for a user with
some, and has none any more, gets the catalogue from responses of their own.
"""

import time

from nameko.containers import WorkerContext
from nameko.extensions import SharedExtension

from gateway.admission.account_changes import AccountChanges
from gateway.upstream.remote_services import UpstreamService
from schemas.errors import GymError
from services.dependencies.catalogue_changes import CatalogueChanges
from services.dependencies.siblings import sibling
from services.observability.logging import get_logger
from services.process import budgets
from services.process.bounded_map import BoundedMap

log = get_logger(__name__)

MOST_USERS = 100_000

REMEMBERED_SECONDS = 60
"""For so long, in case that an event was lost."""

OWNS = "owns"
"""The method of the exercises service that knows."""


class Owners(SharedExtension):
    """Knows which users have private exercises, and asks the exercises service about the others."""

    account_changes = AccountChanges()
    catalogue_changes = CatalogueChanges()

    def __init__(self) -> None:
        super().__init__()
        self._answers: BoundedMap[int, tuple[bool, int | None, float]] = BoundedMap(MOST_USERS)
        self._asked: dict[int, object] = {}
        """For each user that is asked for now a mark of those questions, until it is forgotten."""

    def setup(self) -> None:
        """Listen for changes of private exercises, and keep nothing of accounts that change."""
        self.catalogue_changes.when_private(self.forget)
        self.account_changes.when_changed(self.forget)

    def known(self, user_id: int) -> bool | None:
        """Return whether a user has private exercises; None if that is not known. Never waits."""
        owns, generation, ends_at = self._answers.get(user_id, (None, None, 0.0))
        is_current = (
            generation is not None
            and generation == self.catalogue_changes.generation
            and time.monotonic() < ends_at
        )
        return owns if is_current else None

    def is_one(self, user_id: int, worker_ctx: WorkerContext) -> bool:
        """Return whether a user has private exercises; False also if nobody can tell.

        Args:
            user_id: the user.
            worker_ctx: on whose behalf the exercises service is asked.
        """
        known = self.known(user_id)
        if known is not None:
            return known
        generation = self.catalogue_changes.generation
        asked = self._asked.setdefault(user_id, object())
        try:
            owns: bool = self._exercises().call_once(
                worker_ctx, OWNS, (user_id,), {}, budgets.OWNER_SECONDS
            )
        except GymError as problem:
            # what is cached for everybody is still there while the service is away
            log.info("not known who has private exercises", reason=str(problem))
            return False
        finally:
            # of several questions the first answer counts, and none that began before an event
            counts = self._asked.get(user_id) is asked
            if counts:
                del self._asked[user_id]
        if counts and generation == self.catalogue_changes.generation:
            self._answers.pop(user_id, None)
            self._answers[user_id] = owns, generation, time.monotonic() + REMEMBERED_SECONDS
        return owns

    def forget(self, user_id: int) -> None:
        """Ask again the next time: the user may have a private exercise now, or none any more."""
        self._answers.pop(user_id, None)
        # the answer to what is being asked now may be from before
        self._asked.pop(user_id, None)

    def forget_ended(self) -> None:
        """Keep nothing that is not remembered any more."""
        now = time.monotonic()
        self._answers.remove_where(lambda _, answer: answer[2] < now)

    # no property: Nameko reads all attributes of an extension before it is bound
    def _exercises(self) -> UpstreamService:
        return sibling(self.container, UpstreamService, name="exercises")
