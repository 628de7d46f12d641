"""A cache in Redis that may be absent: every failure is a miss.

Staleness is prevented by *versions*. A value is stored together with the version of whatever it
was made from (say, a user's workouts), read before the database was. A write marks the version as
changing before it begins, and replaces it after its commit and before it is acknowledged, so a
value that raced with the write can never be served. The mark ends by itself: a process that is
killed in between leaves nothing stale for longer than that. The mark is sent and not waited for:
nothing overtakes it on its link, and when that is lost the replacement takes a new one.

What is made from several things has several versions, and is stale as soon as one is replaced.

A version is a random number that is never given twice. So whatever Redis loses, and whenever, no
value becomes valid again by that: a version that is gone is begun anew as another one. Each begins
with the lifetime of a request, and lives longer only once something is kept under it, as long as
that does: what does not exist leaves no key behind. Both happen in one step, and only while the
version is still the current one.

A replacement that did not reach Redis is remembered and sent before this process believes anything
that Redis says again, each time as another version. Other processes that could not reach Redis
either believe it one pause later, when all have sent what they had.

Keeping a value is not waited for either: it comes with its version, so it may be late or lost.

A Redis that starts again from an old copy on disk brings back old versions with the old values that
belong to them. So a value is stored with the id of the server's run, too, and serves only in that.

What others may have written under our keys is a miss, too, and no failure: every command that reads
is one that takes values of any type, and whatever is not as we write it counts as nothing.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import orjson

from services.observability import metrics
from services.process import budgets
from services.process.settings import Settings
from services.transport.redis.store import FRESH, RedisStore

CHANGING = "changing:"
"""Beginning of a version while a write is under way: nothing is kept or served under it."""

REQUEST_SECONDS = int(budgets.REQUEST_SECONDS)
"""The lifetime of a mark, and of a version that nothing has been kept under yet."""

MOST_OWN = 10_000

LONGEST_KEY = 128
"""In bytes; of a longer one the beginning is followed by a hash of all of it."""

KEPT_OF_KEY = 80

PROLONG = "local current = redis.call('MGET', unpack(KEYS, 1, #ARGV - 1)) "
PROLONG += "for i = 2, #ARGV do if current[i - 1] ~= ARGV[i] then return 0 end end "
PROLONG += "for i = 2, #ARGV do if redis.call('TTL', KEYS[i - 1]) < tonumber(ARGV[1]) then "
PROLONG += "redis.call('EXPIRE', KEYS[i - 1], ARGV[1]) end end "
KEEP = "local text = table.remove(ARGV) " + PROLONG
KEEP += "redis.call('SET', KEYS[#KEYS], text, 'EX', ARGV[1]) return 1"
PROLONG += "return 1"

GenerationKeys = str | tuple[str, ...]
"""Where the version is, or the versions are, of what a value is made from."""

_GENERATION = re.compile("[0-9a-f]{32}")


class Cache(RedisStore):
    """Gives workers the cache. No method ever raises because of Redis."""

    part = "redis"

    def __init__(self) -> None:
        super().__init__()
        self._own: dict[str, tuple[str, str | None, float]] = {}
        """Versions that this process has set and has kept nothing under, and when they end."""
        self._shared: dict[str, tuple[str, str | None]] = {}
        """The latest versions known of those that many values share."""
        self._believed_from = 0.0

    @staticmethod
    def place(settings: Settings) -> tuple[str, int]:
        """Return the host and the port of the server."""
        return settings.redis_host, settings.redis_port

    def generation(self, generation_keys: GenerationKeys) -> str | None:
        """Return a version for keeping something elsewhere; None if nothing may be kept now."""
        return self.ask_generation(generation_keys)()

    def ask_generation(self, generation_keys: GenerationKeys) -> Callable[[], str | None]:
        """Ask for a version without waiting, and return what waits and gives it."""
        keys = _several(generation_keys)
        asked = self._tell("MGET", *keys)

        def wait() -> str | None:
            found, run = asked.wait()
            if not found or None in found:
                return _named(*self._begin_generations(keys))
            return _named(found, run)

        return wait

    def is_current(self, generation: str, generation_keys: GenerationKeys) -> bool:
        """Tell whether a version, as :meth:`generation` returned it, is the current one."""
        found, run = self._ask("MGET", *_several(generation_keys))
        return bool(found) and _named(found, run) == generation

    def look_up_generations(
        self, first: GenerationKeys, second: str, then: Callable[[str | None, str | None], None]
    ) -> None:
        """Ask for two current versions without waiting; the event loop itself may do it.

        Args:
            first: where one is kept, or its parts.
            second: where the other is kept.
            then: called once, with both versions, None for one that is not to be believed; at
                once while Redis is away, otherwise at the latest when the link gives up.
        """

        def take(found: list[str | None] | None, run: str | None) -> None:
            if not found:
                then(None, None)
            else:
                *one, other = found
                then(_named(one, run), _named([other], run))

        self._begin(("MGET", *_several(first), second), take)

    def ensure_generation(
        self, generation_key: str, seconds: int, then: Callable[[str | None], None]
    ) -> None:
        """Ask for a version without waiting, and begin one where there is none.

        Args:
            generation_key: where it is kept.
            seconds: how long one that is begun lives.
            then: called once, with the version, or with None where nothing is to be believed.
        """
        self._begin(("SET", generation_key, uuid.uuid4().hex, "EX", seconds, "NX"), _forget)
        self._begin(("MGET", generation_key), lambda found, run: then(_named(found, run)))

    def prolong(self, generation: str, generation_keys: GenerationKeys, seconds: int) -> None:
        """Let a version live as long as what was kept under it elsewhere; does not wait.

        Args:
            generation: as :meth:`generation` returned it; one that has been replaced stays so.
            generation_keys: where it is kept.
            seconds: how long what was kept may live.
        """
        keys = _several(generation_keys)
        command = "EVAL", PROLONG, len(keys), *keys, seconds, *generation.split("/")[1:]
        self._begin(command, _forget, in_no_hurry=True)

    def get_or_make(
        self,
        key: str,
        generation_keys: GenerationKeys,
        seconds: int,
        make: Callable[[], object],
        variant: str | None = None,
    ) -> Any:
        """Return the value under a key if nothing it was made from has changed, or make it anew.

        Args:
            key: where the value is kept.
            generation_keys: where the generation of what it is made from is kept; of several,
                first the one that changes most often.
            seconds: how long the value may live.
            make: makes the value, a plain JSON one; None, for what there is not, is not kept.
            variant: which one of several values that take turns under this key.
        """
        keys, key = _several(generation_keys), bounded(key)
        current, run = self._own_generations(keys)
        if current:
            # what was kept before that is stale, so nobody need be asked
            metrics.CACHE_STALE.inc()
        else:
            found, run = self._ask("MGET", *keys, key)
            *current, text = found or [None] * (len(keys) + 1)
            if text is not None and None not in current:
                value = _opened(text, "/".join(current), run, variant)
                if value is not None:
                    metrics.CACHE_HIT.inc()
                    return value
            (metrics.CACHE_MISS if text is None else metrics.CACHE_STALE).inc()
            if None in current:
                current, run = self._begin_generations(keys)
            self._note_shared(keys, current, run)
        value = make()
        # what there is not may come into being, and has no version yet that could be replaced
        if value is not None and _are_ours(current):
            kept = {"version": "/".join(current), "run": run, "of": variant, "value": value}
            text = orjson.dumps(kept).decode()
            seconds = max(int(seconds), 1)
            command = "EVAL", KEEP, len(keys) + 1, *keys, key, seconds, *current, text
            self._begin(command, _forget, in_no_hurry=True)
        return value

    @contextmanager
    def changing(self, *generation_keys: str) -> Iterator[None]:
        """Surround a write: what was kept under these versions is stale from its begin on."""
        self._mark(generation_keys)
        try:
            yield
        finally:
            self.outdate(*generation_keys)

    def outdate(self, *generation_keys: str) -> None:
        """Make stale what was kept under these versions, now or as soon as Redis is back."""
        self._send_surely(dict.fromkeys(generation_keys, (FRESH, REQUEST_SECONDS)))

    def _mark(self, generation_keys: tuple[str, ...]) -> None:
        mark = CHANGING + uuid.uuid4().hex
        marked = [self._tell("SET", key, mark, "EX", REQUEST_SECONDS) for key in generation_keys]
        if self.link.is_open:
            # it has left before the write begins, and what replaces it can't overtake it
            self.link.flush()
            return
        for each in marked:
            each.wait()

    def _own_generations(self, keys: tuple[str, ...]) -> tuple[list[str] | None, str | None]:
        """Return the version that this process has set, if nothing was kept under it yet.

        What is known of the others may be out of date: then nothing will be kept, since all are
        looked at again in that moment, and none is ever given twice.
        """
        own = self._own.pop(keys[0], None)
        if own is None or time.monotonic() >= own[2]:
            return None, None
        generation, run, _ = own
        others = [self._shared.get(key, (None, None)) for key in keys[1:]]
        if any(of_run != run or other is None for other, of_run in others):
            return None, None
        return [generation, *(other for other, _ in others)], run

    def _note_shared(
        self, keys: tuple[str, ...], current: list[str | None] | None, run: str | None
    ) -> None:
        for key, generation in zip(keys[1:], current[1:] if current else (), strict=False):
            self._shared[key] = generation, run

    def _begin_generations(
        self, keys: tuple[str, ...]
    ) -> tuple[list[str | None] | None, str | None]:
        # of several that begin one, the first counts for all
        for key in keys:
            self._tell("SET", key, uuid.uuid4().hex, "EX", REQUEST_SECONDS, "NX")
        return self._ask("MGET", *keys)

    def _is_believed(self, went_well: bool) -> bool:
        return went_well and time.monotonic() >= self._believed_from

    def _note_arrived(self, key: str, value: str | None, text: str) -> None:
        if len(self._own) >= MOST_OWN:
            self._own.clear()
        self._own[key] = text, self.link.run, time.monotonic() + REQUEST_SECONDS

    def _note_success(self) -> None:
        if self._outage.since is not None:
            self._believed_from = time.monotonic() + budgets.REDIS_PAUSE_SECONDS
        super()._note_success()


def bounded(key: str) -> str:
    """Return a key of bounded length that is as good as another."""
    if len(key) <= LONGEST_KEY and key.isascii():
        return key
    written = key.encode(errors="replace")
    if len(written) <= LONGEST_KEY:
        return key
    begin = written[:KEPT_OF_KEY].decode(errors="ignore")
    return f"{begin}#{blake2b(written, digest_size=20).hexdigest()}"


def _forget(_answer: Any, _run: str | None) -> None:
    """Take the answer to what is not waited for."""


def _several(generation_keys: GenerationKeys) -> tuple[str, ...]:
    return (generation_keys,) if isinstance(generation_keys, str) else generation_keys


def _are_ours(generations: list[str | None] | None) -> bool:
    return bool(generations) and all(
        each is not None and _GENERATION.fullmatch(each) for each in generations
    )


def _named(generations: list[str | None] | None, run: str | None) -> str | None:
    """Return a version as others know it; None where nothing may be kept."""
    return f"{run}/{'/'.join(generations)}" if _are_ours(generations) else None


def _opened(text: str, generation: str, run: str | None, variant: str | None) -> Any:
    """Return the value in what was kept, if it is of this version, run and question."""
    try:
        kept = orjson.loads(text)
        is_right = kept["version"] == generation and kept["run"] == run and kept["of"] == variant
        return kept["value"] if is_right else None
    except (ValueError, TypeError, KeyError):
        return None
