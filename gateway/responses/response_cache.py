"""The gateway's cache of responses to reads.

Public responses are cached until the catalogue changes, of which an event notifies every process.
A user with private exercises has responses about exercises of their own, under their own keys.
Personal ones are cached with the generations in Redis of the data that they depend on, read before
the data was. A write replaces these before it is acknowledged, so a response that raced with it is
never served (docs/decisions/cache-generations.md). Without Redis nothing personal is cached.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from nameko.extensions import SharedExtension

from gateway.admission.account_changes import AccountChanges
from gateway.admission.admission import Admission
from gateway.admission.callers import AnyCaller, Caller
from gateway.requests.context import context_of
from gateway.responses.cache_policy import (
    LONGEST_TARGET,
    CachePolicy,
    Key,
    generation_keys_of,
    key_of,
)
from gateway.responses.replies import EncodedReply
from services.dependencies.catalogue_changes import CatalogueChanges
from services.dependencies.generation_store import GenerationKeys, several
from services.transport.http import HttpRequest
from services.transport.http.prepared_response import PreparedResponse

MOST_RESPONSES = 20_000
MOST_BYTES = 32 * 1024 * 1024

ENTRY_BYTES = 3000
"""About what an entry takes besides the bytes that are counted: objects, a line of the log."""

MOST_INVALIDATED = 10_000
LIFETIME_SECONDS = 300

QUARTER_SECONDS = 900
"""A response may depend on which day it is where its user is. In every time zone of now days begin
at a quarter of an hour of UTC, and Unix time has no leap seconds."""


@dataclass(slots=True)
class CachedResponse:
    """A response, and what it depends on.

    Args:
        reply: the response before it is put into an envelope.
        route: its route's path.
        generation_keys: the Redis keys of the generations that it depends on; None if it depends on
            the catalogue's alone, which the process knows by itself.
        generation: the generation that it was made in.
        quarter: the quarter of an hour that it was made in, counted since 1970, UTC.
        made_at: when its making began, by the monotonic clock.
        scope: what a personal access token needs for it.
    """

    reply: EncodedReply
    route: str
    generation_keys: GenerationKeys | None
    generation: str | Any
    """Any: the catalogue's is a number."""
    quarter: int
    made_at: float
    scope: str | None = None
    prepared: dict[bool, PreparedResponse] = field(default_factory=dict)
    """As it goes out, by whether the client has the data already; made when first needed."""

    @property
    def size(self) -> int:
        """About how many bytes it takes, once it has been prepared both ways.

        The body and its headers are here and in what is prepared, the headers there twice; the
        target is in the key and in the line of the log. When only bodies were counted, 6,000
        responses with ``Link`` headers of 94 KB took 700 MB.
        """
        data, headers = len(self.reply.data) + len(self.reply.page), self.reply.size_of_headers
        return 2 * data + 3 * headers + 2 * LONGEST_TARGET + ENTRY_BYTES


class ResponseCache(SharedExtension):
    """Caches responses, bounded in number, size and time; the least recently used go first."""

    admission = Admission()
    account_changes = AccountChanges()
    catalogue_changes = CatalogueChanges()

    def __init__(self) -> None:
        super().__init__()
        self._responses: OrderedDict[Key, CachedResponse] = OrderedDict()
        self._bytes = 0
        self._invalidated_at: dict[GenerationKeys | None, float] = {}

    def setup(self) -> None:
        """Keep nothing of users whose accounts change: they may have been deleted."""
        self.account_changes.when_changed(self.forget)

    def forget(self, user_id: int) -> None:
        """Remove all responses of a user, and what is known of their age."""
        for key in [key for key in self._responses if key[0] == user_id]:
            self.remove(key, self._responses[key])
        mark = f"user:{user_id}:"
        for keys in [keys for keys in self._invalidated_at if _names(keys, mark)]:
            del self._invalidated_at[keys]

    def lookup(
        self, request: HttpRequest, route: str, policy: CachePolicy | None, scope: str | None
    ) -> "Lookup":
        """Return what looks up, or else stores, the response to one request."""
        return Lookup(self, request, route, policy, scope)

    def invalidate(
        self, request: HttpRequest, changes: Collection[CachePolicy], caller: Caller
    ) -> None:
        """Invalidate what a request of this process has changed.

        The generations would show that, as they do for writes through other gateways; but comparing
        them takes a command to Redis, which this saves after the process's own writes.

        Args:
            request: the request that has changed something.
            changes: the policies of the responses that it makes stale.
            caller: the user that made it.
        """
        if CachePolicy.CATALOGUE in changes:
            self.admission.owners.forget(caller.user_id)
        if CachePolicy.ACCOUNT in changes:
            self.admission.standings.forget(caller.user_id)
        if len(self._invalidated_at) > MOST_INVALIDATED:
            self._invalidated_at.clear()
        now = time.monotonic()
        for policy in changes:
            self._invalidated_at[generation_keys_of(request, policy, caller)] = now

    def find(self, key: Key) -> CachedResponse | None:
        """Return a cached response that this process knows nothing against.

        A personal one is current only if Redis says so, too.
        """
        cached = self._responses.get(key)
        if cached is None:
            return None
        if time.monotonic() > cached.made_at + LIFETIME_SECONDS or cached.quarter != this_quarter():
            return None
        if cached.generation_keys is None:
            return cached if cached.generation == self.catalogue_changes.generation else None
        if cached.made_at <= self._invalidated_at.get(cached.generation_keys, 0.0):
            return None
        return cached

    def touch(self, key: Key) -> None:
        """Count a cached response as just used."""
        self._responses.move_to_end(key)

    def holds(self, key: Key, cached: CachedResponse) -> bool:
        """Return whether a response is still the one that is cached."""
        return self._responses.get(key) is cached

    def remove(self, key: Key, cached: CachedResponse) -> None:
        """Remove a response that turned out not to be current, unless another has replaced it."""
        if self.holds(key, cached):
            del self._responses[key]
            self._bytes -= cached.size

    def put(self, key: Key, cached: CachedResponse) -> None:
        """Cache a response, removing others if they are too many or too large."""
        old = self._responses.pop(key, None)
        self._bytes += cached.size - (old.size if old else 0)
        self._responses[key] = cached
        while len(self._responses) > MOST_RESPONSES or self._bytes > MOST_BYTES:
            _, oldest = self._responses.popitem(last=False)
            self._bytes -= oldest.size

    def current_generation(self, generation_keys: GenerationKeys | None) -> str | int | None:
        """Return the generation of what is made now, asking Redis; None if it can't be cached."""
        if generation_keys is not None:
            return self.admission.cache.generation(generation_keys)
        return self.catalogue_changes.generation


class Lookup:
    """The use of the response cache by one request on the slow path.

    Args:
        responses: the cache.
        request: the request.
        route: its route's path.
        policy: the route's cache policy; None if its responses are not cached.
        scope: what a personal access token needs for the route.
    """

    __slots__ = (
        "_ask",
        "_asked_at",
        "_generation",
        "_generation_keys",
        "_key",
        "_policy",
        "_quarter",
        "_request",
        "_responses",
        "_route",
        "_scope",
    )

    def __init__(
        self,
        responses: ResponseCache,
        request: HttpRequest,
        route: str,
        policy: CachePolicy | None,
        scope: str | None,
    ):
        self._responses = responses
        self._request = request
        self._route = route
        self._policy = policy
        self._scope = scope
        # Any: None until get() has found out that the response may be cached
        self._key: Key | Any = None
        self._ask: Callable[[], str | None] | None = None
        self._generation_keys: GenerationKeys | None = None
        self._generation: Any = None
        """Of what is made now; None where nothing can be cached."""

    def ask_ahead(self, caller: Caller) -> None:
        """Ask for the generation without waiting, as soon as it is known who calls.

        The question leaves together with the one whether the token is revoked, so that both cost
        one round trip.
        """
        request, policy = self._request, self._policy
        if context_of(request).generation is not None or key_of(request, policy, caller) is None:
            return
        keys = generation_keys_of(request, policy, caller)
        if keys is not None:
            self._ask = self._responses.admission.cache.ask_generation(keys)

    def get(self, caller: AnyCaller) -> EncodedReply | None:
        """Return the cached response to a request that was counted and let in.

        If there is none, the generation is taken that the response will belong to: before anything
        is read for it, so that what a write has changed in the meantime is never stored as new.
        """
        self._key = key_of(self._request, self._policy, caller)
        if self._key is None:
            self._generation = None
            return None
        cached = self._responses.find(self._key)
        if cached is not None and self._is_current(cached):
            return cached.reply
        self._generation_keys = generation_keys_of(self._request, self._policy, caller)
        self._generation = self._take_generation()
        self._quarter, self._asked_at = this_quarter(), time.monotonic()
        return None

    def store(self, reply: EncodedReply) -> None:
        """Cache the response that was made after :meth:`get` found none, if it may be cached."""
        generation, keys = self._generation, self._generation_keys
        if generation is None:
            return
        responses, admission = self._responses, self._responses.admission
        # a change of the catalogue while it was read is known here; others are seen by the readers
        if keys is None and generation != responses.current_generation(None):
            return
        cached = CachedResponse(
            reply.compact(),
            self._route,
            keys,
            generation,
            self._quarter,
            self._asked_at,
            self._scope,
        )
        responses.put(self._key, cached)
        if keys is not None:
            admission.cache.prolong(generation, keys, LIFETIME_SECONDS)

    def _take_generation(self) -> str | int | None:
        known = context_of(self._request).generation
        if known is not None:
            return known
        return (
            self._ask() if self._ask else self._responses.current_generation(self._generation_keys)
        )

    def _is_current(self, cached: CachedResponse) -> bool:
        keys = cached.generation_keys
        return keys is None or self._responses.admission.cache.is_current(cached.generation, keys)


def _names(keys: GenerationKeys | None, mark: str) -> bool:
    return any(mark in key for key in several(keys or ()))


def this_quarter() -> int:
    """Return which quarter of an hour it is, counted since 1970, UTC."""
    return int(time.time()) // QUARTER_SECONDS
