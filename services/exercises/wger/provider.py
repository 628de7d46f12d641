"""The import from wger as an extension: in the background, one at a time, on a schedule."""

from typing import Any

import eventlet
from eventlet.event import Event
from greenlet import GreenletExit
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider
from nameko.timer import Timer
from sqlalchemy.exc import SQLAlchemyError

from schemas.errors import Conflict, GymError, InternalError, ServiceUnavailable, TimedOut
from schemas.names import PUBLIC_NAMES
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.events import EventDispatcher
from services.dependencies.siblings import sibling
from services.exercises.events import dispatch_catalogue_changed
from services.exercises.wger import staging
from services.exercises.wger.client import WgerClient, check_url
from services.exercises.wger.importing import Import
from services.observability.logging import get_logger
from services.process import budgets
from services.process.settings import SETTINGS_KEY, BadSettings

log = get_logger(__name__)

LONGEST_SECONDS = 3600
"""An import that takes longer is ended; the next one resumes it."""

LOOK_SECONDS = 60
"""How often the timer checks whether an import is due."""


class WgerImports(DependencyProvider):
    """Imports in the background, so that no caller's deadline ends an import.

    One runs at a time over all processes of the service.
    """

    def __init__(self) -> None:
        self._thread: eventlet.greenthread.GreenThread | None = None

    def setup(self) -> None:
        """Check the settings.

        Raises:
            BadSettings: ``WGER_API_URL`` is not the URL of an API.
        """
        settings = self.container.config[SETTINGS_KEY]
        self.url = settings.wger_api_url
        self.sync_hours = settings.wger_sync_hours
        try:
            check_url(self.url)
        except ValueError as problem:
            raise BadSettings(f"WGER_API_URL {problem}") from None

    def get_dependency(self, worker_ctx: WorkerContext) -> "WgerImports":
        """Return the provider itself: an import outlives the worker that began it."""
        return self

    def run(self) -> dict[str, Any]:
        """Import, and return the report as :class:`Import` makes it.

        Raises:
            Conflict: an import is running.
            ServiceUnavailable: wger or the database can't be reached.
            BadGateway: wger's response can't be used.
        """
        return self._begin().wait()

    def begin(self) -> dict[str, Any]:
        """Begin an import if none is running, and return its progress."""
        try:
            self._begin()
        except Conflict:
            return {"started": False, **self.status()}
        return {"started": True, **self.status()}

    def begin_if_due(self) -> None:
        """Begin an import if the last one is as old as ``WGER_SYNC_HOURS`` says."""
        if not self.sync_hours:
            return
        try:
            with sibling(self.container, Database).transaction() as connection:
                due = staging.is_due(connection, self.sync_hours)
            if due:
                self._begin()
        except Conflict:
            log.debug("wger import due, and running")
        except GymError as problem:
            log.warning("wger import not begun", reason=str(problem))

    def status(self) -> dict[str, Any]:
        """Return the progress of the import, or the outcome of the last one."""
        with sibling(self.container, Database).transaction() as connection:
            return staging.status(connection)

    def interrupt(self) -> None:
        """End the import; the next one resumes it."""
        if self._thread is not None:
            self._thread.kill()

    def _begin(self) -> Event:
        work = Import(
            sibling(self.container, Database), sibling(self.container, Cache), WgerClient(self.url)
        )
        outcome = Event()
        self._thread = self.container.spawn_managed_thread(
            lambda: self._work(work, outcome), identifier="exercises.wger_import"
        )
        return outcome

    def _work(self, work: Import, outcome: Event) -> None:
        try:
            report, error = self._report(work)
        except GreenletExit:
            work.close()
            outcome.send_exception(ServiceUnavailable("The service stops; import again later"))
            raise
        self._thread = None
        # before the outcome is known: its reader may begin the next import at once
        work.close()
        if error is None:
            outcome.send(report)
        else:
            outcome.send_exception(error)

    def _report(self, work: Import) -> tuple[dict[str, Any] | None, GymError | None]:
        """Return a report or an error.

        An exception that leaves a managed thread makes Nameko kill the container.
        """
        try:
            with eventlet.Timeout(LONGEST_SECONDS, TimedOut.of("wger", LONGEST_SECONDS)):
                report = work.run()
            dispatch_catalogue_changed(sibling(self.container, EventDispatcher))
            return report, None
        except Exception as problem:
            error = _error(problem)
            work.note_failure(str(error))
            return None, error


class WgerSchedule(Timer):
    """A timer that also interrupts the import when the service stops.

    Nameko stops entrypoints first, then waits for the workers, then stops dependencies. A worker
    may be waiting for an import (``import_from_wger``), so ending that in the dependency would be
    too late.
    """

    def __init__(self, interval: float = LOOK_SECONDS, **options: object):
        super().__init__(interval, **options)

    def stop(self) -> None:
        """Interrupt the import, and stop."""
        for item in self.container.dependencies:
            if isinstance(item, WgerImports):
                item.interrupt()
        super().stop()


wger_schedule = WgerSchedule.decorator


def _error(problem: Exception) -> GymError:
    if isinstance(problem, GymError):
        return problem
    if isinstance(problem, SQLAlchemyError):
        log.warning("database failed during the import", exc_info=problem)
        return ServiceUnavailable.of(PUBLIC_NAMES["exercises"], budgets.UNAVAILABLE_RETRY_AFTER)
    log.error("import failed", exc_info=problem)
    return InternalError()
