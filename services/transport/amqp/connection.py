"""A connection to the broker that is made again whenever it is lost."""

import time
from contextlib import suppress
from typing import Any

import eventlet
from amqp.transport import _AbstractTransport
from eventlet.event import Event
from kombu import Connection
from nameko.constants import AMQP_URI_CONFIG_KEY
from nameko.extensions import SharedExtension

from services.observability import metrics
from services.observability.logging import get_logger
from services.process import budgets
from services.process.retrying import with_last_repeated
from services.transport.amqp import encoding, methods
from services.transport.amqp.frames import Content, FrameReader, Method
from services.transport.amqp.socket import BrokerSocket, Stuck, unread

log = get_logger(__name__)

WATCH_SECONDS = 1.0
CLOSE_SECONDS = 1.0


class BrokerGone(Exception):
    """The broker can't be reached, or takes no messages at present."""


class BrokerConnection(SharedExtension):
    """Keeps one connection to the broker, and makes it again whenever it is lost.

    kombu and py-amqp do the handshake and the declarations; then the socket is taken over
    (:mod:`~services.transport.amqp.socket`). Nothing that happens to the connection ends the
    process. kombu's ``ConsumerMixin``, on which Nameko's consumer is built, waits up to 30 seconds
    between tries whatever its transport options say, and hangs closing a connection to a frozen
    broker.

    Subclasses override ``connected``, ``ready``, ``unblocked``, ``disconnected``, ``on_content``
    and ``on_method``. The last two run in the event loop's own greenlet and must not block.
    """

    part = "broker"
    optional = False
    purpose = "broker"
    """What the connection is for, as RabbitMQ's management pages and our metrics name it."""

    def __init__(self) -> None:
        super().__init__()
        self._connection: Connection | None = None
        # Any in these: None until there has been a connection, and the socket also after it; what
        # uses them runs only on a connection
        self.socket: BrokerSocket | Any = None
        self.frame_max = 0
        self.usable = False
        self.blocked = False
        self._lost: Event | Any = None
        self._reader: FrameReader | Any = None
        self._heartbeat = 0
        self._stopping = False
        self._thread = None
        self._down_since: float | None = None
        self._first_try = Event()

    def start(self) -> None:
        """Begin to connect in the background, so that /health answers without a broker."""
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

    def wait_for_first_try(self) -> None:
        """Wait until the first try to connect has ended: before, nobody knows the broker away.

        A process takes requests a moment before it connects (tests/scale/test_gateways.py).
        """
        if not self._first_try.ready():
            with eventlet.Timeout(budgets.BROKER_CONNECT_SECONDS, False):
                self._first_try.wait()

    def connected(self, connection: Connection) -> None:
        """Open channels on a new connection, and declare what is needed; may block."""
        raise NotImplementedError

    def ready(self) -> None:
        """Begin to use the new connection, whose socket is now ours."""

    def unblocked(self) -> None:
        """Go on, as the broker's memory or disk alarm is over."""

    def disconnected(self) -> None:
        """Forget what belonged to the lost connection."""

    def on_content(self, content: Content) -> None:
        """Handle a message that was delivered or returned."""

    def on_method(self, method: Method) -> None:
        """Handle a method of class basic that carries no message."""

    def _run(self) -> None:
        pauses = with_last_repeated(budgets.BROKER_RETRY_SECONDS)
        while not self._stopping:
            try:
                self._connect()
                pauses = with_last_repeated(budgets.BROKER_RETRY_SECONDS)
                self._watch()
            except Exception as problem:
                self._note_loss(problem)
            self._close()
            eventlet.sleep(next(pauses))

    def _connect(self) -> None:
        seconds = budgets.BROKER_CONNECT_SECONDS
        connection = Connection(
            self.container.config[AMQP_URI_CONFIG_KEY],
            heartbeat=budgets.BROKER_HEARTBEAT_SECONDS,
            connect_timeout=seconds,
            transport_options={
                "client_properties": {
                    "connection_name": f"{self.container.service_name}: {self.purpose}"
                },
            },
        )
        try:
            # the kernel of a frozen broker accepts the connection, and then nothing is ever sent
            with eventlet.Timeout(seconds, BrokerGone(f"no answer for {seconds} seconds")):
                # Connection.connect() would sleep for two seconds between its two tries
                connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
                self.connected(connection)
        except BaseException:
            # release() would say goodbye and wait for the answer of a broker that may be frozen
            connection.collect(socket_timeout=0)
            raise
        self._take_over(connection)

    def _take_over(self, connection: Connection) -> None:
        # py-amqp closes the socket when its connection is collected as garbage
        self._connection = connection
        agreed = connection.connection
        self.frame_max = agreed.frame_max
        self._heartbeat = agreed.heartbeat
        self._lost = Event()
        self._reader = FrameReader(agreed.frame_max, budgets.LARGEST_MESSAGE)
        transport: _AbstractTransport = agreed.transport
        already_read = unread(transport)
        self.socket = BrokerSocket(transport, self._take, self._end)
        self.usable = True
        if already_read:
            self._take(already_read)
        self.ready()
        self._note_return()

    def _take(self, data: bytes) -> None:
        found: Content | Method
        for found in self._reader.feed(data):
            if type(found) is Content:
                self.on_content(found)
            else:
                self._take_method(found)

    def _take_method(self, method: Method) -> None:
        identity = method.method
        if identity in (methods.CONNECTION_CLOSE, methods.CHANNEL_CLOSE):
            raise BrokerGone(methods.read_reason(method.arguments))
        if identity == methods.CANCEL:
            raise BrokerGone("a queue that we consume is gone")
        if identity == methods.CONNECTION_CLOSE_OK:
            self.socket.end("stopping")
        elif identity == methods.BLOCKED:
            self._on_blocked(encoding.read_text(method.arguments, 0)[0])
        elif identity == methods.UNBLOCKED:
            self._on_unblocked()
        else:
            self.on_method(method)

    def _end(self, reason: object) -> None:
        self.usable = False
        if self._lost is not None and not self._lost.ready():
            self._lost.send(reason)

    def _watch(self) -> None:
        """Wait until the connection is lost; meanwhile send heartbeats and check the broker's."""
        while not self._stopping:
            reason = self._wait_for_loss(WATCH_SECONDS)
            if reason is not None:
                raise reason if isinstance(reason, Exception) else BrokerGone(str(reason))
            # RabbitMQ stops reading a publisher's socket while it has an alarm: that is no loss
            if self.socket.stalled_seconds() > budgets.PUBLISH_SECONDS and not self.blocked:
                raise BrokerGone("the broker takes no data")
            self._beat()

    def _beat(self) -> None:
        if not self._heartbeat:
            return
        now = time.monotonic()
        if now - self.socket.received_at > 2 * self._heartbeat:
            raise BrokerGone(f"not heard of for {2 * self._heartbeat} seconds")
        if now - self.socket.sent_at > self._heartbeat / 2:
            self.socket.write(encoding.HEARTBEAT_FRAME)

    def _close(self) -> None:
        was_usable = self.socket is not None
        if was_usable and not self.socket.closed:
            self._say_goodbye()
        self.usable, self.blocked = False, False
        self.socket = self._connection = None
        if was_usable:
            metrics.BROKER_LOST.labels(self.purpose).inc()
            self.disconnected()

    def _say_goodbye(self) -> None:
        # RabbitMQ logs a warning for a client that hangs up without connection.close; a frozen
        # broker never answers it, so the wait is short
        with suppress(Stuck):
            self.socket.write(methods.connection_close())
            self._wait_for_loss(CLOSE_SECONDS)
            self.socket.end("stopping")

    def _wait_for_loss(self, seconds: float) -> object:
        """Return why the connection was lost, or None after so many seconds."""
        with eventlet.Timeout(seconds, False):
            return self._lost.wait()
        return None

    def _on_blocked(self, reason: str) -> None:
        self.blocked = True
        log.warning("broker takes no messages", reason=reason, purpose=self.purpose)

    def _on_unblocked(self) -> None:
        self.blocked = False
        log.warning("broker takes messages again", purpose=self.purpose)
        self.unblocked()

    def _note_loss(self, problem: Exception) -> None:
        if self._down_since is None and not self._stopping:
            self._down_since = time.monotonic()
            log.warning(
                "broker connection lost, trying again until it is back",
                purpose=self.purpose,
                reason=f"{type(problem).__name__}: {problem}",
            )
        self.end_first_try()

    def _note_return(self) -> None:
        if self._down_since is not None:
            seconds = round(time.monotonic() - self._down_since, 1)
            log.warning("broker connection is back", purpose=self.purpose, after_seconds=seconds)
        self._down_since = None
        self.end_first_try()

    def end_first_try(self) -> None:
        """Let those go on who wait for the first try."""
        if not self._first_try.ready():
            self._first_try.send()
