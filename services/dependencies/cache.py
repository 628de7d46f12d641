"""A cache in Redis that may be absent: every failure is a miss.

Each value is stored as JSON with the generations of what it was made from, and with the id of the
server's run; it is served while all of these are the current ones. The protocol that makes this
safe is :mod:`services.dependencies.generation_store`'s.

Storing a value is not waited for: it comes with its generations, so it may be late or lost.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import orjson

from services.dependencies.generation_store import (
    CHECK_AND_PROLONG,
    Found,
    GenerationKeys,
    GenerationStore,
    are_ours,
    ignore,
    several,
)
from services.observability import metrics

LONGEST_KEY = 128
"""In bytes; of a longer one the beginning is followed by a hash of all of it."""

KEPT_OF_KEY = 80

KEEP = "local text = table.remove(ARGV) " + CHECK_AND_PROLONG
KEEP += "redis.call('SET', KEYS[#KEYS], text, 'EX', ARGV[1]) return 1"
"""Lua; as :data:`CHECK_AND_PROLONG`, with the value's key and text at the end."""


class Cache(GenerationStore):
    """Gives workers the cache. No method ever raises because of Redis."""

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
            key: where the value is stored.
            generation_keys: the keys of the generations of what it is made from; of several,
                first that of the one that changes most often.
            seconds: how long the value may live.
            make: makes the value, a plain JSON one; None, for what does not exist, is not stored.
            variant: which one of several values that take turns under this key.
        """
        keys, key = several(generation_keys), bounded(key)
        found = self._known.take(keys)
        if found[0]:
            # what was stored before the own write is stale, so nobody need be asked
            metrics.CACHE_STALE.inc()
        else:
            value, found = self._get(key, keys, variant)
            if value is not None:
                return value
        value = make()
        # what does not exist may come into being, and has no generation yet that could be replaced
        if value is not None and are_ours(found[0]):
            self._store(key, keys, found, seconds, variant, value)
        return value

    def _get(self, key: str, keys: tuple[str, ...], variant: str | None) -> tuple[Any, Found]:
        """Return a stored value if it is valid, otherwise the generations for a new one."""
        found, run = self._ask("MGET", *keys, key)
        *current, text = found or [None] * (len(keys) + 1)
        if text is not None and None not in current:
            value = _opened(text, "/".join(current), run, variant)
            if value is not None:
                metrics.CACHE_HIT.inc()
                return value, (current, run)
        (metrics.CACHE_MISS if text is None else metrics.CACHE_STALE).inc()
        generations = self._begin_generations(keys) if None in current else (current, run)
        self._known.note_shared(keys, generations)
        return None, generations

    def _store(
        self,
        key: str,
        keys: tuple[str, ...],
        found: Found,
        seconds: int,
        variant: str | None,
        value: object,
    ) -> None:
        current, run = found
        # these names are read by the version before, which runs beside this one during an upgrade
        stored = {"version": "/".join(current), "run": run, "of": variant, "value": value}
        text = orjson.dumps(stored).decode()
        seconds = max(int(seconds), 1)
        command = "EVAL", KEEP, len(keys) + 1, *keys, key, seconds, *current, text
        self._begin(command, ignore, in_no_hurry=True)


def bounded(key: str) -> str:
    """Return a key of bounded length that is as good as another."""
    if len(key) <= LONGEST_KEY and key.isascii():
        return key
    written = key.encode(errors="replace")
    if len(written) <= LONGEST_KEY:
        return key
    begin = written[:KEPT_OF_KEY].decode(errors="ignore")
    return f"{begin}#{blake2b(written, digest_size=20).hexdigest()}"


def _opened(text: str, generations: str, run: str | None, variant: str | None) -> Any:
    """Return the value in what was stored, if it is of these generations, run and variant."""
    try:
        stored = orjson.loads(text)
        is_valid = stored["version"] == generations and stored["run"] == run
        return stored["value"] if is_valid and stored["of"] == variant else None
    except (ValueError, TypeError, KeyError):
        return None
