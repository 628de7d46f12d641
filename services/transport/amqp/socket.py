"""A connection to the broker, written to once a turn of the event loop."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import eventlet
from amqp.transport import SSLTransport, _AbstractTransport
from eventlet.hubs import get_hub

from services.transport import hub_socket

CHUNK = 64 * 1024
MAX_UNSENT = 16 * 1024 * 1024
"""Bytes waiting for the broker to read them; a message that would exceed this is refused."""


class Stuck(Exception):
    """The broker does not read what we write."""


class BrokerSocket:
    """The socket of a py-amqp connection, after its handshake.

    py-amqp calls ``sendall`` for each message: a system call, and under eventlet maybe two switches
    of greenthreads. Here everything written in one turn of the event loop is sent in one piece.

    Args:
        transport: the connection's.
        on_data: called by the event loop with the bytes received; must not block.
        on_end: called once, with the reason, when the connection has ended.
    """

    def __init__(
        self,
        transport: _AbstractTransport,
        on_data: Callable[[bytes], None],
        on_end: Callable[[object], None],
    ):
        self._on_data = on_data
        self._on_end = on_end
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._sent_last_looked = 0
        self._moved_at = time.monotonic()
        self._flush_is_due = False
        self.closed = False
        self.sent_at = self.received_at = time.monotonic()
        self._socket: EncryptedSocket | hub_socket.HubSocket
        if isinstance(transport, SSLTransport):
            self._socket = EncryptedSocket(transport.sock, self._on_received, self.end)
        else:
            plain = getattr(transport.sock, "fd", transport.sock)
            self._socket = hub_socket.HubSocket(plain, self._on_received, self.end)

    def write(self, data: bytes) -> None:
        """Send data at the end of this turn of the event loop.

        Raises:
            Stuck: the connection has ended, or too much waits already.
        """
        if self.closed:
            raise Stuck("the connection has ended")
        if self._buffered + len(data) + self._socket.unsent > MAX_UNSENT:
            raise Stuck("too much waits for the broker to read it")
        self._buffer.append(data)
        self._buffered += len(data)
        if not self._flush_is_due:
            self._flush_is_due = True
            get_hub().schedule_call_global(0, self._flush)

    def stalled_seconds(self) -> float:
        """Return for how many seconds the broker has read nothing although data wait to be sent.

        Progress is noticed by calling this, so call it often (the connection does once a second).
        """
        now = time.monotonic()
        if not self._socket.unsent or self._socket.sent != self._sent_last_looked:
            self._sent_last_looked, self._moved_at = self._socket.sent, now
        return now - self._moved_at

    def end(self, reason: object) -> None:
        """Close the socket at once, and report the reason."""
        if self.closed:
            return
        self.closed = True
        self._socket.close()
        self._on_end(reason)

    def _on_received(self, data: bytes) -> None:
        self.received_at = time.monotonic()
        try:
            self._on_data(data)
        except Exception as problem:
            # BrokerGone if the broker closes connection or channel, Malformed if it sends no AMQP;
            # HubSocket would log either as a fault of ours
            self.end(problem)

    def _flush(self) -> None:
        self._flush_is_due = False
        if self.closed or not self._buffer:
            return
        data = self._buffer[0] if len(self._buffer) == 1 else b"".join(self._buffer)
        self._buffer, self._buffered = [], 0
        self._socket.send(data)
        if not self._socket.unsent:
            self.sent_at = time.monotonic()


class EncryptedSocket:
    """What :class:`~services.transport.hub_socket.HubSocket` is, over TLS, with two greenthreads.

    TLS may have to write in order to read, and the other way round, so one listener for each
    direction is not enough; eventlet's green SSL socket knows which of the two it waits for.
    """

    def __init__(
        self, sock: Any, on_data: Callable[[bytes], None], on_lost: Callable[[object], None]
    ):
        self._sock = sock
        self._on_data = on_data
        self._on_lost = on_lost
        self.sent = 0
        """How many bytes have left."""
        self._rest = b""
        self._leaving = 0
        self._writer = None
        self._closed = False
        self._reader = eventlet.spawn(self._read)

    @property
    def unsent(self) -> int:
        """How many bytes have not left yet."""
        return len(self._rest) + self._leaving

    def send(self, data: bytes) -> None:
        """Send as soon as the other side takes it."""
        self._rest += data
        if self._writer is None:
            self._writer = eventlet.spawn(self._write)

    def close(self) -> None:
        """Close the connection."""
        self._closed = True
        for thread in (self._reader, self._writer):
            if thread is not None and thread is not eventlet.getcurrent():
                thread.kill()
        with suppress(OSError):
            self._sock.close()

    def _read(self) -> None:
        while not self._closed:
            try:
                data = self._sock.recv(CHUNK)
            except TimeoutError:
                # silence is judged by heartbeats, not by whatever timeout the socket still has
                continue
            except OSError as problem:
                self._on_lost(problem)
                return
            if not data:
                self._on_lost("the connection was closed")
                return
            self._on_data(data)

    def _write(self) -> None:
        try:
            while self._rest and not self._closed:
                data, self._rest = self._rest, b""
                self._leaving = len(data)
                self._sock.sendall(data)
                self.sent += self._leaving
                self._leaving = 0
        except OSError as problem:
            self._on_lost(problem)
        finally:
            self._writer = None


def unread(transport: _AbstractTransport) -> bytes:
    """Return the bytes that py-amqp has read beyond the last frame of the handshake.

    What the broker sends unasked, such as connection.blocked, may come with its last answer.
    """
    return bytes(transport._read_buffer)
