"""Work that a request's answer does not wait for, so that its time tells nothing of it."""

import time
from collections import deque
from collections.abc import Callable
from random import uniform

import eventlet
from eventlet.greenthread import GreenThread
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.errors import GymError, ServiceUnavailable
from schemas.names import PUBLIC_NAMES
from services.observability.logging import get_logger
from services.process import budgets

log = get_logger(__name__)

WORK_DELAYS = (0.05, 0.5)
"""Between them lies the number of seconds until work begins: what it takes must not be seen in the
time of whatever is asked next."""

RETRY_SECONDS = (1, 2, 5, 10, 30)
"""Pauses between the tries of what the database can't do now; after the last one it is given up."""


class Afterwards(DependencyProvider):
    """Does work one after the other, with one database connection at a time.

    What a process has not done when it dies is lost: a client that waits for a mail asks again.
    """

    def setup(self) -> None:
        """Begin with nothing to do."""
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self._thread: GreenThread | None = None
        self._is_stopping = False

    def stop(self) -> None:
        """Do what is left; by now no worker adds any more."""
        self._is_stopping = True
        if self._thread is not None:
            self._thread.wait()

    def get_dependency(self, worker_ctx: WorkerContext) -> "Afterwards":
        """Return the provider itself: all workers of the process share it."""
        return self

    def do(self, work: Callable[[], None]) -> None:
        """Have work done at a random moment soon; it may be tried several times.

        Args:
            work: raises a ``GymError`` if it is to be tried again.

        Raises:
            ServiceUnavailable: too much is left to do.
        """
        if len(self._waiting) >= budgets.AFTERWARDS_MOST:
            name = PUBLIC_NAMES[self.container.service_name]
            raise ServiceUnavailable.of(name, budgets.UNAVAILABLE_RETRY_AFTER)
        self._waiting.append((time.monotonic() + uniform(*WORK_DELAYS), work))
        if self._thread is None:
            self._thread = self.container.spawn_managed_thread(
                self._run, identifier="users.afterwards"
            )

    def _run(self) -> None:
        try:
            while self._waiting:
                moment, work = self._waiting.popleft()
                if not self._is_stopping:
                    eventlet.sleep(max(moment - time.monotonic(), 0))
                self._try(work)
        finally:
            self._thread = None

    def _try(self, work: Callable[[], None]) -> None:
        for pause in (*RETRY_SECONDS, None):
            try:
                work()
            except GymError as problem:
                if pause is None or self._is_stopping:
                    log.warning("work of an answered request given up", reason=str(problem))
                    return
                eventlet.sleep(pause)
            except Exception as problem:
                # not raised: it would end the process
                log.error("work of an answered request failed", exc_info=problem)
                return
            else:
                return
