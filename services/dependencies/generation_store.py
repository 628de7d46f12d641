"""Generations of cached data in Redis: the protocol against stale reads.

A generation is a random number under a key of its own (``cache_generations``). A value computed
from some data, say a user's workouts, is cached together with the generation of that data, read
before the database was. It is valid while that generation is current.

**A write** marks the generation as changing before it begins, and replaces it after its commit and
before it is acknowledged. So a read that raced with the write is never served after it. The mark
expires: a process that is killed in between leaves nothing stale for longer than that. The mark is
not waited for, as commands on a connection keep their order; when the connection is lost, the
replacement goes through a new one.

**A value computed from several kinds of data** has a generation for each, and is stale as soon as
one of them is replaced.

**A generation is never used twice.** So nothing becomes valid again when Redis loses keys: a
missing generation is replaced by a new random one. A new generation lives as long as a request may
take, and is prolonged only when a value is stored under it, to that value's lifetime: data that
does not exist leaves no key behind. Storing and prolonging are one atomic step, which does nothing
if the generation is no longer current.

**A replacement that did not reach Redis** is queued (``services.transport.redis.pending_writes``)
and sent before this process uses any reply of Redis again, each time as another generation. All
processes use replies only one pause after Redis is back, when the others have sent their
replacements, too.

**A Redis that restarts from an old snapshot** brings back old generations together with the values
that belong to them. So the id of the server's run is compared as well: a cached value is valid only
in the run that it was stored in.

**A value that others have written under our keys** is a miss, and no failure: ``MGET`` returns nil
for a value of another type, for which ``GET`` would fail, and a malformed value counts as missing.
docs/decisions/cache-generations.md has the alternatives that were considered.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeGuard

from services.process import budgets
from services.process.settings import Settings
from services.transport.redis.pending_writes import FRESH
from services.transport.redis.pipeline import Command
from services.transport.redis.store import RedisStore

CHANGING = "changing:"
"""Prefix of a generation while a write is in progress: nothing is cached or served under it."""

REQUEST_SECONDS = int(budgets.REQUEST_SECONDS)
"""Lifetime of a mark, and of a generation that nothing has been cached under yet."""

MOST_OWN = 10_000

CHECK_AND_PROLONG = (
    "local current = redis.call('MGET', unpack(KEYS, 1, #ARGV - 1)) "
    "for i = 2, #ARGV do if current[i - 1] ~= ARGV[i] then return 0 end end "
    "for i = 2, #ARGV do if redis.call('TTL', KEYS[i - 1]) < tonumber(ARGV[1]) then "
    "redis.call('EXPIRE', KEYS[i - 1], ARGV[1]) end end "
)
"""Lua; ``KEYS``: of the generations. ``ARGV``: seconds, and the expected generations."""

PROLONG = CHECK_AND_PROLONG + "return 1"

GenerationKeys = str | tuple[str, ...]
"""The Redis key, or keys, of the generations that a value depends on."""

Found = tuple[list[str | None] | None, str | None]
"""Generations in Redis and the id of its run; None for those that are missing or unreliable."""

_GENERATION = re.compile("[0-9a-f]{32}")


class GenerationStore(RedisStore):
    """Reads, creates and replaces generations. No method raises because of Redis."""

    part = "redis"

    def __init__(self) -> None:
        super().__init__()
        self._known = _KnownGenerations()
        self._believed_from = 0.0

    @staticmethod
    def place(settings: Settings) -> tuple[str, int]:
        """Return host and port of the server."""
        return settings.redis_host, settings.redis_port

    def generation(self, generation_keys: GenerationKeys) -> str | None:
        """Return a generation for a value cached elsewhere; None if it must not be cached."""
        return self.ask_generation(generation_keys)()

    def ask_generation(self, generation_keys: GenerationKeys) -> Callable[[], str | None]:
        """Ask for a generation without waiting; return a function that waits and returns it."""
        keys = several(generation_keys)
        asked = self._execute("MGET", *keys)

        def wait() -> str | None:
            found, run = asked.wait()
            if not found or None in found:
                found, run = self._begin_generations(keys)
            return _named(found, run)

        return wait

    def is_current(self, generation: str, generation_keys: GenerationKeys) -> bool:
        """Return whether a generation, as returned by :meth:`generation`, is still current."""
        found, run = self._ask("MGET", *several(generation_keys))
        return bool(found) and _named(found, run) == generation

    def current_generations(self, keys: Sequence[str]) -> list[str | None] | None:
        """Return current generations.

        Args:
            keys: of any number, which need have nothing to do with each other.

        Returns:
            None for each that is missing or changing; None while Redis is down.
        """
        found, run = self._ask("MGET", *keys)
        return [_named([each], run) for each in found] if found else None

    def look_up_generations(
        self, first: GenerationKeys, second: str, then: Callable[[str | None, str | None], None]
    ) -> None:
        """Ask for two current generations without waiting; safe to call in the event loop.

        Args:
            first: the key of one, or its keys.
            second: the key of the other.
            then: called once, with both generations or None for each that is missing; at once
                while Redis is down, otherwise at the latest when the command times out.
        """

        def take(found: list[str | None] | None, run: str | None) -> None:
            if not found:
                then(None, None)
            else:
                *one, other = found
                then(_named(one, run), _named([other], run))

        self._begin(("MGET", *several(first), second), take)

    def ensure_generation(
        self, generation_key: str, seconds: int, then: Callable[[str | None], None]
    ) -> None:
        """Ask for a generation without waiting; create it if it is missing.

        Args:
            generation_key: its key.
            seconds: lifetime of one that is created.
            then: called once, with the generation, or with None if Redis is down.
        """
        self._begin(("SET", generation_key, uuid.uuid4().hex, "EX", seconds, "NX"), ignore)
        self._begin(("MGET", generation_key), lambda found, run: then(_named(found, run)))

    def prolong(self, generation: str, generation_keys: GenerationKeys, seconds: int) -> None:
        """Prolong a generation to the lifetime of a value cached elsewhere; does not wait.

        Args:
            generation: as returned by :meth:`generation`; no effect if it has been replaced.
            generation_keys: its keys.
            seconds: lifetime of the cached value.
        """
        keys = several(generation_keys)
        command: Command = "EVAL", PROLONG, len(keys), *keys, seconds, *generation.split("/")[1:]
        self._begin(command, ignore, in_no_hurry=True)

    @contextmanager
    def changing(self, *generation_keys: str) -> Iterator[None]:
        """Surround a write: what is cached under these generations is stale from its start on."""
        self._mark(generation_keys)
        try:
            yield
        finally:
            # also after a failure: the write may have been committed all the same
            self.invalidate(*generation_keys)

    def invalidate(self, *generation_keys: str) -> None:
        """Replace generations, now or as soon as Redis is back."""
        self._send_surely(dict.fromkeys(generation_keys, (FRESH, REQUEST_SECONDS)))

    def _mark(self, generation_keys: tuple[str, ...]) -> None:
        mark = CHANGING + uuid.uuid4().hex
        marked = [self._execute("SET", key, mark, "EX", REQUEST_SECONDS) for key in generation_keys]
        if self.link.is_open:
            # it is sent before the write begins, and its replacement can't overtake it
            # (test_the_mark_has_left_before_the_write_begins)
            self.link.flush()
            return
        for each in marked:
            each.wait()

    def _begin_generations(self, keys: tuple[str, ...]) -> Found:
        # NX: if several processes create it at the same time, all use the first one's
        for key in keys:
            self._execute("SET", key, uuid.uuid4().hex, "EX", REQUEST_SECONDS, "NX")
        return self._ask("MGET", *keys)

    def _is_believed(self, went_well: bool) -> bool:
        return went_well and time.monotonic() >= self._believed_from

    def _note_arrived(self, key: str, value: str | None, text: str) -> None:
        self._known.note_own(key, text, self.link.run)

    def _note_success(self) -> None:
        if self._outage.since is not None:
            # others may still have replacements to send (test_others_believe_redis_only_once_...)
            self._believed_from = time.monotonic() + budgets.REDIS_PAUSE_SECONDS
        super()._note_success()


class _KnownGenerations:
    """Generations that need not be asked for, as this process has set them itself.

    After a write nothing is cached under the new generation until the first read. So that read need
    not ask Redis, if it is in the process that wrote. If the generation was replaced meanwhile,
    only the store is lost: its script compares all generations again, and none is used twice.
    """

    def __init__(self) -> None:
        self._own: dict[str, tuple[str, str | None, float]] = {}
        """By key: a generation that this process has set and not used yet, the run, the expiry."""
        self._shared: dict[str, tuple[str | None, str | None]] = {}
        """By key: the latest generation seen, and the run, of data that many values depend on."""

    def note_own(self, key: str, generation: str, run: str | None) -> None:
        """Record a generation that this process has set."""
        if len(self._own) >= MOST_OWN:
            self._own.clear()
        self._own[key] = generation, run, time.monotonic() + REQUEST_SECONDS

    def note_shared(self, keys: tuple[str, ...], found: Found) -> None:
        """Record all generations but the first, which is the one that changes most often."""
        current, run = found
        for key, generation in zip(keys[1:], current[1:] if current else (), strict=False):
            self._shared[key] = generation, run

    def take(self, keys: tuple[str, ...]) -> Found:
        """Return the generations if this process has set the first and not used it yet."""
        own = self._own.pop(keys[0], None)
        if own is None or time.monotonic() >= own[2]:
            return None, None
        generation, run, _ = own
        others = [self._shared.get(key, (None, None)) for key in keys[1:]]
        if any(of_run != run or other is None for other, of_run in others):
            return None, None
        return [generation, *(other for other, _ in others)], run


def several(generation_keys: GenerationKeys) -> tuple[str, ...]:
    """Return one or several keys as a tuple."""
    return (generation_keys,) if isinstance(generation_keys, str) else generation_keys


def are_ours(generations: list[str | None] | None) -> TypeGuard[list[str]]:
    """Tell whether all are generations as we write them, and none is a mark or missing."""
    if not generations:
        return False
    return all(each is not None and _GENERATION.fullmatch(each) for each in generations)


def ignore(_answer: Any, _run: str | None) -> None:
    """Ignore a reply."""


def _named(generations: list[str | None] | None, run: str | None) -> str | None:
    """Return run and generations as one text; None if nothing may be cached under them."""
    return f"{run}/{'/'.join(generations)}" if are_ours(generations) else None
