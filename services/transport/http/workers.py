"""Running service methods for requests, never more than there are workers."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from eventlet.event import Event
from eventlet.semaphore import Semaphore
from nameko.containers import ServiceContainer, WorkerContext
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint

from schemas.names import PUBLIC_NAMES
from services.process import budgets
from services.transport.deadlines import set_deadline
from services.transport.http import limits
from services.transport.http.messages import Refused
from services.transport.timeouts import wait_for


class Workers:
    """A bounded number of workers with a bounded wait for them.

    Nameko would let each further request wait without end for a worker, and each request for its
    result.
    """

    def __init__(self, container: ServiceContainer):
        self.container = container
        self._free = Semaphore(container.max_workers)

    def place(self) -> "Place":
        """Return a place for a method that takes or makes a stream."""
        return Place(self.container, self._free)

    def run(
        self,
        entrypoint: Entrypoint,
        request: object,
        context: dict[str, Any],
        place: "Place | None" = None,
    ) -> Any:
        """Run the entrypoint's method with a request, and return what it returns, never None.

        Args:
            entrypoint: whose method is run.
            request: the method's only argument.
            context: Nameko's context data, which travels with every call that the method makes.
            place: of a method that takes or makes a stream; its time counts anew after each wait
                for the client.

        Raises:
            Refused: no worker got free in time, or the method did not end in time.
        """
        gives_up_at = time.monotonic() + budgets.REQUEST_SECONDS
        if not self._free.acquire(timeout=limits.WORKER_WAIT_SECONDS):
            raise _busy(self.container.service_name)
        finished = Event()
        leave = self._free.release if place is None else place.leave
        try:
            worker_ctx = self.container.spawn_worker(
                entrypoint,
                (request,),
                {},
                context_data=context,
                handle_result=partial(_finish, leave, finished),
            )
        except ContainerBeingKilled:
            self._free.release()
            raise _busy(self.container.service_name) from None
        if place is None:
            set_deadline(worker_ctx, gives_up_at)
            result = wait_for(finished, budgets.REQUEST_SECONDS + limits.LATE_SECONDS)
        else:
            place.belongs_to(worker_ctx)
            result = place.wait_for(finished)
        if result is None:
            raise Refused(504)
        return result


class Place:
    """A worker's place, which a stream has while it works, and not while it waits for its client.

    A client may take minutes to send a body or to read a response. A hundred of them would have
    all the workers, and everybody else a 503.

    Args:
        container: runs the workers.
        free: counts the places that are free.
    """

    def __init__(self, container: ServiceContainer, free: Semaphore):
        self._container = container
        self._free = free
        # Any: None until the method is run
        self._worker_ctx: WorkerContext | Any = None
        self._is_taken = False
        self._gives_up_at = 0.0

    def belongs_to(self, worker_ctx: WorkerContext) -> None:
        """Note whose place it is, which has just been taken."""
        self._worker_ctx = worker_ctx
        self._note_taken()

    def leave(self) -> None:
        """Let another have the place, unless that is so already."""
        if self._is_taken:
            self._is_taken = False
            self._free.release()

    def take(self) -> None:
        """Take a place again; from now on the worker's calls have the time of a new request.

        Raises:
            Refused: none got free, although the wait may be longer than that of a new request.
        """
        if not self._free.acquire(timeout=budgets.REQUEST_SECONDS):
            raise _busy(self._container.service_name)
        self._note_taken()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Surround work after the method has ended."""
        self.take()
        try:
            yield
        finally:
            self.leave()

    @contextmanager
    def left(self) -> Iterator[None]:
        """Surround a wait for the client within the method."""
        self.leave()
        try:
            with self._container.set_aside(self._worker_ctx):
                yield
        finally:
            self.take()

    def wait_for(self, finished: Event) -> Any:
        """Return the method's result, or None if it works for longer than it may at a time."""
        while not finished.ready():
            if self._is_taken and time.monotonic() > self._gives_up_at + limits.LATE_SECONDS:
                return None
            finished.wait(limits.LATE_SECONDS)
        return finished.wait()

    def _note_taken(self) -> None:
        self._is_taken = True
        self._gives_up_at = time.monotonic() + budgets.REQUEST_SECONDS
        set_deadline(self._worker_ctx, self._gives_up_at)


def _finish(
    leave: Callable[[], None],
    finished: Event,
    _worker_ctx: WorkerContext,
    result: object,
    exc_info: tuple[Any, ...] | None,
) -> tuple[Any, ...]:
    leave()
    if not finished.ready():
        finished.send(result, exc_info)
    return result, exc_info


def _busy(service_name: str) -> Refused:
    service = PUBLIC_NAMES.get(service_name, service_name)
    seconds = budgets.UNAVAILABLE_RETRY_AFTER
    return Refused(
        503, headers=(("Retry-After", str(seconds)),), service=service, retry_after=seconds
    )
