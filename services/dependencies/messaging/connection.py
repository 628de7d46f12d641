"""A connection to the broker that is made again whenever it is lost."""

import time
from contextlib import suppress
from itertools import chain, repeat

import eventlet
from eventlet.event import Event
from kombu import Connection
from nameko.constants import AMQP_URI_CONFIG_KEY
from nameko.extensions import SharedExtension

from services.dependencies import budgets, metrics
from services.dependencies.logs import get_logger

log = get_logger(__name__)

DRAIN_SECONDS = 1.0
CLOSE_SECONDS = 1.0


class BrokerGone(Exception):
    """The broker can't be reached, or takes no messages at present."""


class BrokerConnection(SharedExtension):
    """Keeps one connection to the broker, in a greenthread of its own that reads from it.

    Nothing that happens to the connection ends the process: kombu's own loop waits up to 30
    seconds between tries, and may hang while it closes a connection to a frozen broker.
    """

    part = "broker"
    optional = False
    purpose = "broker"
    """What the connection is for, as the management UI shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.connection: Connection | None = None
        self.usable = False
        self.blocked = False
        self._stopping = False
        self._thread = None
        self._down_since: float | None = None

    def start(self) -> None:
        """Begin to connect; does not wait for it, so that health is told from the start."""
        if self._thread is None:
            connected = metrics.BROKER_CONNECTED.labels(self.purpose)
            connected.set_function(lambda: self.usable and not self.blocked)
            self._thread = self.container.spawn_managed_thread(
                self._run, identifier=f"{self.purpose} connection"
            )

    def stop(self) -> None:
        """Close the connection; by now every worker has finished."""
        self._stopping = True
        if self._thread is not None:
            self._thread.kill()
        self._close()
        super().stop()

    def kill(self) -> None:
        """Close the connection at once."""
        self.stop()

    def ping(self) -> None:
        """Raise if the connection is not there."""
        if not self.usable:
            raise BrokerGone(f"not connected for {self.purpose}")
        if self.blocked:
            raise BrokerGone("the broker takes no messages: memory or disk alarm")

    def connected(self, connection: Connection) -> None:
        """Set up channels on a new connection."""
        raise NotImplementedError

    def disconnected(self) -> None:
        """Forget what belonged to the lost connection."""

    def _run(self) -> None:
        pauses = self._pauses()
        while not self._stopping:
            try:
                self._connect()
                pauses = self._pauses()
                self._read()
            except Exception as problem:
                self._note_loss(problem)
            self._close()
            eventlet.sleep(next(pauses))

    @staticmethod
    def _pauses() -> chain:
        return chain(budgets.BROKER_RETRY_SECONDS, repeat(budgets.BROKER_RETRY_SECONDS[-1]))

    def _connect(self) -> None:
        seconds = budgets.BROKER_CONNECT_SECONDS
        self.connection = Connection(
            self.container.config[AMQP_URI_CONFIG_KEY],
            heartbeat=budgets.BROKER_HEARTBEAT_SECONDS,
            connect_timeout=seconds,
            transport_options={
                "client_properties": {
                    "connection_name": f"{self.container.service_name}: {self.purpose}"
                },
                "on_blocked": self._on_blocked,
                "on_unblocked": self._on_unblocked,
            },
        )
        # a frozen broker accepts the connection and then says nothing
        with eventlet.Timeout(seconds, BrokerGone(f"no answer for {seconds} seconds")):
            # connect() would sleep for two seconds between its two tries
            self.connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            self.connected(self.connection)
        self.usable = True
        self._note_return()

    def _read(self) -> None:
        connection = self.connection.connection
        next_beat = time.monotonic()
        while not self._stopping:
            with suppress(TimeoutError):
                connection.drain_events(timeout=DRAIN_SECONDS)
            if not self.usable:
                raise BrokerGone("a message could not be written")
            if time.monotonic() >= next_beat:
                connection.heartbeat_tick()
                next_beat = time.monotonic() + DRAIN_SECONDS

    def _close(self) -> None:
        was_usable, self.usable, self.blocked = self.usable, False, False
        connection, self.connection = self.connection, None
        if connection is not None:
            # closing waits for the broker's answer, which a frozen one never gives
            with eventlet.Timeout(CLOSE_SECONDS, False):
                try:
                    connection.release()
                except Exception as problem:
                    log.debug("connection closed badly", reason=str(problem))
            if connection.connected:
                connection.collect(socket_timeout=0)
        if was_usable:
            metrics.BROKER_LOST.labels(self.purpose).inc()
            self.disconnected()

    def _on_blocked(self, reason: str) -> None:
        self.blocked = True
        log.warning("broker takes no messages", reason=reason, purpose=self.purpose)

    def _on_unblocked(self) -> None:
        self.blocked = False
        log.warning("broker takes messages again", purpose=self.purpose)

    def _note_loss(self, problem: Exception) -> None:
        if self._down_since is None and not self._stopping:
            self._down_since = time.monotonic()
            log.warning(
                "broker connection lost, trying again until it is back",
                purpose=self.purpose,
                reason=f"{type(problem).__name__}: {problem}",
            )

    def _note_return(self) -> None:
        if self._down_since is not None:
            seconds = round(time.monotonic() - self._down_since, 1)
            log.warning("broker connection is back", purpose=self.purpose, after_seconds=seconds)
        self._down_since = None


def wait_for(event: Event, seconds: float) -> object:
    """Return what an event brings, or None after so many seconds."""
    with eventlet.Timeout(max(seconds, 0), False):
        return event.wait()
    return None
