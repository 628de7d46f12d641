"""Running service methods for requests, never more than there are workers."""

import time
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

    def run(self, entrypoint: Entrypoint, request: object, context: dict[str, Any]) -> Any:
        """Run the entrypoint's method with a request, and return what it returns, never None.

        Args:
            entrypoint: whose method is run.
            request: the method's only argument.
            context: Nameko's context data, which travels with every call that the method makes.

        Raises:
            Refused: no worker got free in time, or the method did not end in time.
        """
        gives_up_at = time.monotonic() + budgets.REQUEST_SECONDS
        if not self._free.acquire(timeout=limits.WORKER_WAIT_SECONDS):
            raise _busy(self.container.service_name)
        finished = Event()
        try:
            worker_ctx = self.container.spawn_worker(
                entrypoint,
                (request,),
                {},
                context_data=context,
                handle_result=partial(self._finish, finished),
            )
        except ContainerBeingKilled:
            self._free.release()
            raise _busy(self.container.service_name) from None
        set_deadline(worker_ctx, gives_up_at)
        result = wait_for(finished, budgets.REQUEST_SECONDS + limits.LATE_SECONDS)
        if result is None:
            raise Refused(504)
        return result

    def _finish(
        self,
        finished: Event,
        _worker_ctx: WorkerContext,
        result: object,
        exc_info: tuple[Any, ...] | None,
    ) -> tuple[Any, ...]:
        self._free.release()
        if not finished.ready():
            finished.send(result, exc_info)
        return result, exc_info


def _busy(service_name: str) -> Refused:
    service = PUBLIC_NAMES.get(service_name, service_name)
    seconds = budgets.UNAVAILABLE_RETRY_AFTER
    return Refused(
        503, headers=(("Retry-After", str(seconds)),), service=service, retry_after=seconds
    )
