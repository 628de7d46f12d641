"""A cache in Redis that may be absent: every failure is a miss.

Staleness is prevented by *versions*. A value is stored together with the version of whatever it
was made from (say, a user's workouts), read before the database was. A write marks the version as
changing before it begins, and replaces it after its commit and before it is acknowledged, so a
value that raced with the write can never be served. The mark ends by itself: a process that is
killed in between leaves nothing stale for longer than that. The mark is sent and not waited for:
nothing overtakes it on its link, and when that is lost the replacement takes a new one.

A replacement that did not reach Redis is remembered and sent before this process believes anything
that Redis says again, each time as another version. Other processes that could not reach Redis
either believe it one pause later, when all have sent what they had.

Keeping a value is not waited for either: it comes with its version, so it may be late or lost.

A Redis that starts again from an old copy on disk brings back old versions with the old values that
belong to them. So a value is stored with the id of the server's run, too, and serves only in that.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import eventlet
import orjson
from eventlet.event import Event
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.dependencies import budgets, metrics
from services.dependencies.outages import Outage
from services.dependencies.redis_link import RedisFailure, RedisLink
from services.dependencies.settings import SETTINGS_KEY

CHANGING = "changing:"
"""Beginning of a version while a write is under way: nothing is kept or served under it."""

CHANGING_SECONDS = int(budgets.REQUEST_SECONDS)

MOST_REPLACED = 10_000

VERSION_SECONDS = 7 * 24 * 3600
"""Longer than any value lives, so that a version never ends before what it guards."""


class Looked(NamedTuple):
    """What a look at a version and at a key that should have no value has shown."""

    is_right: bool
    """Whether the version is the expected one, and the other key has no value."""
    version: str | None
    """The version as it is now; None where nothing may be kept."""
    is_absent: bool


UNSEEN = Looked(is_right=False, version=None, is_absent=False)
"""Nothing: Redis is away, or not to be believed."""

Then = Callable[[Any, str | None], None]
"""Gets an answer and the server's run that it is from; None where there is nothing to believe."""


class Cache(DependencyProvider):
    """Gives workers the cache. No method ever raises because of Redis."""

    part = "redis"
    optional = True

    def __init__(self) -> None:
        self._unsent: dict[str, tuple[str | None, int]] = {}
        self._replaced: dict[str, tuple[str, str | None]] = {}
        """Versions that this process has set, and has kept nothing under."""
        self._down_until = 0.0
        self._believed_from = 0.0
        self._failures = 0
        self._sender = None
        self._outage = Outage("redis", "going on without it")

    def setup(self) -> None:
        """Make the link; it connects when it is first used."""
        settings = self.container.config[SETTINGS_KEY]
        self.link = RedisLink(settings.redis_host, settings.redis_port)

    def stop(self) -> None:
        """Close the connection."""
        self.link.close()

    def ping(self) -> None:
        """Raise if Redis does not answer."""
        answered = Event()
        self.link.send(("PING",), answered.send)
        answer = answered.wait()
        if isinstance(answer, RedisFailure):
            raise answer

    def get_dependency(self, worker_ctx: WorkerContext) -> "Cache":
        """Return the provider itself: it keeps nothing per worker."""
        return self

    def get(self, key: str) -> Any:
        """Return the value under a key, or None."""
        text, _ = self._ask("GET", key, believing=True)
        return None if text is None else orjson.loads(text)

    def set(self, key: str, value: object, seconds: int) -> None:
        """Keep a JSON value for some seconds; does not wait until it is kept."""
        command = "SET", key, orjson.dumps(value).decode(), "EX", max(int(seconds), 1)
        self._begin(command, _forget, in_no_hurry=True)

    def delete(self, *keys: str) -> None:
        """Forget values."""
        if keys:
            self._ask("DEL", *keys)

    def version(self, version_key: str) -> str | None:
        """Return a version for keeping something elsewhere; None if nothing may be kept now."""
        return self.asking_version(version_key)()

    def asking_version(self, version_key: str) -> Callable[[], str | None]:
        """Ask for a version without waiting, and return what waits and gives it."""
        asked = self._tell("GET", version_key)

        def wait() -> str | None:
            version, run = asked.wait()
            if not version:
                version, run = self._begin_version(version_key)
            if not version or version.startswith(CHANGING):
                return None
            return f"{run}/{version}"

        return wait

    def is_version(self, version: str, version_key: str, absent_key: str) -> bool:
        """Tell, in one go, whether a version is the current one and another key has no value.

        Args:
            version: as :meth:`version` returned it.
            version_key: where it is kept.
            absent_key: what must not be there, such as a token's revocation.
        """
        return _looked(version, *self._ask("MGET", version_key, absent_key)).is_right

    def check_version(
        self, version: str, version_key: str, absent_key: str, then: Callable[[Looked], None]
    ) -> None:
        """Ask what :meth:`is_version` asks, without waiting; the event loop itself may do it.

        Args:
            version: as :meth:`version` returned it.
            version_key: where it is kept.
            absent_key: what must not be there.
            then: called once: with the answer when that is there, or with :data:`UNSEEN`; at once
                while Redis is away, otherwise at the latest when the link gives up.
        """
        command = "MGET", version_key, absent_key
        self._begin(command, lambda found, run: then(_looked(version, found, run)))

    def remember(self, key: str, version_key: str, seconds: int, make: Callable[[], object]) -> Any:
        """Return the value under a key if nothing it was made from has changed, or make it anew.

        Args:
            key: where the value is kept.
            version_key: where the version of what it is made from is kept.
            seconds: how long the value may live.
            make: makes the value, a plain JSON one; None, for what there is not, is not kept.
        """
        replaced = self._replaced.pop(version_key, None)
        if replaced is not None:
            # what was kept before that is stale, so nobody need be asked
            metrics.CACHE_STALE.inc()
            return self._make(key, *replaced, seconds, make)
        found, run = self._ask("MGET", version_key, key)
        version, text = found or (None, None)
        if version is not None and text is not None:
            kept = orjson.loads(text)
            if kept["version"] == version and kept.get("run") == run:
                metrics.CACHE_HIT.inc()
                return kept["value"]
        (metrics.CACHE_MISS if text is None else metrics.CACHE_STALE).inc()
        if version is None:
            version, run = self._begin_version(version_key)
        return self._make(key, version, run, seconds, make)

    def _make(
        self,
        key: str,
        version: str | None,
        run: str | None,
        seconds: int,
        make: Callable[[], object],
    ) -> Any:
        """Make a value, and keep it under a version that was there before."""
        value = make()
        # what comes into being has no version of its own yet that could be replaced
        if value is None:
            return None
        if version is not None and not version.startswith(CHANGING):
            self.set(key, {"version": version, "run": run, "value": value}, seconds)
        return value

    def keep(self, key: str, value: object, seconds: int) -> None:
        """Keep a JSON value for some seconds, from now on or from when Redis is back."""
        self._send_surely({key: (orjson.dumps(value).decode(), max(int(seconds), 1))})

    @contextmanager
    def changing(self, *version_keys: str) -> Iterator[None]:
        """Surround a write: what was kept under these versions is stale from its begin on."""
        self._mark(version_keys)
        try:
            yield
        finally:
            self.outdate(*version_keys)

    def outdate(self, *version_keys: str) -> None:
        """Make stale what was kept under these versions, now or as soon as Redis is back."""
        self._send_surely(dict.fromkeys(version_keys, (None, VERSION_SECONDS)))

    def _mark(self, version_keys: tuple[str, ...]) -> None:
        mark = CHANGING + uuid.uuid4().hex
        marked = [self._tell("SET", key, mark, "EX", CHANGING_SECONDS) for key in version_keys]
        if self.link.is_open:
            # it has left before the write begins, and what replaces it can't overtake it
            self.link.flush()
            return
        for each in marked:
            each.wait()

    def _begin_version(self, version_key: str) -> tuple[str | None, str | None]:
        # of several that begin one, the first counts for all
        self._tell("SET", version_key, uuid.uuid4().hex, "EX", VERSION_SECONDS, "NX")
        return self._ask("GET", version_key)

    def _ask(self, *command: str | int, believing: bool = False) -> tuple[Any, str | None]:
        return self._tell(*command, believing=believing).wait()

    def _tell(self, *command: str | int, believing: bool = False) -> Event:
        """Send a command; the event brings what a :data:`Then` gets."""
        answered = Event()
        self._begin(command, lambda *answer: answered.send(answer), believing)
        return answered

    def _begin(
        self,
        command: tuple[str | int, ...],
        then: Then,
        believing: bool = False,
        in_no_hurry: bool = False,
    ) -> None:
        if time.monotonic() < self._down_until:
            metrics.CACHE_FAILURES.inc()
            then(None, None)
            return
        self._send_unsent()

        def take(answer: Any, went_well: bool) -> None:
            is_believed = believing or (went_well and time.monotonic() >= self._believed_from)
            then(answer if is_believed else None, self.link.run)

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
        self._unsent.update(values)
        self._send_now()

    def _send_now(self) -> None:
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

        def take(answer: Any, _went_well: bool) -> None:
            if answer is None:
                self._put_back(key, value, seconds)
            elif value is None:
                self._note_replaced(key, text)
            answered.send()

        # a try that seemed to fail may have arrived: what was kept since must not become valid
        # again when it is repeated, so each try is another version
        text = uuid.uuid4().hex if value is None else value
        self._send(("SET", key, text, "EX", seconds), take)
        return answered

    def _note_replaced(self, version_key: str, version: str) -> None:
        if len(self._replaced) >= MOST_REPLACED:
            self._replaced.clear()
        self._replaced[version_key] = version, self.link.run

    def _put_back(self, key: str, value: str | None, seconds: int) -> None:
        self._unsent[key] = value, seconds
        if self._sender is None:
            self._sender = self.container.spawn_managed_thread(
                self._send_later, identifier="cache.send_later"
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
            self._believed_from = time.monotonic() + budgets.REDIS_PAUSE_SECONDS

    def _note_failure(self, problem: Exception) -> None:
        metrics.CACHE_FAILURES.inc()
        self._failures += 1
        self._outage.begin(str(problem))
        self._down_until = time.monotonic() + budgets.REDIS_PAUSE_SECONDS


def _forget(_answer: Any, _run: str | None) -> None:
    """Take the answer to what is not waited for."""


def _looked(version: str, found: list[str | None] | None, run: str | None) -> Looked:
    if not found:
        return UNSEEN
    current, absent = found
    if current is None or current.startswith(CHANGING):
        return Looked(is_right=False, version=None, is_absent=absent is None)
    now = f"{run}/{current}"
    return Looked(absent is None and now == version, now, absent is None)
