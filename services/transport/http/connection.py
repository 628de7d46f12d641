"""A client's connection: serves its requests one after the other.

An idle connection has no greenthread and no timer. Cached reads are served in the event loop; any
other request gets a greenthread once its head is complete.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from eventlet import Timeout, hubs
from greenlet import getcurrent, greenlet

from services.observability import metrics
from services.observability.logging import get_logger
from services.transport.http import limits, responses
from services.transport.http.application import Application
from services.transport.http.connection_limits import ConnectionLimits
from services.transport.http.fast_path import FastPath, PendingResponse
from services.transport.http.memory_limits import MemoryLimits
from services.transport.http.messages import Head, HttpRequest, Refused, request_id_from
from services.transport.http.request_head import check_framing
from services.transport.http.states import (
    BUSY,
    CLOSED,
    HEAD,
    IDLE,
    LINGERING,
    SENDING,
    STREAMING,
    TIME_LIMITS,
)
from services.transport.http.streaming import Streamer
from services.transport.hub_socket import HubSocket

log = get_logger(__name__)

_END_OF_HEAD = b"\r\n\r\n"


class Server(Protocol):
    """The interface of the server that a connection uses."""

    application: Application
    connection_limits: ConnectionLimits
    memory_limits: MemoryLimits
    fast_path: FastPath | None
    closing: bool

    def forget(self, connection: "Connection") -> None:
        """Remove a closed connection."""


class Connection(Streamer):
    """Serves the requests of one client, in their order.

    Args:
        server: the server.
        sock: the client's socket.
        peer: the client's address.
        address: key of its limits, or None for a trusted proxy.
    """

    __slots__ = ("_is_last", "_unread", "peer")

    _server: Server

    def __init__(self, server: Server, sock: Any, peer: str, address: str | None):
        super().__init__(server, address)
        self.peer = peer
        self._is_last = self._unread = False
        self._socket = HubSocket(
            sock, self._take, self._lost, self._end, self._on_progress, limits.PIECE
        )

    def _take(self, data: bytes) -> None:
        """Buffer received data, and serve complete requests."""
        if self.state is LINGERING:
            return
        self._buffer += data
        self._take_up()

    def _end(self) -> None:
        """Serve the remaining requests: the client has closed its sending side."""
        if self.state is LINGERING:
            self.close()
            return
        self._ended = True
        self._take_up()

    def _take_up(self) -> None:
        if self.state is BUSY or self.state is SENDING or self.state is STREAMING:
            self._take_ahead()
        else:
            self._go_on()

    def _lost(self, _reason: str) -> None:
        self.close()

    def _on_progress(self) -> None:
        """Go on after a response that could not leave at once, and count the client as active."""
        self._note_held()
        if self._socket.unsent:
            return
        if self.state is SENDING:
            self._after_answer()
            self._go_on()
        elif self.state is STREAMING:
            self._go_on_streaming()

    def close(self) -> None:
        """Close the connection, in any state."""
        if self.state is CLOSED:
            return
        self.state = CLOSED
        self._ended = True
        if self._socket.unsent:
            self._socket.reset()
        else:
            self._socket.close()
        self._wake()
        self._go_on_streaming()
        self._server.forget(self)

    def close_at_rest(self) -> None:
        """Close the connection, unless a request turns out to have arrived."""
        if self.is_at_rest:
            self._socket.read()
        if self.is_at_rest:
            self.close()

    def look_at_time(self, now: float) -> None:
        """Refuse or close what has exceeded its time limit."""
        limit = TIME_LIMITS.get(self.state)
        if limit is None or now - self.since <= getattr(limits, limit):
            return
        if self.state is HEAD:
            self._refuse(Refused(408))
        else:
            self.close()

    def _go_on(self) -> None:
        """Serve buffered requests in order, until one has to wait."""
        try:
            while self.is_at_rest or self.state is HEAD:
                if not self._buffer:
                    if self._ended:
                        self.close()
                    return
                if not self._answer_fast() and not self._begin():
                    return
        except Exception as problem:
            log.error("connection failed", exc_info=problem, peer=self.peer)
            self.close()

    def _answer_fast(self) -> bool:
        """Serve a request by the fast path; return whether that was possible."""
        fast_path, data = self._server.fast_path, self._buffer
        # a server that is closing has to say so in its responses, which the fast path does not
        if fast_path is None or self.state is HEAD or self._server.closing:
            return False
        end = data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if end < len(_END_OF_HEAD):
            return False
        head = data[:end]
        try:
            response = fast_path(head, self.peer)
        except Exception as problem:
            log.error("shortcut failed, going the long way", exc_info=problem)
            return False
        if response is None:
            return False
        self._buffer = data[end:]
        if isinstance(response, bytes):
            self._answer(response)
        else:
            self._enter(BUSY)
            response.ask(partial(self._finish_pending, response, head))
        return True

    def _finish_pending(self, pending: PendingResponse, head: bytes) -> None:
        """Send a pending response after its query, or take the slow path."""
        # a client that has gone gets nothing, and is neither counted nor logged
        if self.state is not BUSY:
            return
        try:
            response = pending.finish()
            if response is not None:
                self._answer(response)
            else:
                self._buffer = head + self._buffer
                self._enter(IDLE)
                self._begin(pending.context)
        except Exception as problem:
            log.error("connection failed", exc_info=problem, peer=self.peer)
            self.close()
        self._go_on()

    def _begin(self, context: object = None) -> bool:
        """Start the next request; return whether its head was complete and valid.

        Args:
            context: results of the fast path.
        """
        head = None
        try:
            head = self._take_head()
            if head is None:
                return False
            check_framing(head)
        except Refused as refusal:
            self._refuse(refusal, head)
            return False
        self._enter(BUSY)
        self._expects = "expect" in head.headers and head.version >= (1, 1)
        request = HttpRequest(head, self.peer, self._receive, context=context)
        _begin_by_hub(self._work, request)
        return True

    def _work(self, request: HttpRequest) -> None:
        """Serve a request; runs in a greenthread of its own."""
        try:
            response, keeps, body = self._server.application.respond(request)
            self._let_go_of_body()
            if body is None:
                self._answer(response, keeps, request.left_unread)
            elif self._send_parts(response, body):
                self._answer(body.end, keeps, request.left_unread)
        except (Exception, Timeout) as problem:
            log.error("connection failed", exc_info=problem, peer=self.peer)
            self.close()
        if self.is_at_rest and (self._buffer or self._ended):
            # by the hub: the next request must not run in the greenthread of this one
            hubs.get_hub().schedule_call_global(0, self._go_on)

    def _answer(self, response: bytes, keeps: bool = True, unread: bool = False) -> None:
        self._is_last, self._unread = not keeps, unread
        if self._socket.send(response):
            self._after_answer()
        elif self.state is not CLOSED:
            self._enter(SENDING)
            self._note_held()

    def _after_answer(self) -> None:
        if not self._is_last:
            self._enter(IDLE)
            if not self._ended and len(self._buffer) < limits.READ_AHEAD:
                self._socket.listen()
        elif self._unread and not self._ended:
            self._linger()
        else:
            self.close()

    def _linger(self) -> None:
        """Read on for a moment: closing with unread bytes would reset the connection."""
        self._buffer = b""
        self._note_held()
        self._enter(LINGERING)
        self._socket.end_sending()
        if self.state is LINGERING:
            self._socket.listen()

    def _refuse(self, refusal: Refused, head: Head | None = None) -> None:
        request_id = request_id_from(",".join(head.headers.get("x-request-id", ())) if head else "")
        metrics.HTTP_REFUSED.labels(refusal.status).inc()
        log.info(
            "http request refused",
            status=refusal.status,
            reason=refusal.message,
            request_id=request_id,
            peer=self.peer,
        )
        answer = refusal.answer(request_id)
        response = responses.on_the_wire(answer, request_id, responses.CLOSE)
        self._answer(response, keeps=False, unread=True)


def _begin_by_hub(work: Callable[[HttpRequest], None], request: HttpRequest) -> None:
    """Run a function in a greenthread that the hub begins, as it wakes any other.

    Whoever else began it would never go on: when it waits for the first time, eventlet makes the
    hub what it returns to (test_cached_reads_are_answered_while_redis_is_looked_for).
    """
    hub = hubs.get_hub()
    worker = greenlet(work, hub.greenlet)
    if getcurrent() is hub.greenlet:
        # at once: one that had to be scheduled would begin in the next turn
        worker.switch(request)
    else:
        hub.schedule_call_global(0, worker.switch, request)
