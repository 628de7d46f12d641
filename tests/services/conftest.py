"""A Redis of its own for tests that hurt it."""

from tests.fakes.redis_servers import redis, redis_server, short_pauses  # noqa: F401
