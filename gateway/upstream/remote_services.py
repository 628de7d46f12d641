"""The services behind the gateway, as its routes call them: with a breaker and checked results."""

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from nameko.containers import WorkerContext

from gateway.upstream.breaker import Breaker
from gateway.upstream.result_shapes import OBJECT, Shape
from schemas.errors import BadGateway, BeingMoved, ServiceUnavailable, TimedOut
from services.dependencies.cells.routing import Destination
from services.dependencies.remote_service import RemoteService
from services.observability import metrics
from services.observability.logging import get_logger
from services.process import budgets, cells

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
        """Make the breakers, one for each cell that has the service."""
        self.breakers = {cell: self._breaker(cell) for cell in self.cells.of(self.name)}

    def describe(self) -> dict[str, Any]:
        """Return the states of the circuits, for ``/ready``."""
        circuits = {
            cells.address(self.public_name, cell): breaker.describe()
            for cell, breaker in self.breakers.items()
        }
        return {"circuits": circuits}

    def attempt(
        self,
        worker_ctx: WorkerContext,
        method: str,
        args: tuple,
        kwargs: dict,
        destination: Destination,
        seconds: float,
    ) -> Any:
        """Call the service of one cell, a read twice if need be; see :meth:`RemoteService.call`."""
        ask = partial(self.ask, worker_ctx, method, args, kwargs, destination)
        result = self._read(ask, seconds) if method in self.reads else ask(seconds)
        return self._checked(method, result)

    def call_once(
        self, worker_ctx: WorkerContext, method: str, args: tuple, kwargs: dict, seconds: float
    ) -> Any:
        """Call a method, for so many seconds at most, and not again even if it only reads."""
        ask = partial(self.ask, worker_ctx, method, args, kwargs)
        return self._checked(method, self.route(args, kwargs, seconds, ask))

    def _breaker(self, cell: str) -> Breaker:
        breaker = Breaker(self.public_name)
        metrics.watch_breaker(cells.address(self.public_name, cell), lambda: breaker.state)
        return breaker

    def _checked(self, method: str, result: Any) -> Any:
        problem = self.returns.get(method, OBJECT).problem(result)
        if problem:
            log.error(
                "rpc answered nonsense", callee=self.public_name, method=method, reason=problem
            )
            raise BadGateway("A service gave an answer that makes no sense")
        return result

    def ask(
        self,
        worker_ctx: WorkerContext,
        method: str,
        args: tuple,
        kwargs: dict,
        destination: Destination,
        seconds: float,
    ) -> Any:
        """Call a method once, and return its result unchecked."""
        attempt = partial(super().attempt, worker_ctx, method, args, kwargs, destination, seconds)
        return self.breakers[destination.cell].call(attempt)

    def _read(self, ask: partial, seconds: float) -> Any:
        end = time.monotonic() + seconds
        try:
            return ask(min(budgets.FIRST_READ_SECONDS, seconds))
        except BeingMoved:
            raise
        except (ServiceUnavailable, TimedOut) as problem:
            # it names another service, for which the called one has waited already: trying again
            # would wait as long once more
            if problem.details.get("service") != self.public_name:
                raise
        metrics.RPC_RETRIES.labels(self.public_name).inc()
        return ask(end - time.monotonic())
