"""The web server as a Nameko extension."""

import resource
import socket
import time
from functools import partial

import eventlet
from eventlet import wsgi
from eventlet.event import Event
from nameko.extensions import Extension
from nameko.web import server as nameko_web

from services.dependencies import budgets, metrics
from services.dependencies.logs import get_logger
from services.dependencies.settings import SETTINGS_KEY
from services.dependencies.web import bounds
from services.dependencies.web.application import Application
from services.dependencies.web.cors import Cors
from services.dependencies.web.protocol import Connection
from services.dependencies.web.shortcut import Shortcut
from services.dependencies.web.workers import Workers

log = get_logger(__name__)

REUSE_PORT_KEY = "WEB_SERVER_REUSE_PORT"
"""Set in the container's configuration to let several processes listen on one port."""


class WebServer(nameko_web.WebServer):
    """Nameko's web server, which no client can stop or fill up.

    - A failed ``accept`` (too many open files) or connection does not end the process.
    - There is a bound on connections; the longest idle one makes place for a new one.
    - It ends gracefully: takes no new connections, finishes what it has begun, then closes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.closing = False
        self.shortcut: Shortcut | None = None
        self._drained: Event | None = None
        self._connections: dict[int, list] = {}

    def setup(self) -> None:
        """Prepare the workers."""
        self.workers = Workers(self.container)
        metrics.HTTP_CONNECTIONS.set_function(lambda: len(self._connections))

    def start(self) -> None:
        """Listen."""
        if self._starting:
            return
        self._starting = True
        reuse_port = bool(self.container.config.get(REUSE_PORT_KEY, False))
        self._sock = eventlet.listen(self.bind_addr, backlog=bounds.BACKLOG, reuse_port=reuse_port)
        self._sock.settimeout(None)
        self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
        self._most = min(
            bounds.MOST_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
        )
        self._gt = self.container.spawn_managed_thread(self.run, identifier="http accept")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._sock.getsockname()[1]

    def get_wsgi_app(self) -> Application:
        """Return the application that answers the requests."""
        cors = Cors(self.container.config[SETTINGS_KEY].cors_origins)
        shortcut = None if cors.origins else self.shortcut
        return Application(self._providers, cors, lambda: self.closing, shortcut)

    def get_wsgi_server(self, sock: socket.socket, wsgi_app: Application) -> wsgi.Server:
        """Return eventlet's server with our connections; the application logs, not eventlet."""
        server = wsgi.Server(
            sock,
            sock.getsockname(),
            wsgi_app,
            protocol=Connection,
            debug=False,
            log_output=False,
            socket_timeout=bounds.IDLE_SECONDS,
        )
        # as an argument it brings a warning: it is for clients that care about the case
        server.capitalize_response_headers = False
        return server

    def run(self) -> None:
        """Accept connections until the server closes."""
        while not self.closing:
            try:
                sock, address = self._sock.accept()
            except OSError as problem:
                if not self.closing:
                    log.warning("connection not accepted", reason=str(problem))
                    eventlet.sleep(bounds.ACCEPT_PAUSE_SECONDS)
                continue
            self._admit(sock, address)

    def process_request(self, sock: socket.socket, address: tuple) -> None:
        """Serve a connection; nothing that happens there ends the process."""
        state = [address, sock, wsgi.STATE_IDLE]
        self._connections[id(state)] = state
        try:
            self._serv.process_request(state)
        except Exception as problem:
            if not isinstance(problem, OSError):
                log.error("connection failed", exc_info=problem, peer=address[0])
        finally:
            del self._connections[id(state)]
            sock.close()

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
            self._sock.close()

    def _admit(self, sock: socket.socket, address: tuple) -> None:
        if len(self._connections) >= self._most and not self._close_idle(1):
            log.warning("too many connections, one refused", connections=len(self._connections))
            sock.close()
            return
        sock.settimeout(bounds.IDLE_SECONDS)
        self.container.spawn_managed_thread(
            partial(self.process_request, sock, address), identifier="http connection"
        )

    def _close_idle(self, most: int) -> int:
        idle = [state for state in self._connections.values() if state[2] == wsgi.STATE_IDLE]
        for state in idle[:most]:
            state[2] = wsgi.STATE_CLOSE
            try:
                # its own greenthread reads the end of the stream, and closes it
                state[1].shutdown(socket.SHUT_RDWR)
            except OSError as problem:
                log.debug("connection already gone", reason=str(problem))
        return len(idle[:most])

    def _drain(self) -> None:
        if self._drained is not None:
            self._drained.wait()
            return
        self._drained = Event()
        self.closing = True
        if self._sock is not None:
            self._gt.kill()
            self._admit_waiting()
            self._sock.close()
            self._finish_connections()
        self._drained.send()

    def _admit_waiting(self) -> None:
        """Take what the kernel has accepted for us: closing the socket would reset it."""
        self._sock.settimeout(0)
        try:
            while True:
                self._admit(*self._sock.accept())
        except OSError:
            pass

    def _finish_connections(self) -> None:
        now = time.monotonic()
        grace, end = now + bounds.IDLE_GRACE_SECONDS, now + budgets.STOP_SECONDS
        while self._connections and time.monotonic() < end:
            if time.monotonic() >= grace:
                self._close_idle(len(self._connections))
            eventlet.sleep(0.02)
