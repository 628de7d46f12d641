"""The receiving half of a connection: its buffer, and the heads and bodies in it."""

import time
from typing import Any, Protocol

from eventlet import Timeout
from eventlet.event import Event

from services.transport.http import limits, responses
from services.transport.http.connection_limits import ConnectionLimits
from services.transport.http.memory_limits import MemoryLimits
from services.transport.http.messages import Head, Refused
from services.transport.http.request_head import HeadReader, parse
from services.transport.http.states import (
    BUSY,
    CLOSED,
    HEAD,
    IDLE,
    LINGERING,
    NEW,
    SENDING,
    STREAMING,
    State,
)
from services.transport.hub_socket import HubSocket


class Limited(Protocol):
    """The limits of a server that a connection counts for."""

    connection_limits: ConnectionLimits
    memory_limits: MemoryLimits


class Receiver:
    """Has the state of a connection; buffers received data, and takes heads and bodies from it."""

    __slots__ = (
        "_body_in_work",
        "_buffer",
        "_ended",
        "_expects",
        "_head_reader",
        "_server",
        "_socket",
        "_wanted",
        "_woken",
        "address",
        "since",
        "state",
    )

    _socket: HubSocket

    def __init__(self, server: Limited, address: str | None):
        self._server = server
        self.address = address
        self.state = NEW
        self.since = time.monotonic()
        # Any: a bytearray while a head comes in pieces
        self._buffer: bytes | Any = b""
        self._ended = self._expects = False
        self._head_reader: HeadReader | None = None
        self._wanted = self._body_in_work = 0
        self._woken: Event | None = None

    @property
    def is_at_rest(self) -> bool:
        """Whether no request has begun."""
        return self.state is IDLE or self.state is NEW

    @property
    def has_incomplete_head(self) -> bool:
        """Whether the first or next request head is incomplete."""
        return self.state is NEW or self.state is HEAD

    @property
    def is_idle(self) -> bool:
        """Whether all its requests have been answered."""
        return self.state is IDLE or self.state is LINGERING

    @property
    def waits_for_client(self) -> bool:
        """Whether it waits for the client to send or read."""
        return self.state in (HEAD, SENDING, STREAMING) or self._woken is not None

    def close(self) -> None:
        """Close the connection."""
        raise NotImplementedError

    def _enter(self, state: State) -> None:
        self.state = state
        self.since = time.monotonic()

    def _note_held(self) -> None:
        held = len(self._buffer) + self._body_in_work + self._socket.held
        self._server.memory_limits.note(self, held)

    def _take_head(self) -> Head | None:
        """Return the next head, or None if it is incomplete."""
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
            # mutable, as data that arrives byte by byte must not copy the buffer each time
            self._buffer = bytearray(self._buffer)
            self._socket.listen()
        self._note_held()

    def _receive(self, length: int, seconds: float, step: int) -> bytes:
        """Return ``length`` bytes of the body; fewer if the client has sent no more.

        Args:
            length: in bytes.
            seconds: maximum wait for each step, the last of which may be a smaller one.
            step: in bytes.
        """
        self._check_busy()
        while len(self._buffer) < length and not self._ended:
            self._wait_for(min(len(self._buffer) + step, length), seconds)
        self._expects = False
        self._check_busy()
        body = bytes(self._buffer[:length])
        self._buffer = bytes(self._buffer[length:])
        self._body_in_work = length
        return body

    def _check_busy(self) -> None:
        # also for a method that was answered with a 504 and reads on all the same
        if self.state is not BUSY:
            raise Refused(400, "The connection was lost")

    def _let_go_of_body(self) -> None:
        if self._body_in_work:
            self._body_in_work = 0
            # a closed one has been counted no longer, whatever is left in its buffer
            if self.state is not CLOSED:
                self._note_held()

    def _wait_for(self, length: int, seconds: float) -> None:
        if self._expects:
            self._socket.send(responses.CONTINUE)
            self._expects = False
        if not isinstance(self._buffer, bytearray):
            self._buffer = bytearray(self._buffer)
        # among the slow ones it counts from its last step
        self.since = time.monotonic()
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
