"""RPC methods: the serving side."""

import inspect
import re
import time
from collections.abc import Callable
from functools import cached_property, lru_cache, partial
from typing import Any

import eventlet
from kombu import Queue
from nameko.containers import WorkerContext
from nameko.exceptions import (
    ContainerBeingKilled,
    IncorrectSignature,
    MalformedRequest,
    MethodNotFound,
    serialize,
)
from nameko.extensions import Extension
from nameko.rpc import RPC_QUEUE_TEMPLATE, Rpc, RpcConsumer, get_rpc_exchange

from schemas.errors import GymError, InternalError
from services.dependencies.cells.routing import cell_of
from services.observability import metrics, tracing
from services.observability.logging import PreparedLine, get_logger
from services.process import budgets, cells
from services.process.container import ExcInfo
from services.transport.amqp.consuming import QueueConsumer
from services.transport.amqp.deliveries import Delivery
from services.transport.amqp.json import dumps
from services.transport.amqp.publishing import check_size
from services.transport.amqp.replies import Replies
from services.transport.amqp.stalls import Stalls
from services.transport.deadlines import set_deadline, timeout_given

log = get_logger(__name__)

LONGEST_CORRELATION_ID = 255
"""In bytes, the limit of AMQP's short strings; replaced invalid UTF-8 grows beyond it."""

_REPLY_ADDRESS = re.compile("[0-9a-f-]{36}")
"""Routing key of a reply queue; ``rabbitmq/users.json`` lets every service publish to it."""

POLL_SECONDS = 0.02

CALL_STACK_HEADER = "nameko.call_id_stack"


def make_rpc_queue(service_name: str, config: dict) -> Queue:
    """Return the queue of a service's requests.

    It is deleted with its last consumer (Nameko's is not), so a request to a service that is down
    is returned as unroutable at once, instead of being executed at the next start.
    """
    return Queue(
        RPC_QUEUE_TEMPLATE.format(service_name),
        exchange=get_rpc_exchange(config),
        routing_key=f"{service_name}.*",
        durable=True,
        auto_delete=True,
    )


class SafeRpcConsumer(RpcConsumer):
    """Consumes the service's queue of requests, and sends the replies.

    In Nameko a message without ``reply_to`` or content type (RabbitMQ's management page sends such
    by default) ends the process, and is redelivered at each start; so does a reply that can't be
    sent. Here the reply to a malformed request is ``MalformedRequest``; without a valid
    ``reply_to`` it is dropped. It is never dead-lettered, as it may contain a password.
    """

    queue_consumer = QueueConsumer()
    queue: Any
    replies = Replies()
    prefetch = budgets.SERVICE_WORKERS

    def __init__(self) -> None:
        super().__init__()
        self._by_method: dict[str, Extension] = {}

    @cached_property
    def _stalls(self) -> Stalls:
        return Stalls(partial(self.queue_consumer.fence, self))

    def start(self) -> None:
        """Begin to detect stalls of the event loop."""
        self._stalls.start()

    def connection_lost(self) -> None:
        """Discard the current stall: unread requests are lost with the connection."""
        self._stalls.forget()

    def setup(self) -> None:
        """Register the queue once for all methods."""
        if self.queue is None:
            name = cells.address(self.container.service_name, cell_of(self.container))
            self.queue = make_rpc_queue(name, self.container.config)
            self.queue_consumer.register_provider(self)

    def unregister_provider(self, provider: Extension) -> None:
        """Unregister a method; block until no accepted request waits for a worker.

        Nameko's container stops its entrypoints and then waits for the workers that are running at
        that moment; a worker that began later would be cut off.
        """
        super().unregister_provider(provider)
        end = time.monotonic() + budgets.STOP_SECONDS
        while self.container.waiting and time.monotonic() < end:
            eventlet.sleep(POLL_SECONDS)

    def handle_message(self, body: object, delivery: Delivery) -> None:
        """Run the method that a request names, or reply with an error."""
        problem = _malformation(body, delivery)
        if problem:
            self.refuse_message(delivery, problem)
            return
        try:
            provider = self.get_provider_for_method(delivery.routing_key)
            provider.handle_message(body, delivery)
        except Exception as error:
            delivery.ack()
            self.handle_result(delivery, None, (type(error), error, error.__traceback__))

    def get_provider_for_method(self, routing_key: str) -> Extension:
        """Return the entrypoint that a routing key names.

        Nameko compares it with each method's, after the name of the service's class, which has no
        cell in it. What comes before the method's name is the queue's binding.

        Raises:
            MethodNotFound: there is none.
        """
        method = routing_key.rpartition(".")[2]
        if len(self._by_method) < len(self._providers):
            self._by_method = {each.method_name: each for each in self._providers}
        if method not in self._by_method:
            raise MethodNotFound(method)
        return self._by_method[method]

    def possible_age(self, now: float) -> float:
        """Return how many seconds ago a request that has just been read may have arrived.

        Args:
            now: on the monotonic clock.
        """
        return self._stalls.possible_age(now)

    def refuse_message(self, delivery: Delivery, reason: str) -> None:
        """Drop a malformed request; reply with ``MalformedRequest`` if it has a ``reply_to``."""
        delivery.ack()
        metrics.RPC_MALFORMED.inc()
        log.warning("malformed request", queue=self.queue.name, reason=reason)
        if _can_be_answered(delivery):
            problem = MalformedRequest(reason)
            self.handle_result(delivery, None, (MalformedRequest, problem, None))

    def handle_result(
        self, delivery: Delivery, result: object, exc_info: ExcInfo | None
    ) -> tuple[object, ExcInfo | None]:
        """Send the reply."""
        properties = delivery.properties
        correlation_id = properties.get("correlation_id", "")
        self.replies.send(_reply(result, exc_info), properties["reply_to"], correlation_id)
        return result, exc_info


def _reply(result: object, exc_info: ExcInfo | None) -> bytes:
    try:
        if exc_info is not None:
            reply = dumps({"result": None, "error": serialize(exc_info[1])})
        else:
            reply = dumps({"result": result, "error": None})
        check_size(reply)
    except Exception as problem:
        log.error("result can't be sent", exc_info=problem)
        return dumps({"result": None, "error": serialize(InternalError())})
    return reply


def _can_be_answered(delivery: Delivery) -> bool:
    """Return whether a request has ``reply_to`` and ``correlation_id`` as Nameko makes them.

    If a process publishes to a routing key that its user may not write to, RabbitMQ closes the
    connection with 403, and all replies in flight are lost.
    """
    properties = delivery.properties
    return bool(_REPLY_ADDRESS.fullmatch(properties.get("reply_to", ""))) and (
        len(properties.get("correlation_id", "").encode()) <= LONGEST_CORRELATION_ID
    )


def _malformation(body: object, delivery: Delivery) -> str | None:
    if not _can_be_answered(delivery):
        return "malformed request: no reply_to or correlation_id as Nameko makes them"
    if not isinstance(body, dict):
        return "malformed request: not an object with args and kwargs"
    stack = delivery.headers.get(CALL_STACK_HEADER, [])
    if not isinstance(stack, list) or not all(isinstance(call, str) for call in stack):
        return f"malformed request: {CALL_STACK_HEADER} is no list of texts"
    return None


class SafeRpc(Rpc):
    """An RPC method.

    A request is executed at most once: it is acknowledged when its worker begins, so one that kills
    the process is not executed again at the next start. A request whose caller has given up is not
    executed. After a stall of the event loop only the broker knows the age of a request: it is
    requeued, and the broker drops it as expired or delivers it again.
    """

    rpc_consumer = SafeRpcConsumer()
    span_kind = tracing.SERVER

    def __init__(self, **options: object):
        super().__init__(expected_exceptions=(GymError,), **options)

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(getattr(self.container.service_cls, self.method_name))

    def check_signature(self, args: list, kwargs: dict) -> None:
        """Check the arguments; unlike Nameko's, inspects the method only once.

        Raises:
            IncorrectSignature: the method does not take these arguments.
        """
        try:
            self._signature.bind(None, *args, **kwargs)
        except TypeError as problem:
            raise IncorrectSignature(f"{self.method_name}: {problem}") from problem

    def handle_message(self, body: dict, delivery: Delivery) -> None:
        """Run the method in a worker, unless its caller has given up."""
        args, kwargs = body.get("args"), body.get("kwargs")
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise MalformedRequest("args must be a list and kwargs an object")
        self.check_signature(args, kwargs)
        now = time.monotonic()
        seconds, age = timeout_given(delivery.properties), self.rpc_consumer.possible_age(now)
        if age and seconds is not None and seconds <= age:
            log.info("request given back, as it may be old", method=self.method_name)
            delivery.requeue()
            return
        moment = None if seconds is None else now + seconds - age
        # unpacked here, where an exception becomes a reply; the worker may begin much later
        context = self.unpack_message_headers(delivery)
        self.container.when_free(partial(self._begin, args, kwargs, context, delivery, moment))

    def _begin(
        self, args: list, kwargs: dict, context: dict, delivery: Delivery, moment: float | None
    ) -> None:
        if delivery.is_lost:
            # the broker has requeued it, so another process may already be executing it
            return
        begun = time.monotonic()
        if moment is not None and begun > moment:
            delivery.ack()
            metrics.RPC_LATE.labels(self.method_name).inc()
            log.warning("request dropped, its caller has given up", method=self.method_name)
            return
        try:
            worker_ctx = self.container.spawn_worker(
                self,
                args,
                kwargs,
                context_data=context,
                handle_result=partial(self._finish, delivery, begun),
            )
        except ContainerBeingKilled:
            delivery.requeue()
        else:
            set_deadline(worker_ctx, moment)
            delivery.ack()

    def _finish(
        self,
        delivery: Delivery,
        begun: float,
        worker_ctx: WorkerContext,
        result: object,
        exc_info: ExcInfo | None,
    ) -> tuple[object, ExcInfo | None]:
        if exc_info is not None and not isinstance(exc_info[1], GymError):
            # the container has logged the traceback; the text may hold secrets, so it is not sent
            error = InternalError()
            exc_info = type(error), error, None
        answer = self.rpc_consumer.handle_result(delivery, result, exc_info)
        outcome = metrics.outcome_of(exc_info and exc_info[1])
        self._log_outcome(worker_ctx, outcome, time.monotonic() - begun)
        return answer

    def _log_outcome(self, worker_ctx: WorkerContext, outcome: str, seconds: float) -> None:
        metrics.RPC_SERVED.labels(self.method_name, outcome).observe(seconds)
        if outcome == metrics.OK and "request_id" in worker_ctx.data:
            _log_line(self.method_name, outcome).write_for_worker(seconds)
            return
        # a call without request id comes from a timer, such as analytics' poll of the change feed
        write = log.error if outcome == InternalError.code else log.info
        if outcome == metrics.OK:
            write = log.debug
        duration = round(seconds * 1000, 1)
        write("rpc", method=self.method_name, outcome=outcome, duration_ms=duration)


@lru_cache(maxsize=256)
def _log_line(method: str, outcome: str) -> PreparedLine:
    return PreparedLine("rpc", method=method, outcome=outcome)


def rpc(method: Callable) -> Callable:
    """Make a service's method callable over RPC."""
    return SafeRpc.decorator(method)
