"""RPC methods: the calling side."""

import uuid
from collections.abc import Callable, Collection, Mapping
from functools import cached_property, partial
from typing import Any

from eventlet.event import Event
from kombu import Queue
from nameko.constants import HEADER_PREFIX
from nameko.containers import WorkerContext
from nameko.exceptions import (
    BadRequest,
    IncorrectSignature,
    MethodNotFound,
    RemoteError,
    deserialize,
)
from nameko.extensions import DependencyProvider, SharedExtension
from nameko.messaging import HeaderEncoder
from nameko.rpc import RPC_REPLY_QUEUE_TEMPLATE, get_rpc_exchange

from schemas.errors import BadGateway, GymError, InternalError, ServiceUnavailable, TimedOut
from schemas.names import PUBLIC_NAMES
from services.dependencies.cells.routing import ROUTED_FOR, Cells, Destination, user_of
from services.observability import metrics, tracing
from services.observability.logging import get_logger
from services.process import budgets, cells
from services.transport.amqp.connection import BrokerGone
from services.transport.amqp.consuming import QueueConsumer
from services.transport.amqp.deliveries import Delivery
from services.transport.amqp.publishing import Publishing
from services.transport.deadlines import expiration, seconds_left
from services.transport.timeouts import wait_for

log = get_logger(__name__)

_ROUTED_FOR_HEADER = f"{HEADER_PREFIX}.{ROUTED_FOR}"

UNROUTABLE = object()
LOST = object()
UNREADABLE = object()


class ReplyListener(SharedExtension):
    """Receives replies and passes them to the waiting callers.

    Nameko's ``ReplyListener`` never removes the entry of a call without a reply, and its callers
    wait for ever after the connection is lost. Here a caller removes its entry when it gives up,
    and is woken when the request is returned as unroutable or the connection is lost.
    """

    queue_consumer = QueueConsumer()
    publishing = Publishing()
    prefetch = None

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[str, Event] = {}
        self._sent = 0

    def setup(self) -> None:
        """Register the queue of replies."""
        self.routing_key = str(uuid.uuid4())
        self.queue_consumer.register_provider(self)
        self.publishing.on_returned(lambda call: self._resolve(call, UNROUTABLE))
        self.publishing.on_lost(self.connection_lost)

    def stop(self) -> None:
        """Stop consuming."""
        self.queue_consumer.unregister_provider(self)
        super().stop()

    @property
    def queue(self) -> Queue:
        """An exclusive queue of this connection, with a new name each time.

        The broker may still hold the exclusive queue of a lost connection, and would refuse to let
        another connection declare it.
        """
        return Queue(
            RPC_REPLY_QUEUE_TEMPLATE.format(self.container.service_name, uuid.uuid4()),
            exchange=get_rpc_exchange(self.container.config),
            routing_key=self.routing_key,
            durable=False,
            exclusive=True,
            auto_delete=True,
        )

    def expect(self) -> tuple[str, Event]:
        """Return a new request's correlation id, and the event that will bring its reply."""
        self._sent += 1
        correlation_id = f"{self.routing_key}.{self._sent}"
        event = self._waiting[correlation_id] = Event()
        return correlation_id, event

    def forget(self, correlation_id: str) -> None:
        """Stop waiting for a reply."""
        self._waiting.pop(correlation_id, None)

    def handle_message(self, body: object, delivery: Delivery) -> None:
        """Pass a reply to its caller."""
        self._resolve(delivery.properties.get("correlation_id"), body)

    def refuse_message(self, delivery: Delivery, reason: str) -> None:
        """Fail the call whose reply can't be decoded."""
        log.error("rpc answered nonsense", reason=reason)
        self._resolve(delivery.properties.get("correlation_id"), UNREADABLE)

    def connection_lost(self) -> None:
        """Fail all waiting calls: their requests or replies may be lost."""
        for correlation_id in list(self._waiting):
            self._resolve(correlation_id, LOST)

    def _resolve(self, correlation_id: Any, reply: object) -> None:
        event = self._waiting.pop(correlation_id, None)
        if event is not None and not event.ready():
            event.send(reply)


class RemoteService(DependencyProvider, HeaderEncoder):
    """Calls another service, with a timeout; of those that each cell has, that of the user's cell.

    The timeout is sent as the message's expiration, so that a request is not executed once its
    caller has given up. A call made while serving another never exceeds that one's deadline.

    Args:
        name: the service's short name, such as ``workouts``.
        methods: the methods that may be called; the broker refuses all others
            (``rabbitmq/users.json``).
        seconds: timeout of a call.
        without: methods that a service of the version before lacks, which may still run during an
            upgrade; with what makes a result then, or None if the method is unavailable.
        newer: keyword arguments that a service of the version before does not take, by the methods
            that have them. It is called again without.
    """

    publishing = Publishing()
    replies = ReplyListener()
    cells = Cells()

    def __init__(
        self,
        name: str,
        methods: Collection[str],
        seconds: float = budgets.INNER_RPC_SECONDS,
        without: Mapping[str, Callable[[], Any] | None] | None = None,
        newer: Mapping[str, Collection[str]] | None = None,
    ):
        self.name = name
        self.methods = frozenset(methods)
        self.seconds = seconds
        self.without = without or {}
        self.newer = newer or {}

    @property
    def public_name(self) -> str:
        """The service's name as clients know it."""
        return PUBLIC_NAMES[self.name]

    @cached_property
    def _exchange_name(self) -> str:
        return get_rpc_exchange(self.container.config).name

    def get_dependency(self, worker_ctx: WorkerContext) -> "RemoteCalls":
        """Return the service's methods, bound to a worker."""
        return RemoteCalls(self, worker_ctx)

    def call(
        self,
        worker_ctx: WorkerContext,
        method: str,
        args: tuple,
        kwargs: dict,
        cell: str | None = None,
    ) -> Any:
        """Call a method and return its result.

        Args:
            worker_ctx: its deadline, request id and user apply to the call.
            method: the method's name.
            args: positional arguments, of plain JSON types.
            kwargs: keyword arguments, likewise.
            cell: whose service is called; None for that of the cell that has the user, who is the
                first argument, or ``user_id``.

        Raises:
            ServiceUnavailable: the service has no consumer, or the broker is down.
            TimedOut: there was no reply in time.
            BadGateway: the reply is malformed.
            GymError: the error that the method raised.
        """
        attempt = partial(self.attempt, worker_ctx, method, args, kwargs)
        if cell is not None:
            return attempt(Destination(cell), self.seconds)
        return self.route(args, kwargs, self.seconds, attempt)

    def route(
        self,
        args: tuple,
        kwargs: dict,
        seconds: float,
        attempt: Callable[[Destination, float], Any],
    ) -> Any:
        """Make a call where the user of these arguments is; see :meth:`.Cells.route`."""
        return self.cells.route(self.name, user_of(args, kwargs), seconds, attempt)

    def attempt(
        self,
        worker_ctx: WorkerContext,
        method: str,
        args: tuple,
        kwargs: dict,
        destination: Destination,
        seconds: float,
    ) -> Any:
        """Call the service of one cell; see :meth:`call`."""
        seconds = seconds_left(worker_ctx, seconds)
        with (
            metrics.timed_call(self.public_name, method),
            tracing.span(tracing.CLIENT, f"{self.name}.{method}"),
        ):
            exchange = partial(self._exchange, worker_ctx, destination, method, args)
            reply = exchange(kwargs, seconds)
            known = self._known_before(method, kwargs)
            if known != kwargs and _refuses_the_arguments(reply):
                reply = exchange(known, seconds_left(worker_ctx, seconds))
            return self._result(method, reply, seconds)

    def _exchange(
        self,
        worker_ctx: WorkerContext,
        destination: Destination,
        method: str,
        args: tuple,
        kwargs: dict,
        seconds: float,
    ) -> object:
        """Send a request and return its reply, or what stands for one that did not come."""
        correlation_id, event = self.replies.expect()
        routing_key = f"{cells.address(self.name, destination.cell)}.{method}"
        headers = self._headers(worker_ctx, destination)
        try:
            self._send(routing_key, args, kwargs, headers, correlation_id, seconds)
            return wait_for(event, seconds)
        except BrokerGone as problem:
            raise self._unavailable(method, str(problem)) from problem
        finally:
            self.replies.forget(correlation_id)

    def _headers(self, worker_ctx: WorkerContext, destination: Destination) -> dict[str, Any]:
        headers: dict[str, Any] = self.get_message_headers(worker_ctx)
        # a worker that was called for a user calls within its cell
        headers.pop(_ROUTED_FOR_HEADER, None)
        if destination.user_id is not None:
            headers[_ROUTED_FOR_HEADER] = destination.user_id
        tracing.inject(headers)
        return headers

    def _send(
        self,
        routing_key: str,
        args: tuple,
        kwargs: dict,
        headers: dict[str, Any],
        correlation_id: str,
        seconds: float,
    ) -> None:
        for connection in (self.replies.queue_consumer, self.publishing):
            connection.wait_for_first_try()
        self.replies.queue_consumer.ping()
        self.publishing.send(
            {"args": args, "kwargs": kwargs},
            self._exchange_name,
            routing_key,
            mandatory=True,
            headers=headers,
            reply_to=self.replies.routing_key,
            correlation_id=correlation_id,
            expiration=expiration(seconds),
        )

    def _result(self, method: str, reply: object, seconds: float) -> Any:
        if reply is None:
            log.warning("rpc timed out", callee=self.public_name, method=method, seconds=seconds)
            raise TimedOut.of(self.public_name, seconds)
        if reply is UNROUTABLE:
            raise self._unavailable(method, "nobody serves it")
        if reply is LOST:
            raise self._unavailable(method, "the broker connection was lost")
        if not isinstance(reply, dict) or not reply.keys() >= {"result", "error"}:
            log.error("rpc answered nonsense", callee=self.public_name, method=method)
            raise BadGateway("A service gave an answer that makes no sense")
        if not reply["error"]:
            return reply["result"]
        try:
            problem = deserialize(reply["error"])
        except Exception as nonsense:
            log.error("rpc answered nonsense", callee=self.public_name, method=method)
            raise BadGateway("A service gave an answer that makes no sense") from nonsense
        if isinstance(problem, MethodNotFound) and method in self.without:
            return self._result_without(method)
        raise self._error(method, problem)

    def _known_before(self, method: str, kwargs: dict) -> dict:
        newer = self.newer.get(method, ())
        return {name: value for name, value in kwargs.items() if name not in newer}

    def _result_without(self, method: str) -> Any:
        make = self.without[method]
        if make is None:
            raise self._unavailable(method, "the version before, which lacks it, serves")
        return make()

    def _error(self, method: str, problem: Exception) -> GymError:
        if isinstance(problem, GymError):
            return problem
        kind = "refused" if isinstance(problem, BadRequest) else "failed"
        reason = str(problem) if isinstance(problem, BadRequest | RemoteError) else repr(problem)
        log.error(f"rpc {kind}", callee=self.public_name, method=method, reason=reason)
        return InternalError()

    def _unavailable(self, method: str, reason: str) -> ServiceUnavailable:
        log.warning("rpc not possible", callee=self.public_name, method=method, reason=reason)
        return ServiceUnavailable.of(self.public_name, budgets.UNAVAILABLE_RETRY_AFTER)


def _refuses_the_arguments(reply: object) -> bool:
    error = reply.get("error") if isinstance(reply, dict) else None
    return isinstance(error, dict) and error.get("exc_type") == IncorrectSignature.__name__


class RemoteCalls:
    """A service's methods, as attributes, for one worker.

    Args:
        remote: the service.
        worker_ctx: of the worker.
        cell: whose service is called; None for that of the cell that has the user.
    """

    def __init__(self, remote: RemoteService, worker_ctx: WorkerContext, cell: str | None = None):
        self._remote = remote
        self._worker_ctx = worker_ctx
        self._cell = cell

    @property
    def cells(self) -> tuple[str, ...]:
        """The names of the cells that have the service."""
        return self._remote.cells.of(self._remote.name)

    def in_cell(self, cell: str) -> "RemoteCalls":
        """Return the methods of the service of a certain cell, for what is about no single user."""
        return RemoteCalls(self._remote, self._worker_ctx, cell)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        """Return a function that calls the method of this name.

        Raises:
            AttributeError: the method is not declared. The broker would refuse the message, and
                close the channel that all calls share.
        """
        if method not in self._remote.methods:
            name = f"{self._remote.name}.{method}"
            raise AttributeError(f"{name} is not among the methods that are declared")

        def call(*args: object, **kwargs: object) -> Any:
            return self._remote.call(self._worker_ctx, method, args, kwargs, self._cell)

        return call
