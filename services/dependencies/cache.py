"""A cache in Redis that may be absent: every failure is a miss.

Staleness is prevented by *versions*. A value is stored together with the version of whatever it
was made from (say, a user's workouts), read before the database was. A write marks the version as
changing before it begins, and replaces it after its commit and before it is acknowledged, so a
value that raced with the write can never be served. The mark ends by itself: a process that is
killed in between leaves nothing stale for longer than that. A replacement that did not reach Redis
is remembered and sent before this process believes anything that Redis says again. Other processes
that could not reach Redis either believe it one pause later, when all have sent what they had.

A Redis that starts again from an old copy on disk brings back old versions with the old values that
belong to them. So a value is stored with the id of the server's run, too, and serves only in that.
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider
from redis import BlockingConnectionPool, Connection, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.dependencies import budgets, metrics
from services.dependencies.outages import Outage
from services.dependencies.settings import SETTINGS_KEY, Settings

CHANGING = "changing:"
"""Beginning of a version while a write is under way: nothing is kept or served under it."""

CHANGING_SECONDS = int(budgets.REQUEST_SECONDS)

VERSION_SECONDS = 7 * 24 * 3600
"""Longer than any value lives, so that a version never ends before what it guards."""


def make_client(
    settings: Settings, on_connect: Callable[[Connection], None] | None = None
) -> Redis:
    """Make a client whose every wait is bounded, and which never tries twice.

    Args:
        settings: where Redis is.
        on_connect: greets the server on each new connection, instead of redis-py's own greeting.
    """
    pool = BlockingConnectionPool(
        host=settings.redis_host,
        port=settings.redis_port,
        max_connections=budgets.REDIS_CONNECTIONS,
        timeout=budgets.REDIS_SECONDS,
        socket_timeout=budgets.REDIS_SECONDS,
        socket_connect_timeout=budgets.REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
        redis_connect_func=on_connect,
        decode_responses=True,
    )
    return Redis(connection_pool=pool)


class Cache(DependencyProvider):
    """Gives workers the cache. No method ever raises because of Redis."""

    part = "redis"
    optional = True

    def __init__(self) -> None:
        self._unsent: dict[str, tuple[str, int]] = {}
        self._down_until = 0.0
        self._believed_from = 0.0
        self._sender = None
        self._outage = Outage("redis", "going on without it")
        self._run: str | None = None

    def setup(self) -> None:
        """Make the client; it connects when it is first used."""
        self.client = make_client(self.container.config[SETTINGS_KEY], self._learn_run)

    def stop(self) -> None:
        """Close the connections."""
        self.client.close()

    def ping(self) -> None:
        """Raise if Redis does not answer."""
        self.client.ping()

    def get_dependency(self, worker_ctx: WorkerContext) -> "Cache":
        """Return the provider itself: it keeps nothing per worker."""
        return self

    def get(self, key: str) -> Any:
        """Return the value under a key, or None."""
        text = self._ask(lambda: self.client.get(key), believing=True)
        return None if text is None else json.loads(text)

    def set(self, key: str, value: object, seconds: int) -> None:
        """Keep a JSON value for some seconds."""
        text = json.dumps(value, separators=(",", ":"))
        self._ask(lambda: self.client.set(key, text, ex=max(int(seconds), 1)))

    def delete(self, *keys: str) -> None:
        """Forget values."""
        if keys:
            self._ask(lambda: self.client.delete(*keys))

    def version(self, version_key: str) -> str | None:
        """Return a version for keeping something elsewhere; None if nothing may be kept now."""
        version = self._ask(lambda: self.client.get(version_key))
        version = version or self._begin_version(version_key)
        if not version or version.startswith(CHANGING):
            return None
        return f"{self._run}/{version}"

    def is_version(self, version: str, version_key: str, absent_key: str) -> bool:
        """Tell, in one go, whether a version is the current one and another key has no value.

        Args:
            version: as :meth:`version` returned it.
            version_key: where it is kept.
            absent_key: what must not be there, such as a token's revocation.
        """
        found = self._ask(lambda: self.client.mget(version_key, absent_key))
        return bool(found) and found[1] is None and f"{self._run}/{found[0]}" == version

    def remember(self, key: str, version_key: str, seconds: int, make: Callable[[], object]) -> Any:
        """Return the value under a key if nothing it was made from has changed, or make it anew.

        Args:
            key: where the value is kept.
            version_key: where the version of what it is made from is kept.
            seconds: how long the value may live.
            make: makes the value, a plain JSON one.
        """
        run = self._run
        version, text = self._ask(lambda: self.client.mget(version_key, key)) or (None, None)
        # only the first connection of all tells of the run that it was asked in
        run = run or self._run
        if version is not None and text is not None:
            kept = json.loads(text)
            if kept["version"] == version and kept.get("run") == self._run:
                metrics.CACHE_HIT.inc()
                return kept["value"]
        (metrics.CACHE_MISS if text is None else metrics.CACHE_STALE).inc()
        if version is None:
            version = self._begin_version(version_key)
        value = make()
        if version is not None and not version.startswith(CHANGING):
            self.set(key, {"version": version, "run": run, "value": value}, seconds)
        return value

    def keep(self, key: str, value: object, seconds: int) -> None:
        """Keep a JSON value for some seconds, from now on or from when Redis is back."""
        self._send_surely({key: (json.dumps(value, separators=(",", ":")), max(int(seconds), 1))})

    @contextmanager
    def changing(self, *version_keys: str) -> Iterator[None]:
        """Surround a write: what was kept under these versions is stale from its begin on."""
        mark = CHANGING + uuid.uuid4().hex, CHANGING_SECONDS
        self._ask(lambda: self._set_all(dict.fromkeys(version_keys, mark)))
        try:
            yield
        finally:
            self.outdate(*version_keys)

    def outdate(self, *version_keys: str) -> None:
        """Make stale what was kept under these versions, now or as soon as Redis is back."""
        self._send_surely({key: (uuid.uuid4().hex, VERSION_SECONDS) for key in version_keys})

    def _send_surely(self, values: dict[str, tuple[str, int]]) -> None:
        self._unsent.update(values)
        self._send_now()
        if self._unsent and self._sender is None:
            self._sender = self.container.spawn_managed_thread(
                self._send_later, identifier="cache.send_later"
            )

    def _send_now(self) -> None:
        # what this process takes for an outage may be its own slowness, and others see none
        is_paused = time.monotonic() < self._down_until
        seconds = budgets.REDIS_GLANCE_SECONDS if is_paused else 2 * budgets.REDIS_SECONDS
        try:
            with eventlet.Timeout(seconds, RedisError("no answer")):
                self._send_unsent()
        except RedisError as problem:
            self._note_failure(problem)
        else:
            self._note_success()

    def _learn_run(self, connection: Connection) -> None:
        # whenever the server has started again, its connections are new
        connection.on_connect()
        connection.send_command("INFO", "server")
        found = re.search(r"run_id:(\w+)", connection.read_response())
        self._run = found and found[1]

    def _begin_version(self, version_key: str) -> str | None:
        version = uuid.uuid4().hex
        if self._ask(lambda: self.client.set(version_key, version, ex=VERSION_SECONDS, nx=True)):
            return version
        return self._ask(lambda: self.client.get(version_key))

    def _ask(self, command: Callable[[], Any], believing: bool = False) -> Any:
        if time.monotonic() < self._down_until:
            metrics.CACHE_FAILURES.inc()
            return None
        try:
            self._send_unsent()
            answer = command()
        except RedisError as problem:
            self._note_failure(problem)
            return None
        self._note_success()
        return answer if believing or time.monotonic() >= self._believed_from else None

    def _send_unsent(self) -> None:
        if not self._unsent:
            return
        sent = dict(self._unsent)
        self._set_all(sent)
        for key, value in sent.items():
            # a write that came in between has put its own value there, still to be sent
            if self._unsent.get(key) is value:
                del self._unsent[key]

    def _set_all(self, values: dict[str, tuple[str, int]]) -> None:
        pipeline = self.client.pipeline(transaction=True)
        for key, (value, seconds) in values.items():
            pipeline.set(key, value, ex=seconds)
        pipeline.execute()

    def _send_later(self) -> None:
        while self._unsent:
            eventlet.sleep(budgets.REDIS_PAUSE_SECONDS / 5)
            try:
                self._send_unsent()
            except RedisError as problem:
                self._note_failure(problem)
        self._sender = None

    def _note_success(self) -> None:
        if self._outage.since is not None:
            self._outage.end()
            self._down_until = 0.0
            self._believed_from = time.monotonic() + budgets.REDIS_PAUSE_SECONDS

    def _note_failure(self, problem: Exception) -> None:
        metrics.CACHE_FAILURES.inc()
        self._outage.begin(str(problem))
        self._down_until = time.monotonic() + budgets.REDIS_PAUSE_SECONDS
