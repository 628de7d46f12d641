"""A connected socket that the event loop watches, without a greenthread that waits on it.

eventlet's own sockets register with the event loop for each wait again, and each wait takes a
greenthread. A :class:`HubSocket` registers once and calls back. It serves the connections to
RabbitMQ and Redis, and those of the HTTP server's clients.
"""

import struct
from collections.abc import Callable
from typing import Any

from eventlet import hubs
from eventlet.hubs.hub import READ, WRITE, FdListener
from eventlet.patcher import original

from services.observability.logging import get_logger

log = get_logger(__name__)

plain_socket = original("socket")
"""The standard library's module, unpatched: what runs in the event loop must never wait."""

CHUNK = 64 * 1024

_LINGER_ZERO = struct.pack("ii", 1, 0)
"""With it ``close`` drops what the kernel still has to send, and the other side sees a reset."""


def _nothing() -> None:
    """Default of an optional callback."""


class HubSocket:
    """A non-blocking socket with callbacks, all of which the event loop makes: none may wait.

    Args:
        connected: the socket; belongs to this object from now on.
        on_data: called with received data.
        on_lost: called with the reason when the connection has ended, unless by :meth:`close`.
        on_end: called when the peer has closed its sending side; by default the connection is
            then lost.
        on_progress: called whenever some of the unsent data has been sent; :attr:`unsent` is
            what remains.
        chunk: maximum number of bytes received at a time.
    """

    __slots__ = (
        "_chunk",
        "_hub",
        "_on_data",
        "_on_end",
        "_on_lost",
        "_on_progress",
        "_reader",
        "_rest",
        "_socket",
        "_writer",
        "sent",
    )

    def __init__(
        self,
        connected: Any,
        on_data: Callable[[bytes], None],
        on_lost: Callable[[str], None],
        on_end: Callable[[], None] | None = None,
        on_progress: Callable[[], None] = _nothing,
        chunk: int = CHUNK,
    ):
        connected.setblocking(False)
        try:
            # whatever is sent leaves in one piece: Nagle's algorithm could only delay its end
            connected.setsockopt(plain_socket.IPPROTO_TCP, plain_socket.TCP_NODELAY, 1)
        except OSError as problem:
            log.debug("connection gone before its first byte", reason=str(problem))
        # Any in these: None once the connection has ended
        self._socket: Any = connected
        self._on_data: Callable[[bytes], None] | Any = on_data
        self._on_lost: Callable[[str], None] | Any = on_lost
        self._on_end = on_end
        self._on_progress: Callable[[], None] | Any = on_progress
        self._chunk = chunk
        self.sent = 0
        """How many bytes have left."""
        self._rest: memoryview | None = None
        self._writer: FdListener | None = None
        self._reader: FdListener | None = None
        self._hub = hubs.get_hub()
        self.listen()

    @property
    def unsent(self) -> int:
        """How many bytes have not left yet."""
        return 0 if self._rest is None else len(self._rest)

    @property
    def held(self) -> int:
        """How many bytes of memory the unsent ones take: until the last has left, all of them."""
        # mypy knows only that a view is of a Buffer; ours is of bytes
        return 0 if self._rest is None else len(self._rest.obj)  # type: ignore[arg-type]

    @property
    def is_listening(self) -> bool:
        """Whether what arrives is received."""
        return self._reader is not None

    def listen(self) -> None:
        """Receive what arrives, from now on or again."""
        if self._reader is None and self._socket is not None:
            self._reader = self._watch(READ, self.read)

    def deafen(self) -> None:
        """Leave what arrives to the kernel, whose full buffer then holds up the other side."""
        if self._reader is not None:
            self._hub.remove(self._reader)
            self._reader = None

    def send(self, data: bytes) -> bool:
        """Send what fits now, and the rest as soon as possible; return whether all was sent.

        The rest is buffered without a limit, so callers have to check :attr:`unsent`.
        """
        if self._rest is not None:
            self._rest = memoryview(bytes(self._rest) + data)
            return False
        if self._socket is None:
            return False
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as problem:
            self._lose(str(problem))
            return False
        self.sent += sent
        if sent == len(data):
            return True
        # a view, as slicing bytes would copy the rest after each partial send
        self._rest = memoryview(data)[sent:]
        self._writer = self._watch(WRITE, self._send_rest)
        return False

    def read(self, _descriptor: int = 0) -> bool:
        """Receive data and pass it on; return whether there was any."""
        if self._socket is None:
            return False
        try:
            data = self._socket.recv(self._chunk)
        except BlockingIOError:
            return False
        except OSError as problem:
            self._lose(str(problem))
            return False
        if not data:
            self._end()
            return False
        try:
            self._on_data(data)
        except Exception as problem:
            # the hub would only remove the listener, and the connection would hang
            log.error("what arrived can't be handled", exc_info=problem)
            self._lose(f"{type(problem).__name__}: {problem}")
        return True

    def wait_for_peer(self, seconds: int) -> None:
        """Have the kernel lose the connection once nothing was taken from it for so long."""
        if self._socket is None or not hasattr(plain_socket, "TCP_USER_TIMEOUT"):
            return
        try:
            level, option = plain_socket.IPPROTO_TCP, plain_socket.TCP_USER_TIMEOUT
            self._socket.setsockopt(level, option, seconds * 1000)
        except OSError as problem:
            log.debug("connection gone", reason=str(problem))

    def end_sending(self) -> None:
        """Close the sending side; data is still received."""
        try:
            self._socket.shutdown(plain_socket.SHUT_WR)
        except OSError as problem:
            self._lose(str(problem))

    def close(self) -> None:
        """Close the connection; the kernel still sends what it has taken."""
        if self._socket is None:
            return
        for listener in (self._reader, self._writer):
            if listener is not None:
                self._hub.remove(listener)
        self._socket.close()
        self._forget()

    def reset(self) -> None:
        """Close the connection, and have the kernel drop what it still has to send.

        It would keep that, up to its buffer's size, for as long as the other side does not read.
        """
        if self._socket is None:
            return
        try:
            self._socket.setsockopt(plain_socket.SOL_SOCKET, plain_socket.SO_LINGER, _LINGER_ZERO)
        except OSError as problem:
            log.debug("connection gone before it was closed", reason=str(problem))
        self.close()

    def _watch(self, kind: str, react: Callable[[int], object]) -> FdListener:
        return self._hub.add(kind, self._socket.fileno(), react, _ignore, self._disown)

    def _send_rest(self, _descriptor: int) -> None:
        if self._rest is None:
            return
        try:
            sent = self._socket.send(self._rest)
        except BlockingIOError:
            return
        except OSError as problem:
            self._lose(str(problem))
            return
        self.sent += sent
        self._rest = self._rest[sent:]
        if not self._rest:
            self._rest = None
            self._hub.remove(self._writer)
            self._writer = None
        self._on_progress()

    def _end(self) -> None:
        if self._on_end is None:
            self._lose("the connection was closed")
        else:
            # at its end a socket stays readable, and the event loop would call without a pause
            self.deafen()
            self._on_end()

    def _lose(self, reason: str) -> None:
        if self._socket is not None:
            lost = self._on_lost
            self.close()
            lost(reason)

    def _disown(self) -> None:
        # eventlet has seen this descriptor reused, so ours had been closed; detached, as closing it
        # would close the new owner's
        if self._socket is not None:
            lost = self._on_lost
            self._socket.detach()
            self._forget()
            lost("the descriptor was closed")

    def _forget(self) -> None:
        self._socket = self._reader = self._writer = self._rest = None
        # bound methods of the owner: breaks the reference cycle, so that both are freed at once
        self._on_data = self._on_lost = self._on_end = self._on_progress = None


def _ignore(_problem: Exception) -> None:
    """Stand in for what would raise in a greenthread that waits; here :meth:`_disown` does."""
