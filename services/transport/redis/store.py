"""A Redis server that may be absent: no method raises because of it, and no call waits long.

There are two. The cache may lose anything at any time, and makes room for what is new by itself;
the counters' store loses nothing, and refuses what is new when it is full. What may be where says
:mod:`services.dependencies.redis_keys`.
"""

import time
from collections.abc import Callable
from typing import Any

from eventlet.event import Event
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.observability import metrics
from services.observability.outages import Outage
from services.process import budgets
from services.process.settings import SETTINGS_KEY, Settings
from services.transport.redis.pending_writes import PendingWrites
from services.transport.redis.pipeline import RedisFailure, RedisLink

Then = Callable[[Any, str | None], None]
"""Gets an answer and the server's run that it is from; None where there is nothing to believe."""


class RedisStore(DependencyProvider):
    """One server, over one link; after a failure nothing is asked for a pause.

    What must arrive is kept when it could not, and sent before anything else is asked again.
    """

    part: str
    """The server's name in logs and in answers about readiness."""
    optional = True

    def __init__(self) -> None:
        self._pending = PendingWrites(self._send, self._note_arrived, self._spawn)
        self._down_until = 0.0
        self._failures = 0
        self._outage = Outage(self.part, "going on without it")

    @property
    def outage(self) -> Outage:
        """The server's outage, for whoever reaches the same server in another way."""
        return self._outage

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
        # they must be there before an answer to this command can be believed
        if self._pending:
            self._pending.send()

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
        self._pending.write(values, is_paused=time.monotonic() < self._down_until)

    def _spawn(self, work: Callable[[], None]) -> None:
        self.container.spawn_managed_thread(work, identifier=f"{self.part}.send_later")

    def _note_success(self) -> None:
        if self._outage.since is not None:
            self._outage.end()
            self._down_until = 0.0

    def _note_failure(self, problem: Exception) -> None:
        metrics.CACHE_FAILURES.inc()
        self._failures += 1
        self._outage.begin(str(problem))
        self._down_until = time.monotonic() + budgets.REDIS_PAUSE_SECONDS
