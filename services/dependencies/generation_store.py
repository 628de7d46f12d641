"""Generations of cached things, in a Redis that may be absent: the protocol against stale reads.

A generation is a random number under a key of its own (``cache_generations``). Whatever is made
from something, say a user's workouts, is cached together with the current generation of that, which
was read before the database was; and it is valid as long as that generation is the current one.

**A write** marks the generation as changing before it begins, and replaces it after its commit and
before it is acknowledged. So what raced with the write is never served after it. The mark ends by
itself: a process that is killed in between leaves nothing stale for longer than that. The mark is
sent and not waited for, because nothing overtakes it on its link; when the link is lost, the
replacement takes a new one.

**What is made from several things** has a generation for each, and is stale as soon as one of them
is replaced.

**A generation is never given twice.** So whatever Redis loses, and whenever, nothing becomes valid
again by that: a generation that is gone is begun anew, as another one. Each begins with the
lifetime of a request, and lives longer only once something is cached under it, as long as that
does: what does not exist leaves no key behind. Storing and prolonging are one step in Redis, and
happen only while the generation is still the current one.

**A replacement that did not reach Redis** is queued (``services.transport.redis.pending_writes``)
and sent before this process believes anything that Redis says again, each time as another
generation. Other processes that could not reach Redis either believe it one pause later, when all
have sent what they had.

**A Redis that starts again from an old copy on disk** brings back old generations together with the
old values that belong to them. So the id of the server's run is a part of what is compared: what is
cached serves only in the run that it was made in.

**What others have written under our keys** is a miss, and no failure: ``MGET`` gives nothing for a
value of another type, where ``GET`` would be refused, and whatever is not as we write it counts as
nothing. docs/decisions/cache-generations.md tells what else was considered.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from services.process import budgets
from services.process.settings import Settings
from services.transport.redis.pending_writes import FRESH
from services.transport.redis.store import RedisStore

CHANGING = "changing:"
"""Beginning of a generation while a write is under way: nothing is cached or served under it."""

REQUEST_SECONDS = int(budgets.REQUEST_SECONDS)
"""The lifetime of a mark, and of a generation that nothing has been cached under yet."""

MOST_OWN = 10_000

CHECK_AND_PROLONG = (
    "local current = redis.call('MGET', unpack(KEYS, 1, #ARGV - 1)) "
    "for i = 2, #ARGV do if current[i - 1] ~= ARGV[i] then return 0 end end "
    "for i = 2, #ARGV do if redis.call('TTL', KEYS[i - 1]) < tonumber(ARGV[1]) then "
    "redis.call('EXPIRE', KEYS[i - 1], ARGV[1]) end end "
)
"""Lua; ``KEYS``: of the generations. ``ARGV``: seconds, and the generations as they have to be."""

PROLONG = CHECK_AND_PROLONG + "return 1"

GenerationKeys = str | tuple[str, ...]
"""The key of the generation, or those of the generations, of what something is made from."""

Found = tuple[list[str | None] | None, str | None]
"""Generations as Redis has them, and the id of its run; None where there is nothing to believe."""

_GENERATION = re.compile("[0-9a-f]{32}")


class GenerationStore(RedisStore):
    """Reads, begins and replaces generations. No method ever raises because of Redis."""

    part = "redis"

    def __init__(self) -> None:
        super().__init__()
        self._known = _KnownGenerations()
        self._believed_from = 0.0

    @staticmethod
    def place(settings: Settings) -> tuple[str, int]:
        """Return the host and the port of the server."""
        return settings.redis_host, settings.redis_port

    def generation(self, generation_keys: GenerationKeys) -> str | None:
        """Return a generation to cache something elsewhere under; None if nothing may be cached."""
        return self.ask_generation(generation_keys)()

    def ask_generation(self, generation_keys: GenerationKeys) -> Callable[[], str | None]:
        """Ask for a generation without waiting, and return what waits for it and returns it."""
        keys = several(generation_keys)
        asked = self._tell("MGET", *keys)

        def wait() -> str | None:
            found, run = asked.wait()
            if not found or None in found:
                found, run = self._begin_generations(keys)
            return _named(found, run)

        return wait

    def is_current(self, generation: str, generation_keys: GenerationKeys) -> bool:
        """Tell whether a generation, as :meth:`generation` returned it, is the current one."""
        found, run = self._ask("MGET", *several(generation_keys))
        return bool(found) and _named(found, run) == generation

    def look_up_generations(
        self, first: GenerationKeys, second: str, then: Callable[[str | None, str | None], None]
    ) -> None:
        """Ask for two current generations without waiting; the event loop itself may do it.

        Args:
            first: where one is kept, or its parts.
            second: where the other is kept.
            then: called once, with both generations, None for one that is not to be believed; at
                once while Redis is away, otherwise at the latest when the link gives up.
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
        """Ask for a generation without waiting, and begin one where there is none.

        Args:
            generation_key: where it is kept.
            seconds: how long one that is begun lives.
            then: called once, with the generation, or with None where nothing is to be believed.
        """
        self._begin(("SET", generation_key, uuid.uuid4().hex, "EX", seconds, "NX"), ignore)
        self._begin(("MGET", generation_key), lambda found, run: then(_named(found, run)))

    def prolong(self, generation: str, generation_keys: GenerationKeys, seconds: int) -> None:
        """Let a generation live as long as what was cached under it elsewhere; does not wait.

        Args:
            generation: as :meth:`generation` returned it; one that has been replaced stays so.
            generation_keys: where it is kept.
            seconds: how long what was cached may live.
        """
        keys = several(generation_keys)
        command = "EVAL", PROLONG, len(keys), *keys, seconds, *generation.split("/")[1:]
        self._begin(command, ignore, in_no_hurry=True)

    @contextmanager
    def changing(self, *generation_keys: str) -> Iterator[None]:
        """Surround a write: what was cached under these generations is stale from its begin on."""
        self._mark(generation_keys)
        try:
            yield
        finally:
            # also after a failure: the write may have been committed all the same
            self.invalidate(*generation_keys)

    def invalidate(self, *generation_keys: str) -> None:
        """Replace these generations, now or as soon as Redis is back."""
        self._send_surely(dict.fromkeys(generation_keys, (FRESH, REQUEST_SECONDS)))

    def _mark(self, generation_keys: tuple[str, ...]) -> None:
        mark = CHANGING + uuid.uuid4().hex
        marked = [self._tell("SET", key, mark, "EX", REQUEST_SECONDS) for key in generation_keys]
        if self.link.is_open:
            # it has left before the write begins, and what replaces it can't overtake it
            # (test_the_mark_has_left_before_the_write_begins)
            self.link.flush()
            return
        for each in marked:
            each.wait()

    def _begin_generations(self, keys: tuple[str, ...]) -> Found:
        # NX: of several processes that begin one at a time, the first counts for all
        for key in keys:
            self._tell("SET", key, uuid.uuid4().hex, "EX", REQUEST_SECONDS, "NX")
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
    """Generations that need not be asked for, since this process has set them itself.

    After a write nothing can be cached under the new generation before somebody has read. So the
    first read of the process that wrote need not ask Redis at all. A mistake costs nothing but the
    storing: Redis compares all generations again in that moment, and none is ever given twice.
    """

    def __init__(self) -> None:
        self._own: dict[str, tuple[str, str | None, float]] = {}
        """Generations that this process has set and not used yet, the run, and when they end."""
        self._shared: dict[str, tuple[str | None, str | None]] = {}
        """The latest known generations, with the run, of what many values are made from."""

    def note_own(self, key: str, generation: str, run: str | None) -> None:
        """Note a generation that this process has set."""
        if len(self._own) >= MOST_OWN:
            self._own.clear()
        self._own[key] = generation, run, time.monotonic() + REQUEST_SECONDS

    def note_shared(self, keys: tuple[str, ...], found: Found) -> None:
        """Note all generations but the first, which is the one that changes most often."""
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
    """Return one key, or several, as several."""
    return (generation_keys,) if isinstance(generation_keys, str) else generation_keys


def are_ours(generations: list[str | None] | None) -> bool:
    """Tell whether all are generations as we write them, and none is a mark or missing."""
    return bool(generations) and all(
        each is not None and _GENERATION.fullmatch(each) for each in generations
    )


def ignore(_answer: Any, _run: str | None) -> None:
    """Take the answer to what is not waited for."""


def _named(generations: list[str | None] | None, run: str | None) -> str | None:
    """Return generations as one text with the run; None where nothing may be cached."""
    return f"{run}/{'/'.join(generations)}" if are_ours(generations) else None
