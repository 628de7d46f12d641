"""A Redis server that may be absent: no method raises because of it, and no call waits long.

There are two. The cache may lose anything at any time, and makes room for what is new by itself;
the counters' store loses nothing, and refuses what is new when it is full. What may be where says
:mod:`services.dependencies.redis_keys`.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.event import Event
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.observability import metrics
from services.observability.outages import Outage
from services.process import budgets
from services.process.settings import SETTINGS_KEY, Settings
from services.transport.redis.pipeline import RedisFailure, RedisLink

Then = Callable[[Any, str | None], None]
"""Gets an answer and the server's run that it is from; None where there is nothing to believe."""

FRESH = None
"""In place of a value: another one with each try to send it."""


class RedisStore(DependencyProvider):
    """One server, over one link; after a failure nothing is asked for a pause.

    What must arrive is kept when it could not, and sent before anything else is asked again.
    """

    part: str
    """The server's name in logs and in answers about readiness."""
    optional = True

    def __init__(self) -> None:
        self._unsent: dict[str, tuple[str | None, int]] = {}
        self._down_until = 0.0
        self._failures = 0
        self._sender = None
        self._outage = Outage(self.part, "going on without it")

    @staticmethod
    def place(settings: Settings) -> tuple[str, int]:
        """Return the host and the port of the server."""
        raise NotImplementedError

    def setup(self) -> None:
        """Make the link; it connects when it is first used."""
        self.link = RedisLink(*self.place(self.container.config[SETTINGS_KEY]))

    def stop(self) -> None:
        """Close the connection."""
        self.link.close()

    def ping(self) -> None:
        """Raise if the server does not answer."""
        answered = Event()
        self.link.send(("PING",), answered.send)
        answer = answered.wait()
        if isinstance(answer, RedisFailure):
            raise answer

    def get_dependency(self, worker_ctx: WorkerContext) -> "RedisStore":
        """Return the provider itself: it keeps nothing per worker."""
        return self

    def _is_believed(self, went_well: bool) -> bool:
        """Tell whether an answer counts; see :meth:`_send` for ``went_well``."""
        return True

    def _note_arrived(self, key: str, value: str | None, text: str) -> None:
        """Take note of what was sent surely and has arrived: ``text``, for ``value``."""

    def _ask(self, *command: str | int) -> tuple[Any, str | None]:
        return self._tell(*command).wait()

    def _tell(self, *command: str | int) -> Event:
        """Send a command; the event brings what a :data:`Then` gets."""
        answered = Event()
        self._begin(command, lambda *answer: answered.send(answer))
        return answered

    def _begin(self, command: tuple[str | int, ...], then: Then, in_no_hurry: bool = False) -> None:
        if time.monotonic() < self._down_until:
            metrics.CACHE_FAILURES.inc()
            then(None, None)
            return
        self._send_unsent()

        def take(answer: Any, went_well: bool) -> None:
            then(answer if self._is_believed(went_well) else None, self.link.run)

        self._send(command, take, in_no_hurry)

    def _send(
        self,
        command: tuple[str | int, ...],
        take: Callable[[Any, bool], None],
        in_no_hurry: bool = False,
    ) -> None:
        """Send a command.

        Args:
            command: its name and arguments.
            take: gets the answer, or None for a failure; and whether neither the command nor
                another one that was on its way failed, such as what had to arrive before it.
            in_no_hurry: whether it may leave a moment later.
        """
        failures = self._failures

        def note(answer: Any) -> None:
            if isinstance(answer, RedisFailure):
                self._note_failure(answer)
                take(None, False)
                return
            went_well = failures == self._failures
            if went_well:
                self._note_success()
            take(answer, went_well)

        self.link.send(command, note, in_no_hurry)

    def _send_surely(self, values: dict[str, tuple[str | None, int]]) -> None:
        """Send values with the seconds that they live, now or as soon as the server is back."""
        self._unsent.update(values)
        # what this process takes for an outage may be its own slowness, and others see none
        is_paused = time.monotonic() < self._down_until
        self._try_to_send(budgets.REDIS_GLANCE_SECONDS if is_paused else 2 * budgets.REDIS_SECONDS)
        if self._unsent and not is_paused:
            # the link had been lost before, which nobody had seen yet
            self._try_to_send(budgets.REDIS_GLANCE_SECONDS)

    def _try_to_send(self, seconds: float) -> None:
        answered = self._send_unsent()
        if answered is not None:
            with eventlet.Timeout(seconds, False):
                answered.wait()

    def _send_unsent(self) -> Event | None:
        """Send what has not arrived; the event is sent when the last of it has, or has failed."""
        unsent, self._unsent = self._unsent, {}
        answered = None
        for key, (value, seconds) in unsent.items():
            answered = self._send_value(key, value, seconds)
        return answered

    def _send_value(self, key: str, value: str | None, seconds: int) -> Event:
        answered = Event()
        # a try that seemed to fail may have arrived: what was kept since must not become valid
        # again when it is repeated, so each try is another version
        text = uuid.uuid4().hex if value is FRESH else value

        def take(answer: Any, _went_well: bool) -> None:
            if answer is None:
                self._put_back(key, value, seconds)
            else:
                self._note_arrived(key, value, text)
            answered.send()

        self._send(("SET", key, text, "EX", seconds), take)
        return answered

    def _put_back(self, key: str, value: str | None, seconds: int) -> None:
        self._unsent[key] = value, seconds
        if self._sender is None:
            self._sender = self.container.spawn_managed_thread(
                self._send_later, identifier=f"{self.part}.send_later"
            )

    def _send_later(self) -> None:
        while self._unsent:
            eventlet.sleep(budgets.REDIS_PAUSE_SECONDS / 5)
            answered = self._send_unsent()
            if answered is not None:
                answered.wait()
        self._sender = None

    def _note_success(self) -> None:
        if self._outage.since is not None:
            self._outage.end()
            self._down_until = 0.0

    def _note_failure(self, problem: Exception) -> None:
        metrics.CACHE_FAILURES.inc()
        self._failures += 1
        self._outage.begin(str(problem))
        self._down_until = time.monotonic() + budgets.REDIS_PAUSE_SECONDS
