"""The fast path: cached responses to plain GETs, given by the web server's own callback.

No head is parsed, no route looked for and no greenthread made. The web server hands the bytes of
each request head to :meth:`FastPath.respond`, its one callback. That recognises the head, knows the
caller by a token that was checked before, and takes the response from the response cache.

- A file of the page is sent at once.
- A public response is sent at once, unless the request has the token of a user who may have private
  exercises: they may see more.
- For a personal one, Redis is asked for two generations, without waiting: that of the response,
  and that of the user's tokens, in which the token's standing was heard of. It is sent if both
  are still current. See :mod:`services.dependencies.cache` and :mod:`gateway.admission.standings`.
- Everything else takes the slow path: a route's entrypoint, which handles all of HTTP and reports
  errors. The replies of Redis are passed on as the request's context.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from nameko.extensions import SharedExtension

from gateway.admission.admission import Admission
from gateway.admission.callers import Caller
from gateway.requests.context import RequestContext
from gateway.responses.cache_policy import ANYBODY, Key
from gateway.responses.prepared_files import PreparedFiles
from gateway.responses.replies import has_tag, prepare
from gateway.responses.response_cache import CachedResponse, ResponseCache
from services.dependencies import cache_generations
from services.transport.http import WebServer
from services.transport.http.plain_get import PlainGet, PlainGets
from services.transport.http.prepared_response import PreparedResponse


@dataclass(frozen=True, slots=True)
class CacheableGet:
    """What counts of a GET's head; made once for all requests with the same head.

    Args:
        key: the cache key, if the response is not personal.
        token: the bearer token, unchecked.
        forwarded: ``X-Forwarded-For``.
        known_tags: ``If-None-Match``.
        parent: ``traceparent``.
        file: the response, if it is a file that is asked for.
    """

    key: Key
    token: str | None
    forwarded: str | None
    known_tags: str | None
    parent: str | None
    file: PreparedResponse | None


class FastPath(SharedExtension):
    """Serves plain GETs of files, and from the response cache."""

    server = WebServer()
    admission = Admission()
    response_cache = ResponseCache()
    files = PreparedFiles()

    def __init__(self) -> None:
        super().__init__()
        self._gets = PlainGets(self._cacheable)

    def setup(self) -> None:
        """Have the web server call :meth:`respond`."""
        self.server.fast_path = self.respond

    def respond(self, head: bytes, peer: str) -> "bytes | Revalidation | None":
        """Return the response to a request, or None if the slow path has to be taken.

        Args:
            head: the whole head.
            peer: the address of the other end of the connection.
        """
        started = time.monotonic()
        found = self._gets.read(head)
        if found is None:
            return None
        get, request_id = found
        if get.file is not None:
            if not self.admission.count_without_waiting(None, get.forwarded, peer):
                return None
            return get.file.render(request_id, started, get.parent)
        key = get.key
        cached = self.response_cache.find(key)
        token = get.token
        if cached is None or (
            token is not None and not self.admission.sees_the_catalogue_alone(token)
        ):
            return self._respond_personally(get, request_id, started)
        if not self.admission.count_without_waiting(None, get.forwarded, peer):
            return None
        return self.render(key, cached, get, request_id, started)

    def _cacheable(self, get: PlainGet) -> CacheableGet:
        authorization = get.header(b"authorization") or ""
        return CacheableGet(
            (ANYBODY, get.target),
            authorization[7:] if authorization.startswith("Bearer ") else None,
            get.header(b"x-forwarded-for"),
            get.header(b"if-none-match"),
            get.header(b"traceparent"),
            self.files.find(get),
        )

    def _respond_personally(
        self, get: CacheableGet, request_id: bytes, started: float
    ) -> "Revalidation | None":
        caller = None if get.token is None else self.admission.standings.known(get.token)
        # the same user may have been no administrator when the response was cached
        if caller is None or caller.is_admin:
            return None
        key = (caller.user_id, get.key[1])
        cached = self.response_cache.find(key)
        if cached is None or not caller.may(cached.scope):
            return None
        return Revalidation(self, key, cached, caller, (get, request_id, started))

    def render(
        self, key: Key, cached: CachedResponse, get: CacheableGet, request_id: bytes, started: float
    ) -> bytes:
        """Return a cached response as it goes out, counted and logged.

        Args:
            key: the cache key.
            cached: what is cached.
            get: the request.
            request_id: its id, or nothing if it has none.
            started: when it was begun with, by the monotonic clock.
        """
        self.response_cache.touch(key)
        known_tags = get.known_tags
        is_known = known_tags is not None and has_tag(known_tags, cached.reply.tag)
        prepared = cached.prepared.get(is_known)
        if prepared is None:
            more, user_id = self.server.headers_without_origin, key[0] or None
            prepared = prepare(cached.reply, key[1], cached.route, is_known, more, user_id)
            cached.prepared[is_known] = prepared
        return prepared.render(request_id, started, get.parent)


class Revalidation:
    """A personal response, while Redis is asked whether it is current and the token not revoked.

    Args:
        fast_path: gives the response.
        key: the cache key.
        cached: what is cached.
        caller: whose token the request has.
        asked: the request, its id, and when it was begun with.
    """

    __slots__ = (
        "_asked",
        "_cached",
        "_caller",
        "_fast_path",
        "_generation",
        "_key",
        "_token_is_valid",
    )

    def __init__(
        self,
        fast_path: FastPath,
        key: Key,
        cached: CachedResponse,
        caller: Caller,
        asked: tuple[CacheableGet, bytes, float],
    ):
        self._fast_path = fast_path
        self._key = key
        self._cached = cached
        self._caller = caller
        self._asked = asked
        self._generation: str | None = None
        self._token_is_valid = False

    def ask(self, then: Callable[[], None]) -> None:
        """Ask Redis for both generations, in one command."""
        admission, caller = self._fast_path.admission, self._caller

        def take(generation: str | None, of_tokens: str | None) -> None:
            self._generation = generation
            self._token_is_valid = admission.standings.holds(caller, of_tokens)
            then()

        of_tokens = cache_generations.tokens_of(caller.user_id)
        admission.cache.look_up_generations(
            # a personal response depends on some
            self._cached.generation_keys,  # type: ignore[arg-type]
            of_tokens,
            take,
        )

    def finish(self) -> bytes | None:
        """Return the response if it is right and can be counted without waiting."""
        fast_path, key, cached = self._fast_path, self._key, self._cached
        if not self._token_is_valid:
            return None
        if self._generation != cached.generation:
            fast_path.response_cache.remove(key, cached)
            return None
        # another request may have replaced it while Redis was asked
        if not fast_path.response_cache.holds(key, cached):
            return None
        if not fast_path.admission.count_without_waiting(self._caller, None, ""):
            return None
        get, request_id, started = self._asked
        return fast_path.render(key, cached, get, request_id, started)

    @property
    def context(self) -> RequestContext:
        """What Redis has said, for the slow path."""
        return RequestContext(self._generation, self._caller if self._token_is_valid else None)
