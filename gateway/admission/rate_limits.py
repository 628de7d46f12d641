"""Rate limits: a moving window in Redis, or in memory while Redis is down or full.

Redis is reached by redis-py here, and not by :mod:`services.transport.redis`: the storages of the
``limits`` library take a redis-py client, and its Lua scripts are registered with one.
"""

import math
import time
from collections.abc import Callable
from functools import partial
from json import dumps

from eventlet.event import Event
from limits import RateLimitItem, parse
from limits.strategies import MovingWindowRateLimiter
from redis import BlockingConnectionPool, RedisError, ResponseError
from redis.backoff import NoBackoff
from redis.retry import Retry

from gateway.admission.leases import Leases
from gateway.admission.moving_window import MovingWindow
from gateway.admission.redis_windows import OneClockStorage
from schemas.errors import RateLimitExceeded
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets
from services.process.settings import BadSettings, Settings

log = get_logger(__name__)

KEY_PREFIX = "gateway:limit"
NOTICED_BY = "rate limits"

LOGIN, LOGIN_EMAIL, REGISTER, API = "login", "login_email", "register", "api"
REFRESH = "refresh"
"""Refreshes of tokens; counted apart from logins, by the same limit."""

LOGIN_FAILURES = "login_failures"
"""Failed logins per e-mail; the same limit as :data:`LOGIN_EMAIL`."""

Limiter = MovingWindowRateLimiter | MovingWindow
Query = Callable[[Limiter, RateLimitItem, str], int]

FOREIGN = ("WRONGTYPE", "attempt to")
"""In errors of Redis that mean that the key holds a value of others: of another type, or a list
with items that are no numbers."""


class RateLimits:
    """Counts requests, and refuses those above a limit.

    While Redis fails, this process counts alone, in memory; these counts begin at zero, and are
    dropped when Redis is back.

    Args:
        settings: the limits, such as ``20/minute``; an empty one is off.
        outage: of redis-counters; shared with the revocations, which use the same server.

    Raises:
        BadSettings: a limit is malformed.
    """

    def __init__(self, settings: Settings, outage: Outage):
        self._limits = {
            LOGIN: _parse(LOGIN, settings.rate_limit_login),
            LOGIN_EMAIL: _parse(LOGIN_EMAIL, settings.rate_limit_login_email),
            LOGIN_FAILURES: _parse(LOGIN_FAILURES, settings.rate_limit_login_email),
            REFRESH: _parse(REFRESH, settings.rate_limit_login),
            REGISTER: _parse(REGISTER, settings.rate_limit_register),
            API: _parse(API, settings.rate_limit_api),
        }
        storage = OneClockStorage("redis://", _make_pool(settings), key_prefix=KEY_PREFIX)
        self._in_redis = MovingWindowRateLimiter(storage)
        self._in_memory = MovingWindow()
        self._leases = Leases()
        self._pending: dict[tuple[str, str], Event] = {}
        self._redis_down_until = 0.0
        self._counts_in_memory = False
        self._outage = outage

    def count(self, name: str, who: str) -> None:
        """Count one request; may wait for Redis.

        Args:
            name: of the limit, such as :data:`LOGIN`.
            who: the address, user or e-mail that the request counts for.

        Raises:
            RateLimitExceeded: the request is above the limit.
        """
        limit = self._limits[name]
        if limit is None:
            return
        if self._leases.size(limit) == 1:
            self._refuse_after(self._ask(_hit, limit, who), limit, who)
            return
        # one query at a time for a user; requests that come meanwhile wait for its result. If each
        # took a lease of its own, the last would be refused while those of others are unused
        # (test_exactly_the_limit_gets_through_however_many_connections_ask)
        while not self._leases.take(limit, who):
            pending = self._pending.get((name, who))
            if pending is None:
                self._refuse_after(self._take_lease(limit, who), limit, who)
                return
            self._refuse_after(pending.wait(), limit, who)

    def is_off(self, name: str) -> bool:
        """Whether the limit is empty, so that nothing is counted."""
        return self._limits[name] is None

    def take(self, name: str, who: str) -> bool:
        """Use one request of a lease without waiting; False if there is none left."""
        limit = self._limits[name]
        return limit is None or self._leases.take(limit, who)

    def check(self, name: str, who: str) -> None:
        """Refuse if one more request would be above the limit, without counting it.

        Raises:
            RateLimitExceeded: it would be above the limit.
        """
        limit = self._limits[name]
        if limit is not None:
            self._refuse_after(self._ask(_seconds_until_free, limit, who), limit, who)

    def has_counts(self, name: str, who: str) -> bool:
        """Whether anything has been counted within the limit's window."""
        limit = self._limits[name]
        return limit is not None and self._ask(_counted, limit, who) > 0

    def forget_lease(self, who: str) -> None:
        """Keep no lease of a user or address; what was counted stays counted."""
        self._leases.forget(who)

    def forget_ended_leases(self) -> None:
        """Keep no lease that can't be used any more."""
        self._leases.forget_ended()

    def _take_lease(self, limit: RateLimitItem, who: str) -> int:
        """Count one request and, if the limit has room for it, a whole lease.

        Returns:
            0, or the seconds after which another try may succeed.
        """
        key = (limit.namespace, who)
        answered = self._pending[key] = Event()
        seconds = 0
        try:
            advance = self._leases.size(limit)
            if self._ask(partial(_takes, count=advance), limit, who):
                self._leases.add(limit, who, advance - 1)
            else:
                seconds = self._ask(_hit, limit, who)
        finally:
            del self._pending[key]
            answered.send(seconds)
        return seconds

    def _refuse_after(self, seconds: int, limit: RateLimitItem, who: str) -> None:
        if seconds:
            log.info("rate limit exceeded", limit=limit.namespace, who=who)
            details = {"limit": str(limit), "retry_after": seconds}
            raise RateLimitExceeded("Too many requests, try again later", dumps(details))

    def _ask(self, query: Query, limit: RateLimitItem, who: str) -> int:
        if time.monotonic() >= self._redis_down_until:
            try:
                answer = self._ask_redis(query, limit, who)
            except RedisError as problem:
                self._outage.begin(str(problem), NOTICED_BY)
                # a pause of its own, not shared with the revocations: those can still be read from
                # a server that is full (tests/security/test_redis_full.py)
                self._redis_down_until = time.monotonic() + budgets.REDIS_PAUSE_SECONDS
                self._counts_in_memory = True
            else:
                if self._counts_in_memory:
                    self._return_to_redis()
                return answer
        return query(self._in_memory, limit, who)

    def _ask_redis(self, query: Query, limit: RateLimitItem, who: str) -> int:
        try:
            return query(self._in_redis, limit, who)
        except ResponseError as problem:
            if not any(sign in str(problem) for sign in FOREIGN):
                raise
        except (ValueError, TypeError):
            pass
        # not written by us, so the count begins at zero
        self._in_redis.clear(limit, who)
        return query(self._in_redis, limit, who)

    def _return_to_redis(self) -> None:
        self._counts_in_memory = False
        self._in_memory.clear()
        self._outage.end(NOTICED_BY)


def _make_pool(settings: Settings) -> BlockingConnectionPool:
    """Return a pool with timeouts for every wait.

    It never retries: that would double the maximum wait of a request.
    """
    return BlockingConnectionPool(
        host=settings.redis_counters_host,
        port=settings.redis_counters_port,
        max_connections=budgets.REDIS_CONNECTIONS,
        timeout=budgets.REDIS_SECONDS,
        socket_timeout=budgets.REDIS_SECONDS,
        socket_connect_timeout=budgets.REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def _takes(limiter: Limiter, limit: RateLimitItem, who: str, count: int) -> bool:
    return limiter.hit(limit, who, cost=count)


def _hit(limiter: Limiter, limit: RateLimitItem, who: str) -> int:
    """Count a request; return 0, or the seconds after which another try may succeed."""
    return 0 if limiter.hit(limit, who) else _seconds_left(limiter, limit, who)


def _seconds_until_free(limiter: Limiter, limit: RateLimitItem, who: str) -> int:
    return 0 if limiter.test(limit, who) else _seconds_left(limiter, limit, who)


def _seconds_left(limiter: Limiter, limit: RateLimitItem, who: str) -> int:
    seconds = limiter.get_window_stats(limit, who).reset_time - time.time()
    # the key may hold any number that others have written (NaN, too), and a gateway of the version
    # before counts by its own clock; _ask_redis then starts again from zero
    if not seconds <= 2 * limit.get_expiry():
        raise ValueError("no moment that a request was counted at")
    return max(math.ceil(seconds), 1)


def _counted(limiter: Limiter, limit: RateLimitItem, who: str) -> int:
    return limit.amount - limiter.get_window_stats(limit, who).remaining


def _parse(name: str, text: str) -> RateLimitItem | None:
    if not text:
        return None
    try:
        limit = parse(text)
    except ValueError:
        raise BadSettings(f"RATE_LIMIT_{name.upper()} must be like 20/minute, or empty") from None
    return type(limit)(limit.amount, limit.multiples, namespace=name)
