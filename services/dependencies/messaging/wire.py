"""A socket to the broker: read whenever something has arrived, written once a turn of the hub."""

import time
from collections.abc import Callable
from contextlib import suppress

import eventlet
from amqp.transport import SSLTransport, _AbstractTransport
from eventlet.hubs import get_hub

READ_AT_ONCE = 256 * 1024
MOST_UNSENT = 16 * 1024 * 1024
"""Bytes that wait for the broker to read them; beyond these the connection is of no more use."""


class Stuck(Exception):
    """The broker does not read what we write."""


class Wire:
    """The socket of a py-amqp connection, after its handshake.

    A greenthread that waits in ``recv`` costs two system calls and two switches a message, and a
    ``sendall`` for each frame another each. Here the hub calls :meth:`_read` as long as the
    connection lives, and all that is written in one turn of the hub leaves in one piece.

    Args:
        transport: the connection's.
        on_data: is called in the hub with what has arrived; must not wait.
        on_end: is called once, with the reason, when the connection has ended.
    """

    def __init__(
        self,
        transport: _AbstractTransport,
        on_data: Callable[[bytes], None],
        on_end: Callable[[object], None],
    ):
        self._sock = transport.sock
        self._on_data = on_data
        self._on_end = on_end
        self._unsent: list[bytes] = []
        self._unsent_size = 0
        self._stuck_since: float | None = None
        self._flush_is_due = False
        self._writer = None
        self._reader = None
        self.closed = False
        self.wrote_at = self.heard_at = time.monotonic()
        self._encrypted = isinstance(transport, SSLTransport)
        if self._encrypted:
            # TLS may want to write in order to read, which takes more than a listener
            self._thread = eventlet.spawn(self._read_encrypted)
        else:
            self._sock = getattr(transport.sock, "fd", transport.sock)
            self._sock.setblocking(False)
            self._listen()

    def write(self, data: bytes) -> None:
        """Send data at the end of this turn of the hub.

        Raises:
            Stuck: the connection has ended, or too much waits already.
        """
        if self.closed:
            raise Stuck("the connection has ended")
        self._unsent.append(data)
        self._unsent_size += len(data)
        if self._unsent_size > MOST_UNSENT:
            self.end("the broker takes no data")
            raise Stuck("the broker takes no data")
        if not self._flush_is_due:
            self._flush_is_due = True
            get_hub().schedule_call_global(0, self._flush)

    @property
    def stuck_seconds(self) -> float:
        """For how long the broker has not been reading."""
        return 0.0 if self._stuck_since is None else time.monotonic() - self._stuck_since

    def end(self, reason: object) -> None:
        """Close the socket at once, and tell the reason."""
        if self.closed:
            return
        self.closed = True
        if self._encrypted:
            if eventlet.getcurrent() is not self._thread:
                self._thread.kill()
        else:
            self._forget_listeners()
        with suppress(OSError):
            self._sock.close()
        self._on_end(reason)

    def _listen(self) -> None:
        hub = get_hub()
        self._reader = hub.add(
            hub.READ, self._sock.fileno(), self._read, self._fail, self._close_notified
        )

    def _read(self, _descriptor: int) -> None:
        try:
            data = self._sock.recv(READ_AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as problem:
            self.end(problem)
            return
        self._take(data)

    def _take(self, data: bytes) -> None:
        if not data:
            self.end("closed by the broker")
            return
        self.heard_at = time.monotonic()
        try:
            self._on_data(data)
        except Exception as problem:
            # an exception in the hub would leave the connection open with nobody to read it
            self.end(problem)

    def _read_encrypted(self) -> None:
        while not self.closed:
            try:
                data = self._sock.recv(READ_AT_ONCE)
            except TimeoutError:
                continue
            except OSError as problem:
                self.end(problem)
                return
            self._take(data)

    def _flush(self) -> None:
        self._flush_is_due = False
        if self.closed or not self._unsent or self._writer is not None:
            return
        if self._encrypted:
            self._writer = eventlet.spawn(self._send_encrypted)
        else:
            self._send()

    def _send(self) -> None:
        data = self._take_unsent()
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as problem:
            self.end(problem)
            return
        self._note_sent(data[sent:])

    def _note_sent(self, rest: bytes) -> None:
        if not rest:
            self.wrote_at = time.monotonic()
            self._stuck_since = None
            self._forget_writer()
            return
        self._unsent.insert(0, rest)
        self._unsent_size += len(rest)
        if self._writer is None:
            self._stuck_since = time.monotonic()
            hub = get_hub()
            self._writer = hub.add(
                hub.WRITE, self._sock.fileno(), self._send_rest, self._fail, self._close_notified
            )

    def _send_rest(self, _descriptor: int) -> None:
        self._send()

    def _send_encrypted(self) -> None:
        self._stuck_since = time.monotonic()
        try:
            while self._unsent and not self.closed:
                self._sock.sendall(self._take_unsent())
                self.wrote_at = self._stuck_since = time.monotonic()
        except OSError as problem:
            self.end(problem)
        finally:
            self._writer = self._stuck_since = None

    def _take_unsent(self) -> bytes:
        data = self._unsent[0] if len(self._unsent) == 1 else b"".join(self._unsent)
        self._unsent.clear()
        self._unsent_size = 0
        return data

    def _forget_listeners(self) -> None:
        if self._reader is not None:
            get_hub().remove(self._reader)
            self._reader = None
        self._forget_writer()

    def _forget_writer(self) -> None:
        if self._writer is not None:
            get_hub().remove(self._writer)
            self._writer = None

    def _fail(self, problem: object) -> None:
        self.end(problem)

    def _close_notified(self, *_: object) -> None:
        # the hub has given both listeners up already
        self._reader = self._writer = None
        self.end("the socket was closed")


def pending(transport: _AbstractTransport) -> bytes:
    """Return what py-amqp has read beyond its last frame."""
    return bytes(transport._read_buffer)
