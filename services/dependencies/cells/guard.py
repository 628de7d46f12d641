"""Refusing calls for users whom another cell has."""

import time
from functools import partial

import eventlet
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.errors import GymError, MovedElsewhere, ServiceUnavailable
from schemas.names import PUBLIC_NAMES
from services.dependencies.cells import holding, states
from services.dependencies.cells.routing import ROUTED_FOR
from services.dependencies.database import Database
from services.dependencies.siblings import sibling
from services.observability.outages import Outage
from services.process import budgets, cells
from services.process.settings import SETTINGS_KEY

LOOK_SECONDS = 0.25

_ELSEWHERE = (cells.GONE, cells.ARRIVING)


class CellGuard(DependencyProvider):
    """Refuses calls that were sent to this cell for a user whom it has not, or not yet.

    It looks again and again which buckets are here, and relies on what it saw for
    :data:`~services.process.cells.LEASE_SECONDS`: who moves a bucket waits for as long before it is
    written elsewhere. Writes need more than that, as a process may stand still between this and its
    commit: triggers refuse them (:mod:`.states`).

    Calls within the cell, and those from a shell, are not checked.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[str, str]] = {}
        self._seen_at = float("-inf")
        self._outage = Outage("buckets of users", "calls from outside of the cell are refused")

    def setup(self) -> None:
        """Read which cell this is."""
        settings = self.container.config[SETTINGS_KEY]
        self._are_several, self._cell = bool(settings.cells), settings.cell
        self._public_name = PUBLIC_NAMES[self.container.service_name]

    def start(self) -> None:
        """Begin to look which buckets are here."""
        if self._are_several:
            self.container.spawn_managed_thread(self._look_again_and_again, "buckets of users")

    def worker_setup(self, worker_ctx: WorkerContext) -> None:
        """Check the call that a worker begins with.

        Raises:
            MovedElsewhere: another cell has the user.
            ServiceUnavailable: it is not known who has the user.
        """
        user_id = worker_ctx.data.get(ROUTED_FOR)
        if self._are_several and isinstance(user_id, int):
            self._check(user_id)
            holding.CHECK.set(partial(self._check, user_id))

    def _check(self, user_id: int) -> None:
        if self._is_out_of_date():
            # the process has just begun, or was too busy to look
            self._look(sibling(self.container, Database))
        if self._is_out_of_date():
            raise ServiceUnavailable.of(self._public_name, budgets.UNAVAILABLE_RETRY_AFTER)
        unseen = (cells.GONE if self._cell else cells.HERE, cells.FIRST)
        state, other = self._seen.get(cells.bucket_of(user_id), unseen)
        if state in _ELSEWHERE:
            raise MovedElsewhere.to(self._public_name, other)

    def _is_out_of_date(self) -> bool:
        return time.monotonic() > self._seen_at + cells.LEASE_SECONDS

    def _look_again_and_again(self) -> None:
        database = sibling(self.container, Database)
        while True:
            self._look(database)
            eventlet.sleep(LOOK_SECONDS)

    def _look(self, database: Database) -> None:
        begun = time.monotonic()
        try:
            self._seen = states.read(database.fetch)
        except GymError as problem:
            self._outage.begin(str(problem))
        else:
            self._seen_at = begun
            self._outage.end()
