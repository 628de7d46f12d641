"""The web server as a Nameko extension."""

import resource
import time
from typing import Any

import eventlet
from eventlet import hubs
from eventlet.event import Event
from nameko.constants import WEB_SERVER_CONFIG_KEY
from nameko.extensions import Extension, ProviderCollector, SharedExtension

from services.observability import metrics
from services.observability.logging import get_logger
from services.process import budgets
from services.process.settings import SETTINGS_KEY
from services.transport.http import limits
from services.transport.http.addresses import trusted_proxies
from services.transport.http.application import Application
from services.transport.http.connection import Connection
from services.transport.http.connection_limits import ConnectionLimits
from services.transport.http.cors import Cors
from services.transport.http.fast_path import FastPath
from services.transport.http.memory_limits import MemoryLimits
from services.transport.http.messages import Headers
from services.transport.http.workers import Workers
from services.transport.hub_socket import plain_socket

log = get_logger(__name__)

REUSE_PORT_KEY = "WEB_SERVER_REUSE_PORT"
"""Set in the container's configuration to let several processes listen on one port."""


class WebServer(ProviderCollector, SharedExtension):
    """Serves the routes of its providers, with limits on everything that clients can hold.

    Nameko's server is ``eventlet.wsgi``: a greenthread for each connection; a WSGI environment,
    timers and a response in pieces for each request. This one does without all of these.

    - A failed ``accept`` (too many open files) or connection does not end the process.
    - Connections and what they make the server hold have bounds, for each address and in all.
    - It ends gracefully: takes no new connections, finishes what it has begun, then closes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.closing = False
        self.fast_path: FastPath | None = None
        self._sock: Any = None
        self._listener: Any = None
        self._drained: Event | None = None
        # Connections, of which their limits know only what a Client has
        self._connections: set[Any] = set()
        self.memory_limits = MemoryLimits()

    def setup(self) -> None:
        """Prepare the workers, and read the settings."""
        settings = self.container.config[SETTINGS_KEY]
        self.workers = Workers(self.container)
        self.cors = Cors(settings.cors_origins)
        most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        most = min(limits.MOST_CONNECTIONS, most_files // 2)
        self.connection_limits = ConnectionLimits(trusted_proxies(settings), most)
        self._connections = self.connection_limits.all.connections
        metrics.HTTP_CONNECTIONS.set_function(lambda: len(self._connections))

    def start(self) -> None:
        """Listen."""
        if self._sock is not None:
            return
        self.application = Application(self._providers, self.cors, lambda: self.closing)
        self._hub = hubs.get_hub()
        self._sock = plain_socket.create_server(
            _parse_address(self.container.config.get(WEB_SERVER_CONFIG_KEY, "0.0.0.0:8000")),
            backlog=limits.BACKLOG,
            reuse_port=bool(self.container.config.get(REUSE_PORT_KEY, False)),
        )
        _bound_kernel(self._sock)
        self._sock.setblocking(False)
        self._listen()
        self._sweep()

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._sock.getsockname()[1]
        return port

    @property
    def headers_without_origin(self) -> Headers:
        """The CORS headers of responses to requests without ``Origin``."""
        return self.cors.headers_for(None)

    def forget(self, connection: Connection) -> None:
        """Remove a closed connection."""
        self.connection_limits.discard(connection)
        self.memory_limits.release(connection)

    def unregister_provider(self, provider: Extension) -> None:
        """Let a provider go; the first to go ends the taking of requests."""
        if provider in self._providers:
            self._drain()
        super().unregister_provider(provider)

    def stop(self) -> None:
        """Wait for the providers; by then every connection is closed."""
        self.wait_for_providers()

    def kill(self) -> None:
        """Stop listening at once."""
        self.closing = True
        if self._sock is not None:
            self._stop_listening()
            self._sock.close()

    def _listen(self) -> None:
        if not self.closing:
            descriptor, ignore = self._sock.fileno(), lambda *_: None
            self._listener = self._hub.add(
                self._hub.READ, descriptor, self._on_connections, ignore, ignore
            )

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._hub.remove(self._listener)
            self._listener = None

    def _on_connections(self, _descriptor: int) -> None:
        for _ in range(limits.ACCEPTED_AT_ONCE):
            try:
                self._admit(*self._sock.accept())
            except BlockingIOError:
                return
            except OSError as problem:
                if not self.closing:
                    log.warning("connection not accepted", reason=str(problem))
                    self._stop_listening()
                    self._hub.schedule_call_global(limits.ACCEPT_PAUSE_SECONDS, self._listen)
                return

    def _admit(self, sock: Any, socket_address: tuple[Any, ...]) -> None:
        peer = socket_address[0]
        address = self.connection_limits.address_of(peer)
        if self.connection_limits.make_room(address):
            self.connection_limits.add(Connection(self, sock, peer, address))
        else:
            sock.close()

    def _sweep(self) -> None:
        self._look_at_time([*self._connections])

    def _look_at_time(self, left: list[Connection]) -> None:
        """Look whose time is over, in parts: thousands at once would hold everybody up."""
        now = time.monotonic()
        while left:
            left.pop().look_at_time(now)
            if time.monotonic() - now > limits.SWEEP_PART_SECONDS:
                self._hub.schedule_call_global(0, self._look_at_time, left)
                return
        if not self.closing or self._connections:
            self._hub.schedule_call_global(limits.SWEEP_SECONDS, self._sweep)

    def _drain(self) -> None:
        if self._drained is not None:
            self._drained.wait()
            return
        self._drained = Event()
        self.closing = True
        if self._sock is not None:
            self._stop_listening()
            self._admit_waiting()
            self._sock.close()
            self._finish_connections()
        self._drained.send()

    def _admit_waiting(self) -> None:
        """Take what the kernel has accepted for us: closing the socket would reset it."""
        try:
            while True:
                self._admit(*self._sock.accept())
        except OSError:
            pass

    def _finish_connections(self) -> None:
        now = time.monotonic()
        grace, end = now + limits.IDLE_GRACE_SECONDS, now + budgets.STOP_SECONDS
        while self._connections and time.monotonic() < end:
            if time.monotonic() >= grace:
                for connection in [*self._connections]:
                    # by the hub, as if something had arrived
                    self._hub.schedule_call_global(0, connection.close_at_rest)
            eventlet.sleep(0.02)
        for connection in [*self._connections]:
            connection.close()


def _bound_kernel(listening: Any) -> None:
    """Limit the kernel's buffers of accepted connections, and the time data stays in them."""
    for option in (plain_socket.SO_SNDBUF, plain_socket.SO_RCVBUF):
        listening.setsockopt(plain_socket.SOL_SOCKET, option, limits.KERNEL_BUFFER)
    if hasattr(plain_socket, "TCP_USER_TIMEOUT"):
        # also limits how long the kernel keeps unread responses after we have closed
        milliseconds = limits.IDLE_SECONDS * 1000
        listening.setsockopt(plain_socket.IPPROTO_TCP, plain_socket.TCP_USER_TIMEOUT, milliseconds)


def _parse_address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)
