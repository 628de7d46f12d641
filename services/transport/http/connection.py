"""One client's connection, whose requests are answered one after the other.

An idle connection has no greenthread and no timer. Cached reads are answered by the event loop as
they arrive; for any other request a greenthread is made once its head is complete.
"""

import time
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol

from eventlet import Timeout, hubs
from eventlet.event import Event
from greenlet import greenlet

from services.observability import metrics
from services.observability.logging import get_logger
from services.transport.http import limits, responses
from services.transport.http.application import Application
from services.transport.http.connection_limits import ConnectionLimits
from services.transport.http.fast_path import FastPath, PendingResponse
from services.transport.http.memory_limits import MemoryLimits
from services.transport.http.messages import Head, HttpRequest, Refused, request_id_from
from services.transport.http.request_head import HeadReader, check_framing, parse
from services.transport.hub_socket import HubSocket

log = get_logger(__name__)

_END_OF_HEAD = b"\r\n\r\n"


class State(Enum):
    """What a connection is doing; the time limit depends on it."""

    NEW = auto()
    """No request has arrived yet."""
    IDLE = auto()
    """Kept open between two requests."""
    HEAD = auto()
    """A part of a request head has arrived."""
    BUSY = auto()
    """A request is being worked on."""
    SENDING = auto()
    """A response waits for the client to read it."""
    LINGERING = auto()
    """The last response has left, and what the client still sends is discarded."""
    CLOSED = auto()


NEW, IDLE, HEAD, BUSY = State.NEW, State.IDLE, State.HEAD, State.BUSY
SENDING, LINGERING, CLOSED = State.SENDING, State.LINGERING, State.CLOSED

_TIME_LIMITS = {
    NEW: "HEAD_SECONDS",
    IDLE: "IDLE_SECONDS",
    HEAD: "HEAD_SECONDS",
    SENDING: "IDLE_SECONDS",
    LINGERING: "LINGER_SECONDS",
}


class Server(Protocol):
    """What a connection needs of the server that it belongs to."""

    application: Application
    connection_limits: ConnectionLimits
    memory_limits: MemoryLimits
    fast_path: FastPath | None
    closing: bool

    def forget(self, connection: "Connection") -> None:
        """Count a connection no longer, as it has been closed."""


class Connection:
    """Serves the requests of one client, in their order.

    Args:
        server: the one that accepted it.
        sock: the client's socket.
        peer: the client's address.
        address: under which its limits count, or None for a trusted proxy.
    """

    __slots__ = (
        "_body_in_work",
        "_buffer",
        "_ended",
        "_expects",
        "_head_reader",
        "_is_last",
        "_server",
        "_socket",
        "_unread",
        "_wanted",
        "_woken",
        "address",
        "peer",
        "since",
        "state",
    )

    def __init__(self, server: Server, sock: Any, peer: str, address: str | None):
        self._server = server
        self.peer = peer
        self.address = address
        self.state = NEW
        self.since = time.monotonic()
        self._buffer: bytes | bytearray = b""
        self._ended = self._is_last = self._unread = self._expects = False
        self._head_reader: HeadReader | None = None
        self._wanted = self._body_in_work = 0
        self._woken: Event | None = None
        self._socket = HubSocket(
            sock, self._take, self._lost, self._end, self._on_progress, limits.PIECE
        )

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is under way."""
        return self.state is IDLE or self.state is NEW

    @property
    def has_incomplete_head(self) -> bool:
        """Whether it has not brought a whole request, or only a part of the next."""
        return self.state is NEW or self.state is HEAD

    @property
    def is_idle(self) -> bool:
        """Whether all its requests have been answered."""
        return self.state is IDLE or self.state is LINGERING

    @property
    def waits_for_client(self) -> bool:
        """Whether the client is to send or to read something."""
        return self.state is HEAD or self.state is SENDING or self._woken is not None

    def _take(self, data: bytes) -> None:
        """Take what has arrived, and answer what can be answered."""
        if self.state is LINGERING:
            return
        self._buffer += data
        self._take_up()

    def _end(self) -> None:
        """Answer what is here, though the client will send no more."""
        if self.state is LINGERING:
            self.close()
            return
        self._ended = True
        self._take_up()

    def _take_up(self) -> None:
        if self.state is BUSY or self.state is SENDING:
            self._take_ahead()
        else:
            self._go_on()

    def _lost(self, _reason: str) -> None:
        self.close()

    def _on_progress(self) -> None:
        """Go on after a response that could not leave at once, and count the client as active."""
        self._note_held()
        if self.state is SENDING and not self._socket.unsent:
            self._after_answer()
            self._go_on()

    def close(self) -> None:
        """Close the connection, whatever is under way."""
        if self.state is CLOSED:
            return
        self.state = CLOSED
        self._ended = True
        if self._socket.unsent:
            self._socket.reset()
        else:
            self._socket.close()
        self._wake()
        self._server.forget(self)

    def close_at_rest(self) -> None:
        """Close the connection, unless a request turns out to have arrived."""
        if self.is_at_rest:
            self._socket.read()
        if self.is_at_rest:
            self.close()

    def look_at_time(self, now: float) -> None:
        """Refuse or close what has exceeded its time limit."""
        limit = _TIME_LIMITS.get(self.state)
        if limit is None or now - self.since <= getattr(limits, limit):
            return
        if self.state is HEAD:
            self._refuse(Refused(408))
        else:
            self.close()

    def _enter(self, state: State) -> None:
        self.state = state
        self.since = time.monotonic()

    def _note_held(self) -> None:
        held = len(self._buffer) + self._body_in_work + self._socket.held
        self._server.memory_limits.note(self, held)

    def _go_on(self) -> None:
        """Answer what is here, in order, until something has to be waited for."""
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
        """Answer at once, if a whole head is here and the fast path knows the response to it."""
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
        """Send a response whose condition has been answered, or take the slow path."""
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
        """Begin to work on the next request; tell whether its head was here and good.

        Args:
            context: what the fast path has found out about it.
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
        # as the hub wakes any other greenthread; one that it had to schedule would begin later
        greenlet(self._work).switch(request)
        return True

    def _take_head(self) -> Head | None:
        """Return the next head, or None if it is not here yet."""
        if self._head_reader is None:
            self._head_reader = HeadReader()
        end = self._head_reader.find_end(self._buffer, self._ended)
        if end is None:
            self._wait_for_head()
            return None
        self._head_reader = None
        head = parse(bytes(self._buffer[:end]))
        self._buffer = bytes(self._buffer[end:])
        if self.state is HEAD:
            self._note_held()
        return head

    def _wait_for_head(self) -> None:
        if self.state is not HEAD:
            if self.state is not NEW:
                self._server.connection_limits.note_head(self)
            self._enter(HEAD)
            # what may come byte by byte must not be copied each time
            self._buffer = bytearray(self._buffer)
            self._socket.listen()
        self._note_held()

    def _work(self, request: HttpRequest) -> None:
        """Answer a request, in a greenthread of its own."""
        try:
            response, keeps = self._server.application.respond(request)
            self._let_go_of_body()
            self._answer(response, keeps, request.left_unread)
        except (Exception, Timeout) as problem:
            log.error("connection failed", exc_info=problem, peer=self.peer)
            self.close()
        if self.is_at_rest and (self._buffer or self._ended):
            # by the hub: what comes next must not run on behalf of this request
            hubs.get_hub().schedule_call_global(0, self._go_on)

    def _receive(self, length: int, seconds: float) -> bytes:
        """Return so much of the body, or less if that is all there is."""
        if len(self._buffer) < length and not self._ended:
            self._wait_for(length, seconds)
        if self.state is CLOSED:
            raise Refused(400, "The connection was lost")
        body = bytes(self._buffer[:length])
        self._buffer = bytes(self._buffer[length:])
        self._body_in_work = length
        return body

    def _let_go_of_body(self) -> None:
        if self._body_in_work:
            self._body_in_work = 0
            self._note_held()

    def _wait_for(self, length: int, seconds: float) -> None:
        if self._expects:
            self._socket.send(responses.CONTINUE)
        self._buffer = bytearray(self._buffer)
        self._wanted, self._woken = length, Event()
        self._socket.listen()
        try:
            with Timeout(seconds, TimeoutError("the body did not arrive in time")):
                self._woken.wait()
        finally:
            self._wanted, self._woken = 0, None

    def _take_ahead(self) -> None:
        if self._ended or len(self._buffer) >= self._wanted:
            self._wake()
        if len(self._buffer) >= self._wanted + limits.READ_AHEAD:
            self._socket.deafen()
        self._note_held()

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.ready():
            self._woken.send()

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
