"""Empties the cache in Redis of what was made from databases that were replaced."""

import redis

from services.dependencies.redis_keys import CACHE, family_of
from services.process.settings import Settings
from services.restoring.connecting import CannotRestore

SECONDS = 5.0
_AT_ONCE = 1000


def empty(settings: Settings) -> None:
    """Delete all cached values and generations; what limits rates and revokes tokens stays.

    Raises:
        CannotRestore: Redis does not answer. What it holds would be shown again.
    """
    server = redis.Redis(
        settings.redis_host, settings.redis_port, socket_timeout=SECONDS, decode_responses=True
    )
    try:
        for key in server.scan_iter(count=_AT_ONCE):
            if family_of(key, CACHE):
                server.unlink(key)
    except redis.RedisError as problem:
        raise CannotRestore(f"the Redis of caches does not answer: {problem}") from problem
    finally:
        server.close()
