"""A cache in Redis; every failure of Redis is a miss.

A value is stored as JSON together with the generations of the data that it was computed from, and
with the id of the server's run. It is valid while all of these are current.
:mod:`services.dependencies.generation_store` has the protocol.

Stores are not waited for: as the generations are stored along, one may arrive late or never.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import orjson

from services.dependencies.cells.holding import still_here
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
from services.transport.redis.pipeline import Command

LONGEST_KEY = 128
"""In bytes; a longer key is replaced by its beginning and a hash."""

KEPT_OF_KEY = 80

KEEP = "local text = table.remove(ARGV) " + CHECK_AND_PROLONG
KEEP += "redis.call('SET', KEYS[#KEYS], text, 'EX', ARGV[1]) return 1"
"""Lua; as :data:`CHECK_AND_PROLONG`, with the value's key and text at the end."""


class Cache(GenerationStore):
    """Dependency provider of the cache. No method raises because of Redis."""

    def get_or_make(
        self,
        key: str,
        generation_keys: GenerationKeys,
        seconds: int,
        make: Callable[[], object],
        variant: str | None = None,
    ) -> Any:
        """Return the cached value if it is valid; otherwise compute it and store it.

        Args:
            key: of the value; longer than ``LONGEST_KEY`` it is hashed.
            generation_keys: of the data that the value is computed from; of several, first the
                one that changes most often.
            seconds: maximum lifetime of the value.
            make: computes the value, of plain JSON types; None (does not exist) is not stored.
            variant: tells apart the values that share this key; one is stored at a time.
        """
        keys, key = several(generation_keys), bounded(key)
        found = self._known.take(keys)
        if found[0]:
            # this process has just replaced the generation, so any stored value is stale
            metrics.CACHE_STALE.inc()
        else:
            value, found = self._get(key, keys, variant)
            if value is not None:
                return value
        value = make()
        # None is not stored: what does not exist has no generation yet that a later write replaces
        current, run = found
        if value is not None and are_ours(current) and still_here():
            self._store(key, keys, current, run, seconds, variant, value)
        return value

    def _get(self, key: str, keys: tuple[str, ...], variant: str | None) -> tuple[Any, Found]:
        """Return the stored value if it is valid, and the generations to store a new one with."""
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
        current: list[str],
        run: str | None,
        seconds: int,
        variant: str | None,
        value: object,
    ) -> None:
        # the version before reads these names, and runs beside this one during an upgrade
        stored = {"version": "/".join(current), "run": run, "of": variant, "value": value}
        text = orjson.dumps(stored).decode()
        seconds = max(int(seconds), 1)
        command: Command = "EVAL", KEEP, len(keys) + 1, *keys, key, seconds, *current, text
        self._begin(command, ignore, in_no_hurry=True)


def bounded(key: str) -> str:
    """Return a key, shortened with a hash if it is longer than ``LONGEST_KEY``."""
    if len(key) <= LONGEST_KEY and key.isascii():
        return key
    written = key.encode(errors="replace")
    if len(written) <= LONGEST_KEY:
        return key
    begin = written[:KEPT_OF_KEY].decode(errors="ignore")
    return f"{begin}#{blake2b(written, digest_size=20).hexdigest()}"


def _opened(text: str, generations: str, run: str | None, variant: str | None) -> Any:
    """Return the value in a stored text if its generations, run and variant match."""
    try:
        stored = orjson.loads(text)
        is_valid = stored["version"] == generations and stored["run"] == run
        return stored["value"] if is_valid and stored["of"] == variant else None
    except (ValueError, TypeError, KeyError):
        return None
