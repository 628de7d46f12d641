"""A Redis server as an optional dependency: no method raises because of it, no call waits long.

There are two servers. The cache may lose any key at any time, and evicts keys when it is full; the
counters' server keeps its keys, and refuses writes when it is full.
:mod:`services.dependencies.redis_keys` lists which keys are where.
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
from services.transport.redis.pipeline import Command, RedisFailure, RedisLink

SCANNED_AT_ONCE = 1000
"""Keys that the server looks at before it serves others again; takes less than a millisecond."""

Then = Callable[[Any, str | None], None]
"""Takes a reply and the id of the server's run; the reply is None if it must not be used."""


class RedisStore(DependencyProvider):
    """One server, over one connection; after a failure no command is sent for a pause.

    Writes that must arrive are queued if they fail, and sent before the next command.
    """

    part: str
    """The server's name in the log and in ``GET /ready``."""
    optional = True

    def __init__(self) -> None:
        self._pending = PendingWrites(self._send, self._note_arrived, self._spawn)
        self._down_until = 0.0
        self._failures = 0
        self._outage = Outage(self.part, "going on without it")

    @property
    def outage(self) -> Outage:
        """The server's outage, to be shared with other clients of the same server."""
        return self._outage

    @staticmethod
    def place(settings: Settings) -> tuple[str, int]:
        """Return host and port of the server."""
        raise NotImplementedError

    def setup(self) -> None:
        """Create the link; it connects with the first command."""
        self.link = RedisLink(*self.place(self.container.config[SETTINGS_KEY]))

    def stop(self) -> None:
        """Close the connection."""
        self.link.close()

    def ping(self) -> None:
        """Raise ``RedisFailure`` if the server does not reply."""
        answered = Event()
        self.link.send(("PING",), answered.send)
        answer = answered.wait()
        if isinstance(answer, RedisFailure):
            raise answer

    def delete_matching(self, pattern: str) -> None:
        """Delete all keys that match a pattern of Redis; without a ``*`` it is one key.

        Raises:
            RedisFailure: the server is away, or has just come back.
        """
        if "*" not in pattern:
            self._insist("UNLINK", pattern)
            return
        cursor: str | None = None
        while cursor != "0":
            scan = ("SCAN", cursor or "0", "MATCH", pattern, "COUNT", SCANNED_AT_ONCE)
            cursor, keys = self._insist(*scan)
            if keys:
                self._insist("UNLINK", *keys)

    def _insist(self, *command: str | int) -> Any:
        answer, _ = self._ask(*command)
        if answer is None:
            raise RedisFailure(f"{self.part} does not answer")
        return answer

    def get_dependency(self, worker_ctx: WorkerContext) -> "RedisStore":
        """Return the provider itself: it has no state per worker."""
        return self

    def _is_believed(self, went_well: bool) -> bool:
        """Return whether a reply may be used; see :meth:`_send` for ``went_well``."""
        return True

    def _note_arrived(self, key: str, value: str | None, text: str) -> None:
        """Called when a write of :meth:`_send_surely` has arrived; ``text`` is what was sent."""

    def _ask(self, *command: str | int) -> tuple[Any, str | None]:
        answer: tuple[Any, str | None] = self._execute(*command).wait()
        return answer

    def _execute(self, *command: str | int) -> Event:
        """Send a command; the event is sent the arguments of a :data:`Then`."""
        answered = Event()
        self._begin(command, lambda *answer: answered.send(answer))
        return answered

    def _begin(self, command: Command, then: Then, in_no_hurry: bool = False) -> None:
        if time.monotonic() < self._down_until:
            metrics.CACHE_FAILURES.inc()
            then(None, None)
            return
        # first: a reply is valid only if all queued writes have arrived before
        if self._pending:
            self._pending.send()

        def take(answer: Any, went_well: bool) -> None:
            then(answer if self._is_believed(went_well) else None, self.link.run)

        self._send(command, take, in_no_hurry)

    def _send(
        self,
        command: Command,
        take: Callable[[Any, bool], None],
        in_no_hurry: bool = False,
    ) -> None:
        """Send a command.

        Args:
            command: its name and arguments.
            take: takes the reply, or None for a failure; and whether no command has failed since
                this one was sent, such as a queued write before it.
            in_no_hurry: whether it may be sent ``NO_HURRY_SECONDS`` later, with others.
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
        """Set keys to values with lifetimes in seconds, now or as soon as the server is back."""
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
