"""Finding the cell that has a user.

Nobody keeps a list of who is where but the cells themselves: a caller asks the cell that had the
user's bucket when it last heard of it, at first the first one. A cell that has not refuses with the
name of the one to ask, which the caller remembers.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import eventlet
from nameko.containers import ServiceContainer
from nameko.extensions import SharedExtension

from schemas.errors import BeingMoved, MovedElsewhere
from services.observability.logging import get_logger
from services.process import cells
from services.process.settings import SETTINGS_KEY

log = get_logger(__name__)

PAUSE_SECONDS = 0.2
"""Before a cell is asked again that was moving the user."""

ROUTED_FOR = "routed_for"
"""In the context of a call: the user because of whom it was sent to this cell."""

Result = TypeVar("Result")


class Destination(NamedTuple):
    """Where a call is sent.

    Attributes:
        cell: its name.
        user_id: because of whom it is sent there, if it is because of one.
    """

    cell: str = cells.FIRST
    user_id: int | None = None


ANYWHERE = Destination()


class Cells(SharedExtension):
    """Knows which cell to ask, as long as there are several."""

    def __init__(self) -> None:
        super().__init__()
        self._cell_of: dict[int, str] = {}

    # not read by setup(): Nameko calls that of all extensions in no certain order, and others ask
    # in theirs
    @cached_property
    def _others(self) -> tuple[str, ...]:
        others: tuple[str, ...] = self.container.config[SETTINGS_KEY].cells
        return others

    @cached_property
    def _own(self) -> str | None:
        """The cell that this process is in, if it is of a service that each cell has."""
        return cell_of(self.container) if self.container.service_name in cells.SERVICES else None

    def of(self, service: str) -> tuple[str, ...]:
        """Return the names of the cells that have a service."""
        return (cells.FIRST, *(self._others if service in cells.SERVICES else ()))

    def route(
        self,
        service: str,
        user_id: object,
        seconds: float,
        attempt: Callable[[Destination, float], Result],
    ) -> Result:
        """Call a service: that of the cell that has the user, if each cell has one.

        A call that a cell refuses is made again there, or in the cell that it names.

        Args:
            service: its short name.
            user_id: for whom; the first cell answers what is for nobody.
            seconds: how long it may take in all.
            attempt: makes the call, of which it is told how many seconds it may take.

        Raises:
            BeingMoved: the user was still being moved when the time was up.
        """
        if not self._others or service not in cells.SERVICES:
            return attempt(ANYWHERE, seconds)
        if self._own is not None:
            return attempt(Destination(self._own), seconds)
        if not isinstance(user_id, int):
            return attempt(ANYWHERE, seconds)
        return self._find(user_id, seconds, attempt)

    def routing_key(self, event_type: str, user_id: int) -> str:
        """Return the routing key of an event for the services of the user's cell."""
        return event_key(event_type, self._cell(user_id))

    def _find(
        self, user_id: int, seconds: float, attempt: Callable[[Destination, float], Result]
    ) -> Result:
        end = time.monotonic() + seconds
        asked: set[str] = set()
        while True:
            cell = self._cell(user_id)
            asked.add(cell)
            try:
                return attempt(Destination(cell, user_id), max(end - time.monotonic(), 0))
            except MovedElsewhere as refusal:
                self._learn(user_id, refusal.details["cell"])
                problem: BeingMoved = refusal
            except BeingMoved as refusal:
                problem = refusal
            if self._cell(user_id) in asked:
                if time.monotonic() + PAUSE_SECONDS >= end:
                    raise BeingMoved.of(service_of(problem)) from problem
                eventlet.sleep(PAUSE_SECONDS)
                asked.clear()

    def _learn(self, user_id: int, cell: str) -> None:
        if cell in self.of(cells.SERVICES[0]):
            self._cell_of[cells.bucket_of(user_id)] = cell
        else:
            log.error("CELLS does not name a cell that has users", cell=cell)

    def _cell(self, user_id: int) -> str:
        return self._cell_of.get(cells.bucket_of(user_id), cells.FIRST)


def cell_of(container: ServiceContainer) -> str:
    """Return the cell that the service of a container belongs to; the first one if to none."""
    if container.service_name not in cells.SERVICES:
        return cells.FIRST
    cell: str = container.config[SETTINGS_KEY].cell
    return cell


def event_key(event_type: str, cell: str) -> str:
    """Return the routing key of an event for the services of a cell."""
    return f"{event_type}.{cell}" if cell else event_type


def user_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    """Return the user whom a call is for: methods for one take the id first, or by name."""
    return kwargs.get("user_id", args[0] if args else None)


def service_of(problem: BeingMoved) -> str:
    """Return the public name of the service that has refused."""
    return str(problem.details["service"])
