"""The part of the workouts service that works on imports in the background."""

from nameko.timer import timer

from schemas.errors import GymError
from services.dependencies.outbox import OutboxRelay
from services.observability.logging import get_logger
from services.process import budgets
from services.workouts.imports import cleaning, jobs
from services.workouts.imports.tools import HasTools

log = get_logger(__name__)

CLEANING_SECONDS = 600


class ImportTimers(HasTools):
    """The timers that read, apply and undo imports, tell of them, and clean up after them."""

    outbox_relay: OutboxRelay

    @timer(interval=budgets.IMPORTS_SECONDS, eager=True)
    def work_on_imports(self) -> None:
        """Read, apply and undo imports, if any."""
        try:
            if jobs.work(self._tools, budgets.IMPORTS_TURN_SECONDS):
                # one may have ended
                self.outbox_relay.wake()
        except GymError as problem:
            log.warning("imports not worked on, will be tried again", reason=str(problem))

    @timer(interval=budgets.OUTBOX_SECONDS, eager=True)
    def relay_events(self) -> None:
        """Dispatch events that no process has dispatched right after their commit."""
        self.outbox_relay.wake()

    @timer(interval=CLEANING_SECONDS)
    def clean_imports(self) -> None:
        """Delete what ended and unfinished imports have left."""
        try:
            cleaning.clean(self.database.fetch)
        except GymError as problem:
            log.warning("imports not cleaned, will be tried again", reason=str(problem))
