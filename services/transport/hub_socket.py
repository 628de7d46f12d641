"""A socket that nobody waits on: what arrives is handed on, what is sent leaves when it can.

eventlet's own sockets register with the event loop anew for each wait, and each wait takes a
greenthread. Here the event loop is told once.
"""

import socket
from collections.abc import Callable

from eventlet import hubs
from eventlet.hubs.hub import READ, WRITE, FdListener

from services.observability.logging import get_logger

log = get_logger(__name__)

CHUNK = 64 * 1024


class HubSocket:
    """A connected socket on a listener that stays.

    Args:
        connected: the socket; belongs to this object from now on.
        on_data: gets what has arrived.
        on_lost: is told why the connection ended, unless that was by :meth:`close`.
    """

    def __init__(
        self,
        connected: socket.socket,
        on_data: Callable[[bytes], None],
        on_lost: Callable[[str], None],
    ):
        connected.setblocking(False)
        self._socket: socket.socket | None = connected
        self._on_data = on_data
        self._on_lost = on_lost
        self.sent = 0
        """How many bytes have left."""
        self._rest = b""
        self._writer = None
        self._hub = hubs.get_hub()
        self._reader = self._listen(READ, self.read)

    @property
    def unsent(self) -> int:
        """How many bytes have not left yet."""
        return len(self._rest)

    def send(self, data: bytes) -> None:
        """Send now what fits, and the rest as soon as it does."""
        if self._rest:
            self._rest += data
        elif self._socket is not None:
            self._write(data)

    def read(self, _descriptor: int = 0) -> bool:
        """Hand on what has arrived, and tell whether that was anything."""
        if self._socket is None:
            return False
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return False
        except OSError as problem:
            self._lose(str(problem))
            return False
        if data:
            self._hand_on(data)
        else:
            self._lose("the connection was closed")
        return bool(data)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is None:
            return
        for listener in (self._reader, self._writer):
            if listener is not None:
                self._hub.remove(listener)
        self._socket.close()
        self._forget()

    def _listen(self, kind: str, act: Callable[[int], object]) -> FdListener:
        return self._hub.add(kind, self._socket.fileno(), act, self._ignore, self._disown)

    def _hand_on(self, data: bytes) -> None:
        try:
            self._on_data(data)
        except Exception as problem:
            # the event loop would only take the socket off its list, and tell nobody
            log.error("what arrived can't be handled", exc_info=problem)
            self._lose(f"{type(problem).__name__}: {problem}")

    def _write(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as problem:
            self._lose(str(problem))
            return
        self.sent += sent
        self._rest = data[sent:]
        if self._rest and self._writer is None:
            self._writer = self._listen(WRITE, self._write_rest)
        elif not self._rest and self._writer is not None:
            self._hub.remove(self._writer)
            self._writer = None

    def _write_rest(self, _descriptor: int) -> None:
        if self._socket is not None:
            self._write(self._rest)

    def _lose(self, reason: str) -> None:
        if self._socket is not None:
            self.close()
            self._on_lost(reason)

    def _disown(self) -> None:
        # the descriptor already is somebody else's, who must keep it
        if self._socket is not None:
            self._socket.detach()
            self._forget()
            self._on_lost("the descriptor was closed")

    def _forget(self) -> None:
        self._socket = self._reader = self._writer = None
        self._rest = b""

    @staticmethod
    def _ignore(_problem: Exception) -> None:
        """Stand in for what would tell a greenthread that waits; here :meth:`_disown` does."""
