"""A client's socket that the hub watches: nothing here waits, and no greenthread belongs to it."""

import struct
from typing import Any

from eventlet import hubs
from eventlet.patcher import original

from services.observability.logging import get_logger
from services.transport.http import limits

log = get_logger(__name__)

sockets = original("socket")
"""The standard library's module as it was: the hub's own callbacks must never wait."""

_DROP = struct.pack("ii", 1, 0)


class Wire:
    """Receives and sends; what it means is left to a subclass.

    The listener stays with the hub from the first byte to the last, instead of being added and
    removed for each read.
    """

    __slots__ = ("_hub", "_reader", "_sock", "_unsent", "_writer")

    def __init__(self, sock: Any):
        self._hub = hubs.get_hub()
        self._sock = sock
        self._reader = self._writer = self._unsent = None
        sock.setblocking(False)
        try:
            sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        except OSError as problem:
            log.debug("connection gone before its first byte", reason=str(problem))
        self.listen()

    def received(self, data: bytes) -> None:
        """Take bytes that have arrived; none at all are the end of the stream."""
        raise NotImplementedError

    def sent(self) -> None:
        """Go on, now that everything has left that could not leave at once."""
        raise NotImplementedError

    def sent_some(self) -> None:
        """Note that a part has left of what could not leave at once."""

    def close(self) -> None:
        """Close the socket, whatever is still under way."""
        self.deafen()
        if self._unsent is not None:
            self._reset()
        self._stop_sending()
        self._sock.close()

    def listen(self) -> None:
        """Take what arrives, again."""
        if self._reader is None:
            self._reader = self._watch(self._hub.READ, self._on_readable)

    def deafen(self) -> None:
        """Leave to the kernel what arrives from now on."""
        if self._reader is not None:
            self._hub.remove(self._reader)
            self._reader = None

    def send(self, data: bytes) -> bool:
        """Send, and tell whether all has left; the rest leaves as fast as the client reads.

        What can't leave is added up, so that nobody may send on and on without waiting.
        """
        if self._unsent is not None:
            self._unsent = memoryview(bytes(self._unsent) + data)
            return False
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return False
        if sent == len(data):
            return True
        self._unsent = memoryview(data)[sent:]
        self._writer = self._watch(self._hub.WRITE, self._on_writable)
        return False

    @property
    def unsent(self) -> int:
        """Bytes in memory that have not all left: even of the last one, the whole."""
        return 0 if self._unsent is None else len(self._unsent.obj)

    def end_sending(self) -> None:
        """Tell the client that nothing more will come."""
        try:
            self._sock.shutdown(sockets.SHUT_WR)
        except OSError:
            self.close()

    def _reset(self) -> None:
        """Have the kernel drop what it still has to send, when the socket is closed."""
        try:
            self._sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, _DROP)
        except OSError as problem:
            log.debug("connection gone before it was closed", reason=str(problem))

    def _watch(self, what: str, react: Any) -> Any:
        return self._hub.add(what, self._sock.fileno(), react, self._taken_over, self._taken_over)

    def _taken_over(self, *_: object) -> None:
        # somebody else has got our descriptor, which can't be while the socket is open
        self._reader = self._writer = None
        self.close()

    def _on_readable(self, _descriptor: int = 0) -> None:
        try:
            data = self._sock.recv(limits.PIECE)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self.received(data)

    def _on_writable(self, _descriptor: int) -> None:
        if self._unsent is None:
            return
        try:
            sent = self._sock.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self.sent_some()
        else:
            self._stop_sending()
            self.sent()

    def _stop_sending(self) -> None:
        self._unsent = None
        if self._writer is not None:
            self._hub.remove(self._writer)
            self._writer = None
