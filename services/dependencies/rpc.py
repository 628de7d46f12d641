"""RPC methods: the serving side."""

import inspect
import re
import sys
import time
from collections.abc import Callable
from functools import cached_property, lru_cache, partial

import eventlet
from kombu import Queue
from nameko.containers import WorkerContext
from nameko.exceptions import (
    ContainerBeingKilled,
    IncorrectSignature,
    MalformedRequest,
    serialize,
)
from nameko.extensions import Extension
from nameko.rpc import RPC_QUEUE_TEMPLATE, Rpc, RpcConsumer, get_rpc_exchange

from schemas.errors import GymError, InternalError
from services.observability import metrics, tracing
from services.observability.logging import PreparedLine, get_logger
from services.process import budgets
from services.transport.amqp.consuming import QueueConsumer
from services.transport.amqp.deliveries import Delivery
from services.transport.amqp.json import dumps
from services.transport.amqp.publishing import check_size
from services.transport.amqp.replies import Replies
from services.transport.amqp.stalls import Stalls
from services.transport.deadlines import set_deadline, timeout_given

log = get_logger(__name__)

LONGEST_CORRELATION_ID = 255
"""In bytes, as AMQP has it; what is no UTF-8 grows when it is replaced."""

_REPLY_ADDRESS = re.compile("[0-9a-f-]{36}")
"""The routing key of a reply queue, which ``rabbitmq/users.json`` lets every service write to."""

POLL_SECONDS = 0.02

CALL_STACK_HEADER = "nameko.call_id_stack"


def make_rpc_queue(service_name: str, config: dict) -> Queue:
    """Return the queue of a service's requests.

    It goes with its last consumer: a request to a service that is down is returned at once
    instead of waiting for nobody.
    """
    return Queue(
        RPC_QUEUE_TEMPLATE.format(service_name),
        exchange=get_rpc_exchange(config),
        routing_key=f"{service_name}.*",
        durable=True,
        auto_delete=True,
    )


class SafeRpcConsumer(RpcConsumer):
    """Takes requests from the service's queue and sends the replies.

    Nameko's ends the process on a message without ``reply_to`` or content type, and when a reply
    can't be sent. Here such a message is answered with its fault if it says to whom, and otherwise
    dropped. No request is ever kept as a dead letter, since it may hold a password.
    """

    queue_consumer = QueueConsumer()
    replies = Replies()
    prefetch = budgets.SERVICE_WORKERS

    @cached_property
    def _stalls(self) -> Stalls:
        return Stalls(partial(self.queue_consumer.fence, self))

    def start(self) -> None:
        """Begin to note when the event loop is held up."""
        self._stalls.start()

    def connection_lost(self) -> None:
        """Note that nothing lies unread any more."""
        self._stalls.forget()

    def setup(self) -> None:
        """Register the queue once for all methods."""
        if self.queue is None:
            self.queue = make_rpc_queue(self.container.service_name, self.container.config)
            self.queue_consumer.register_provider(self)

    def unregister_provider(self, provider: Extension) -> None:
        """Let a method go once nothing more is asked, and all that was taken has its worker.

        The container waits for its workers only once, so a request must not get one later.
        """
        super().unregister_provider(provider)
        end = time.monotonic() + budgets.STOP_SECONDS
        while self.container.waiting and time.monotonic() < end:
            eventlet.sleep(POLL_SECONDS)

    def handle_message(self, body: object, delivery: Delivery) -> None:
        """Run the method that a request names, or answer why not."""
        problem = _malformation(body, delivery)
        if problem:
            self.refuse_message(delivery, problem)
            return
        try:
            provider = self.get_provider_for_method(delivery.routing_key)
            provider.handle_message(body, delivery)
        except Exception:
            delivery.ack()
            self.handle_result(delivery, None, sys.exc_info())

    def possible_age(self, now: float) -> float:
        """Return for how many seconds a request that has just been read may have lain unread.

        Args:
            now: the moment on the monotonic clock.
        """
        return self._stalls.possible_age(now)

    def refuse_message(self, delivery: Delivery, reason: str) -> None:
        """Tell whoever sent a request that it can't be understood, if it says to whom."""
        delivery.ack()
        metrics.RPC_MALFORMED.inc()
        log.warning("malformed request", queue=self.queue.name, reason=reason)
        if _can_be_answered(delivery):
            problem = MalformedRequest(reason)
            self.handle_result(delivery, None, (MalformedRequest, problem, None))

    def handle_result(
        self, delivery: Delivery, result: object, exc_info: tuple | None
    ) -> tuple[object, tuple | None]:
        """Send the reply."""
        properties = delivery.properties
        correlation_id = properties.get("correlation_id", "")
        self.replies.send(_reply(result, exc_info), properties["reply_to"], correlation_id)
        return result, exc_info


def _reply(result: object, exc_info: tuple | None) -> bytes:
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
    """Tell whether a reply can be sent: to another address the broker would not let us write, and
    would close the connection on which all replies leave.
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

    A request is executed at most once: it is acknowledged when its worker begins, so a service
    that dies with it never runs it again behind its caller's back. A request whose caller has
    given up is not executed. Where only the broker knows whether it has, since the request may have
    lain in a frozen process, it gets the request back, and drops it or delivers it again.
    """

    rpc_consumer = SafeRpcConsumer()
    span_kind = tracing.SERVER

    def __init__(self, **options: object):
        super().__init__(expected_exceptions=(GymError,), **options)

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(getattr(self.container.service_cls, self.method_name))

    def check_signature(self, args: list, kwargs: dict) -> None:
        """Check that the method takes these arguments; looks at the method only once.

        Raises:
            IncorrectSignature: it does not.
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
        # whatever is wrong with the headers shows here, and not when a worker is free
        context = self.unpack_message_headers(delivery)
        self.container.when_free(partial(self._begin, args, kwargs, context, delivery, moment))

    def _begin(
        self, args: list, kwargs: dict, context: dict, delivery: Delivery, moment: float | None
    ) -> None:
        if delivery.is_lost:
            # the broker has it back, and gives it to another process if there is one
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
        exc_info: tuple | None,
    ) -> tuple[object, tuple | None]:
        if exc_info is not None and not isinstance(exc_info[1], GymError):
            # its traceback has been logged; callers learn no more than this
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
        # without a request it is somebody's timer, such as the look at the change feed
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
