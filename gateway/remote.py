"""The services behind the gateway, as its routes call them."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from nameko.containers import WorkerContext

from schemas.errors import BadGateway, ServiceUnavailable
from services.dependencies import budgets
from services.dependencies.logs import get_logger
from services.dependencies.messaging import RemoteService

log = get_logger(__name__)

PAGE = ("items", "total")


class Service(RemoteService):
    """A service, whose answers are looked at before they are used.

    A method that only reads is tried a second time if nobody answered the first. This is the only
    place where anything is tried again: services don't, and a write never is, because it may have
    been done.

    Args:
        name: the service's short name.
        reads: the methods that change nothing.
        promised: what the answer of a method must have, where a route relies on it.
    """

    def __init__(
        self,
        name: str,
        reads: Collection[str] = (),
        promised: Mapping[str, Collection[str]] | None = None,
    ):
        super().__init__(name, seconds=budgets.RPC_SECONDS)
        self.reads = reads
        self.promised = promised or {}

    def call(self, worker_ctx: WorkerContext, method: str, args: tuple, kwargs: dict) -> Any:
        """Call a method; see :meth:`RemoteService.call`."""
        attempt = partial(self.ask, worker_ctx, method, args, kwargs)
        result = twice(attempt) if method in self.reads else attempt()
        if not isinstance(result, dict) or not result.keys() >= {*self.promised.get(method, ())}:
            log.error("rpc answered nonsense", callee=self.public_name, method=method)
            raise BadGateway("A service gave an answer that makes no sense")
        return result

    def ask(self, worker_ctx: WorkerContext, method: str, args: tuple, kwargs: dict) -> Any:
        """Call a method once, and return whatever comes back."""
        return super().call(worker_ctx, method, args, kwargs)


def twice(attempt: Callable[[], Any]) -> Any:
    """Try something again, once, if it was unavailable."""
    try:
        return attempt()
    except ServiceUnavailable:
        return attempt()
