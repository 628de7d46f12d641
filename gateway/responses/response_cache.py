"""The gateway's memory: answers to reads that can't have changed, given without a worker.

What everybody may read is kept until the catalogue changes, which an event tells every process.
What one user may read is kept with the versions in Redis of whatever it was made from, taken
before it was made; the writer of any of it replaces them before its write is acknowledged, so
an answer that raced with a write is never given. Without Redis nothing personal is remembered.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum

from nameko.extensions import SharedExtension

from gateway.admission.admission import Admission
from gateway.admission.callers import Caller
from gateway.responses.replies import Body, knows, prepare
from services.dependencies import cache_generations
from services.dependencies.cache import GenerationKeys
from services.dependencies.catalogue_changes import CatalogueChanges
from services.transport.http import HttpRequest, WebServer
from services.transport.http.plain_get import PendingResponse, PlainGet
from services.transport.http.prepared_response import PreparedResponse

Key = tuple[int, bytes]
"""Whose answer, and to what."""

MOST_RESPONSES = 20_000
MOST_BYTES = 32 * 1024 * 1024
LONGEST_TARGET = 512
"""Answers to longer ones are not kept: what many ask for is short."""

ENTRY_BYTES = 3000
"""About what an entry takes besides the bytes that are counted: objects, a line of the log."""

MOST_INVALIDATED = 10_000
LIFETIME_SECONDS = 300
ANYBODY = 0
"""In place of a user's id: what is not personal."""

DAY_SECONDS = 24 * 3600
"""An answer may depend on which day it is in UTC, and Unix time has no leap seconds."""


class CachePolicy(Enum):
    """What an answer is made from, and so how long it may be kept."""

    CATALOGUE = "until the catalogue changes"
    WORKOUTS = "until any of the user's workouts changes"
    WORKOUT = "until the workout in the path changes"
    NUMBERS = "until what analytics knows of the user changes"


_ID = re.compile(r"\d{1,19}", re.ASCII)


def generation_keys_of(
    request: HttpRequest, policy: CachePolicy, caller: Caller | None
) -> GenerationKeys | None:
    """Return where the version is that an answer depends on; None if on none in Redis."""
    if policy is CachePolicy.WORKOUTS:
        return cache_generations.workouts_of(caller.user_id)
    if policy is CachePolicy.NUMBERS:
        return cache_generations.shown_numbers_of(caller.user_id)
    if policy is CachePolicy.WORKOUT:
        return cache_generations.shown_workout(int(request.path_values["id"]))
    return None


@dataclass(slots=True)
class CachedResponse:
    """An answer, and what it depends on."""

    body: Body
    route: str
    generation_keys: GenerationKeys | None
    generation: str | int
    day: int
    made_at: float
    prepared: dict[bool, PreparedResponse] = field(default_factory=dict)
    """As it goes out, by whether the client has the data already."""

    @property
    def size(self) -> int:
        """About how many bytes it takes, once it has been given both ways: the body and its headers
        are here and in what is prepared, the headers in the latter twice.
        """
        data, headers = len(self.body.data) + len(self.body.page), self.body.size_of_headers
        return 2 * data + 3 * headers + 2 * LONGEST_TARGET + ENTRY_BYTES


class ResponseCache(SharedExtension):
    """Remembers answers, bounded in number, size and time."""

    server = WebServer()
    admission = Admission()
    news = CatalogueChanges()

    def __init__(self) -> None:
        super().__init__()
        self._responses: OrderedDict[Key, CachedResponse] = OrderedDict()
        self._bytes = 0
        self._invalidated_at: dict[str, float] = {}

    def setup(self) -> None:
        """Offer the memory to the web server."""
        self.server.shortcut = self

    def ask_ahead(self, request: HttpRequest, policy: CachePolicy | None, caller: Caller) -> None:
        """Ask for the version that a user's answer will be kept under, without waiting for it.

        Args:
            request: the request.
            policy: what the answer will be made from.
            caller: whose it is.
        """
        if request.asked_ahead is not None or key_of(request, policy, caller) is None:
            return
        generation_keys = generation_keys_of(request, policy, caller)
        if generation_keys is not None:
            request.asked_ahead = self.admission.cache.ask_generation(generation_keys)

    def keeper(
        self, request: HttpRequest, route: str, policy: CachePolicy | None, caller: Caller | None
    ) -> Callable[[Body], None] | None:
        """Return what keeps the answer to a request that is about to be worked on, if it may be.

        Args:
            request: the request.
            route: the route's path.
            policy: what the answer will be made from.
            caller: whose it is.
        """
        key = key_of(request, policy, caller)
        if key is None:
            return None
        generation_keys = generation_keys_of(request, policy, caller)
        asked = request.asked_ahead
        generation = asked() if asked else self._current_generation(generation_keys)
        if generation is None:
            return None
        today, asked_at = _today(), time.monotonic()

        def keep(body: Body) -> None:
            if generation_keys is None and generation != self._current_generation(None):
                return
            entry = CachedResponse(
                body.without_spare_room(), route, generation_keys, generation, today, asked_at
            )
            self._put(key, entry)
            if generation_keys is not None:
                self.admission.cache.prolong(generation, generation_keys, LIFETIME_SECONDS)
                if self.admission.revocations.is_unknown(caller.token_id):
                    self.admission.confirm_token(caller)

        return keep

    def invalidate(
        self, request: HttpRequest, changes: Collection[CachePolicy], caller: Caller
    ) -> None:
        """Note that a request has changed what answers are made from.

        Versions would tell, also of writes through other gateways; of its own ones this process
        need not ask.

        Args:
            request: the request.
            changes: what it changes.
            caller: whose that is.
        """
        if len(self._invalidated_at) > MOST_INVALIDATED:
            self._invalidated_at.clear()
        now = time.monotonic()
        for policy in changes:
            self._invalidated_at[generation_keys_of(request, policy, caller)] = now

    def get(
        self, request: HttpRequest, policy: CachePolicy | None, caller: Caller | None
    ) -> Body | None:
        """Return the answer to a request that was counted and let in, or None.

        Args:
            request: the request.
            policy: what its answers are made from.
            caller: who asks.
        """
        key = key_of(request, policy, caller)
        entry = self._responses.get(key) if key else None
        if entry is None or not self._may_be_current(entry):
            return None
        if entry.generation_keys is not None and not self.admission.cache.is_current(
            entry.generation, entry.generation_keys
        ):
            return None
        return entry.body

    def find(self, get: PlainGet, peer: str) -> PreparedResponse | PendingResponse | None:
        """Return the answer to a plain GET, or None if the long way has to be gone."""
        entry = self._responses.get((ANYBODY, get.target))
        if entry is None:
            return self._find_own(get)
        if not self._may_be_current(entry) or not self.admission.count_without_waiting(
            None, get.forwarded, peer
        ):
            return None
        return self.give((ANYBODY, get.target), entry, get)

    def _find_own(self, get: PlainGet) -> "Revalidation | None":
        caller = self.admission.caller_of_known_token(get.authorization)
        # the same user may have been no administrator when the answer was made
        if caller is None or caller.is_admin:
            return None
        entry = self._responses.get((caller.user_id, get.target))
        if entry is None or not self._may_be_current(entry):
            return None
        return Revalidation(self, get, caller, entry)

    def give(self, key: Key, entry: CachedResponse, get: PlainGet) -> PreparedResponse:
        """Return an answer as it goes out, as the client has asked for it."""
        self._responses.move_to_end(key)
        is_known = get.known_tags is not None and knows(
            entry.body.tag, get.known_tags.decode("latin-1")
        )
        prepared = entry.prepared.get(is_known)
        if prepared is None:
            more, user_id = self.server.headers_without_origin, key[0] or None
            prepared = prepare(entry.body, key[1], entry.route, is_known, more, user_id)
            entry.prepared[is_known] = prepared
        return prepared

    def holds(self, key: Key, entry: CachedResponse) -> bool:
        """Tell whether an answer is still what is remembered."""
        return self._responses.get(key) is entry

    def forget(self, key: Key, entry: CachedResponse) -> None:
        """Drop an answer that turned out not to be current."""
        if self.holds(key, entry):
            del self._responses[key]
            self._bytes -= entry.size

    def _may_be_current(self, entry: CachedResponse) -> bool:
        if time.monotonic() > entry.made_at + LIFETIME_SECONDS or entry.day != _today():
            return False
        if entry.generation_keys is None:
            return entry.generation == self.news.generation
        return entry.made_at > self._invalidated_at.get(entry.generation_keys, 0.0)

    def _current_generation(self, generation_keys: GenerationKeys | None) -> str | int | None:
        if generation_keys is not None:
            return self.admission.cache.generation(generation_keys)
        return self.news.generation

    def _put(self, key: Key, entry: CachedResponse) -> None:
        old = self._responses.pop(key, None)
        self._bytes += entry.size - (old.size if old else 0)
        self._responses[key] = entry
        while len(self._responses) > MOST_RESPONSES or self._bytes > MOST_BYTES:
            _, oldest = self._responses.popitem(last=False)
            self._bytes -= oldest.size


@dataclass(slots=True)
class Revalidation:
    """A user's answer, while Redis is asked whether it is current and the token not revoked."""

    memory: ResponseCache
    get: PlainGet
    caller: Caller
    entry: CachedResponse
    generation: str | None = None
    is_good: bool = False

    def ask(self, then: Callable[[bool], None]) -> None:
        """Ask Redis."""
        admission, token_id = self.memory.admission, self.caller.token_id

        def note(generation: str | None, of_tokens: str | None) -> None:
            self.generation = generation
            self.is_good = admission.revocations.is_known_valid(token_id, of_tokens)
            then(self.is_good and generation == self.entry.generation)

        admission.cache.look_up_generations(
            self.entry.generation_keys, cache_generations.tokens_of(self.caller.user_id), note
        )

    def teach(self, request: HttpRequest) -> None:
        """Tell the same request, on its long way, what Redis need not be asked again."""
        generation = self.generation
        if self.is_good:
            request.checked_token = self.caller.token_id
        else:
            self.memory.admission.confirm_token(self.caller)
        if generation is not None:
            request.asked_ahead = lambda: generation

    def answer(self, right: bool) -> PreparedResponse | None:
        """Return the answer if it is right and can be counted without waiting."""
        key = (self.caller.user_id, self.get.target)
        if not right:
            self.memory.forget(key, self.entry)
            return None
        if not self.memory.holds(key, self.entry):
            return None
        if not self.memory.admission.count_without_waiting(self.caller, None, ""):
            return None
        return self.memory.give(key, self.entry, self.get)


def key_of(request: HttpRequest, policy: CachePolicy | None, caller: Caller | None) -> Key | None:
    """Return the key of what may be remembered of the answer to a request."""
    if policy is None or request.method != "GET" or (caller is not None and caller.is_admin):
        return None
    if len(request.path) + len(request.query) >= LONGEST_TARGET:
        return None
    if policy is CachePolicy.WORKOUT and not _ID.fullmatch(request.path_values["id"]):
        return None
    return (ANYBODY if policy is CachePolicy.CATALOGUE else caller.user_id, request.target)


def _today() -> int:
    return int(time.time()) // DAY_SECONDS
