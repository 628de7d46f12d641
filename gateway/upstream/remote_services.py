"""The services behind the gateway, as its routes call them: with a breaker and checked results."""

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from nameko.containers import WorkerContext

from gateway.upstream.breaker import Breaker
from gateway.upstream.result_shapes import OBJECT, Shape
from schemas.errors import BadGateway, ServiceUnavailable, TimedOut
from services.dependencies.remote_service import RemoteService
from services.observability import metrics
from services.observability.logging import get_logger
from services.process import budgets

log = get_logger(__name__)


class UpstreamService(RemoteService):
    """A service behind a circuit breaker, whose results are checked before a route uses them.

    A method that only reads is called a second time if the first call had no reply. This is the
    only place where a call is repeated: services repeat none, and a write is never repeated,
    because it may have been done.

    Args:
        name: the service's short name.
        reads: the methods that are called and change nothing.
        writes: the other methods that are called.
        returns: the shapes of results that are not just any object; another result is a 502.
        without: see :class:`RemoteService`.
    """

    def __init__(
        self,
        name: str,
        reads: Collection[str] = (),
        writes: Collection[str] = (),
        returns: Mapping[str, Shape] | None = None,
        without: Mapping[str, Callable[[], Any] | None] | None = None,
    ):
        super().__init__(name, [*reads, *writes], budgets.RPC_SECONDS, without)
        self.reads = frozenset(reads)
        self.returns = returns or {}

    def setup(self) -> None:
        """Make the breaker, one for each process."""
        self.breaker = Breaker(self.public_name)
        metrics.watch_breaker(self.public_name, lambda: self.breaker.state)

    def describe(self) -> dict[str, Any]:
        """Return the state of the circuit, for ``/ready``."""
        return {"circuits": {self.public_name: self.breaker.describe()}}

    # how long a call may take is not for the caller to say here: a read is tried twice
    def call(  # type: ignore[override]
        self, worker_ctx: WorkerContext, method: str, args: tuple, kwargs: dict
    ) -> Any:
        """Call a method; see :meth:`RemoteService.call`."""
        attempt = partial(self.ask, worker_ctx, method, args, kwargs)
        result = self._read(attempt) if method in self.reads else attempt(self.seconds)
        return self._checked(method, result)

    def call_once(
        self, worker_ctx: WorkerContext, method: str, args: tuple, kwargs: dict, seconds: float
    ) -> Any:
        """Call a method, for so many seconds at most, and not again even if it only reads."""
        return self._checked(method, self.ask(worker_ctx, method, args, kwargs, seconds))

    def _checked(self, method: str, result: Any) -> Any:
        problem = self.returns.get(method, OBJECT).problem(result)
        if problem:
            log.error(
                "rpc answered nonsense", callee=self.public_name, method=method, reason=problem
            )
            raise BadGateway("A service gave an answer that makes no sense")
        return result

    def ask(
        self, worker_ctx: WorkerContext, method: str, args: tuple, kwargs: dict, seconds: float
    ) -> Any:
        """Call a method once, and return its result unchecked."""
        attempt = partial(super().call, worker_ctx, method, args, kwargs, seconds)
        return self.breaker.call(attempt)

    def _read(self, attempt: partial) -> Any:
        end = time.monotonic() + self.seconds
        try:
            return attempt(budgets.FIRST_READ_SECONDS)
        except (ServiceUnavailable, TimedOut) as problem:
            # it names another service, for which the called one has waited already: trying again
            # would wait as long once more
            if problem.details.get("service") != self.public_name:
                raise
        metrics.RPC_RETRIES.labels(self.public_name).inc()
        return attempt(end - time.monotonic())
