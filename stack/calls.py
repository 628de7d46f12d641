"""Calls of the services over RPC, for commands that outlive a restart of what they call.

Requires Nameko; modules that must work without it import this one lazily.
"""

import json
import logging
import signal
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, NoReturn

from amqp.exceptions import AccessRefused, AMQPError
from kombu import pools
from kombu.exceptions import OperationalError
from nameko.exceptions import MethodNotFound, RemoteError, RpcTimeout, UnknownService, registry
from nameko.standalone.rpc import (
    ClusterRpcProxy,
    PollingQueueConsumer,
    SingleThreadedReplyListener,
)

from stack.failures import Failure

CALL_SECONDS = 20
PAUSE_SECONDS = 1
PATIENCE_SECONDS = 60
"""A service may be unavailable for this long, say during a restart."""

PASSING = ("ServiceUnavailable", "TimedOut", "BeingMoved")
"""Errors of a service that another try may not have."""

SERVICES_OF_CELLS = ("workouts", "analytics")

ROUTED_FOR = "routed_for"
"""Names the user in the context of a call, so that a cell which has not the user refuses it."""


class Refused(Failure):
    """A service has refused a call.

    Attributes:
        name: of the service's error, such as ``NotFound``.
    """

    def __init__(self, name: str, text: str):
        super().__init__(text)
        self.name = name


class Services:
    """The services; who is not there is asked again for a while, so a call may arrive twice.

    Of a service that each cell has, that of the cell is called which has the user, who is the first
    argument.

    Args:
        amqp_uri: of the broker.
    """

    def __init__(self, amqp_uri: str):
        self._config = {"AMQP_URI": amqp_uri}
        self._context: dict[str, Any] = {}
        self._cells: dict[int, str] = {}
        self._proxy: _Proxy | None = None
        self._rpc: Any = None
        self._handler_before: Any = None
        self._is_interrupted = False
        # it warns of requests that were returned as unroutable, which are told here
        logging.getLogger("amqp").setLevel(logging.ERROR)

    def __enter__(self) -> "Services":
        """Connect.

        Raises:
            Failure: the broker is not there, or refuses the user.
        """
        try:
            self._connect()
        except AccessRefused as problem:
            raise Failure(f"RabbitMQ lets us not in: {problem.reply_text}") from None
        except (OSError, AMQPError, OperationalError) as problem:
            raise Failure(f"RabbitMQ does not answer: {problem}") from None
        except (ValueError, KeyError):
            # not with the address, which has a password
            raise Failure("AMQP_URI must be as amqp://user:password@host:5672/vhost") from None
        self._handler_before = signal.getsignal(signal.SIGINT)
        if self._handler_before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._handler_before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handler_before)
        if problem is None:
            self._take_leave()
        else:
            self.disconnect()

    def call(self, service: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Return the result of a call.

        Raises:
            Refused: the service's error.
            Failure: the service is unavailable for too long, or has no such method.
            KeyboardInterrupt: Ctrl-C was pressed meanwhile.
        """
        try:
            return self._call_for_a_while(service, method, *args, **kwargs)
        except Exception:
            # what Ctrl-C broke off has met the connection that it closed
            if self._is_interrupted:
                raise KeyboardInterrupt from None
            raise

    def _call_for_a_while(self, service: str, method: str, *args: Any, **kwargs: Any) -> Any:
        until = time.monotonic() + PATIENCE_SECONDS
        has_told = False
        while True:
            try:
                return self._call(service, method, *args, **kwargs)
            except _Away as problem:
                if time.monotonic() > until or self._is_interrupted:
                    raise Failure(str(problem)) from problem.__cause__
                if not has_told:
                    _say(f"gym: {problem}; trying again")
                    has_told = True
            time.sleep(PAUSE_SECONDS)

    def disconnect(self) -> None:
        """Give up the connection; the next call makes another one."""
        proxy, self._proxy, self._rpc = self._proxy, None, None
        if proxy is not None:
            # AMQP ends a connection by agreement, and who has left half a frame unread, or was
            # left alone by the broker, would wait for that without an end
            proxy.reply_consumer.connection.collect()

    def _interrupt(self, *_: object) -> NoReturn:
        self._is_interrupted = True
        # Nameko publishes over a connection of kombu's, which waits for the same agreement
        pools.reset()
        self.disconnect()
        raise KeyboardInterrupt

    def _take_leave(self) -> None:
        # it may be lost already
        with suppress(OSError, AMQPError, OperationalError, RuntimeError):
            if self._proxy is not None:
                self._proxy.stop()

    def _call(self, service: str, method: str, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._rpc is None:
                self._connect()
            return self._call_in_cell(service, method, *args, **kwargs)
        except MethodNotFound:
            raise Failure(
                f"the {service} service is of an earlier version; ./gym restart {service}"
            ) from None
        except UnknownService as problem:
            raise _Away(f"the {service} service does not answer") from problem
        except (RpcTimeout, TimeoutError) as problem:
            self.disconnect()
            raise _Away(f"the {service} service does not answer") from problem
        except RemoteError as problem:
            if problem.exc_type in PASSING:
                raise _Away(str(problem.value)) from problem
            raise Refused(problem.exc_type, str(problem.value)) from problem
        except (OSError, AMQPError, OperationalError, RuntimeError) as problem:
            self.disconnect()
            raise _Away(f"RabbitMQ does not answer: {problem}") from problem

    def _call_in_cell(self, service: str, method: str, *args: Any, **kwargs: Any) -> Any:
        user_id = args[0] if args and isinstance(args[0], int) else None
        if user_id is None or service not in SERVICES_OF_CELLS:
            self._context.pop(ROUTED_FOR, None)
            return getattr(getattr(self._rpc, service), method)(*args, **kwargs)
        self._context[ROUTED_FOR] = user_id
        asked = set()
        while (cell := self._cells.get(user_id, "")) not in asked:
            asked.add(cell)
            address = f"{service}_{cell}" if cell else service
            try:
                return getattr(getattr(self._rpc, address), method)(*args, **kwargs)
            except _Elsewhere as problem:
                self._cells[user_id] = problem.cell
        raise _Away("the user is being moved to another cell")

    def _connect(self) -> None:
        proxy = _Proxy(
            self._config,
            context_data=self._context,
            timeout=CALL_SECONDS,
            reply_listener_cls=_Replies,
        )
        self._rpc = proxy.start()
        self._proxy = proxy


def _say(text: str) -> None:
    # a bar may stand in the line
    clear = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{clear}{text}", file=sys.stderr)


class _ReplyConsumer(PollingQueueConsumer):
    """Nameko's, for one connection alone.

    After a failed read, Ctrl-C's among them, Nameko's cancels the consumer and begins another one
    over the connection that has failed. Where half a frame was read, or the broker is silent, the
    answer to that never comes. This one raises what was the failure.
    """

    def _setup_consumer(self) -> None:
        if (failure := sys.exception()) and self.consumer is not None:
            raise failure
        super()._setup_consumer()


class _Replies(SingleThreadedReplyListener):
    def __init__(self, timeout: float | None = None):
        super().__init__(timeout=timeout)
        self.queue_consumer = _ReplyConsumer(timeout=timeout)


class _Proxy(ClusterRpcProxy):
    @property
    def reply_consumer(self) -> _ReplyConsumer:
        return self._reply_listener.queue_consumer


class _Away(Exception):
    """A service, or the broker, does not answer now."""


class _Elsewhere(Exception):
    """Another cell has the user.

    Args:
        message: for people.
        details: JSON, with ``cell``: its name.
    """

    def __init__(self, message: str, details: str):
        super().__init__(message)
        self.cell: str = json.loads(details)["cell"]


# Nameko makes it of what the services send; where their own class is imported, that stays
registry.setdefault("schemas.errors.MovedElsewhere", _Elsewhere)
