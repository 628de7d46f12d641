"""The application: every request gets a response, whatever is raised on the way."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from services.observability import metrics, tracing
from services.observability.logging import PreparedLine, bind, get_logger
from services.transport.http import limits, responses
from services.transport.http.cors import Cors
from services.transport.http.messages import Headers, HttpRequest, Refused, Response
from services.transport.http.routing import Provider, Routes, allowed
from services.transport.http.streaming import StreamedBody

log = get_logger(__name__)

PROBES = frozenset({"/health", "/ready", "/metrics"})
"""Routes that are asked every few seconds, by programs."""


class Application:
    """Routes a request, adds the headers that every response has, and logs one line.

    Args:
        providers: what serves the routes.
        cors: makes the headers for pages of other origins.
        is_closing: whether the server is about to end, so that connections are not kept.
    """

    def __init__(self, providers: Iterable[Provider], cors: Cors, is_closing: Callable[[], bool]):
        self.routes = Routes(providers)
        self.cors = cors
        self.is_closing = is_closing

    def respond(self, request: HttpRequest) -> tuple[bytes, bool, StreamedBody | None]:
        """Return the response, whether the connection can be used again, and a streamed body."""
        started = time.monotonic()
        bind(request_id=request.request_id)
        with _span(request) as span:
            route, answer = self._answer(request)
            span.rename(f"{request.method} {route or 'unknown'}")
            span.note(status=answer.status)
        try:
            response, keeps, body = self._render(request, answer)
        except BaseException:
            if answer.stream is not None:
                answer.stream.close()
            raise
        _log_request(request, route, answer.status, started)
        return response, keeps, body

    def _render(
        self, request: HttpRequest, answer: Response
    ) -> tuple[bytes, bool, StreamedBody | None]:
        is_chunked, is_bodiless = request.head.version >= (1, 1), request.method == "HEAD"
        stream = answer.stream
        keeps = self._keeps_connection(request) and (is_chunked or stream is None)
        response = responses.on_the_wire(
            self._with_cors(request, answer),
            request.request_id,
            _connection(request, keeps),
            bodiless=is_bodiless,
            is_chunked=is_chunked,
        )
        if stream is None:
            return response, keeps, None
        if is_bodiless:
            stream.close()
            return response, keeps, None
        return response, keeps, StreamedBody(stream, is_chunked, request.request_id)

    def _answer(self, request: HttpRequest) -> tuple[str | None, Response]:
        route = None
        try:
            methods, request.path_values = self.routes.find(request.path)
            provider = methods.get("GET" if request.method == "HEAD" else request.method)
            if provider is not None:
                route = provider.path
                return route, provider.handle_request(request)
            route = next(iter(methods.values())).path
            return route, self._without_provider(request, allowed(methods))
        except Refused as refusal:
            return route, refusal.answer(request.request_id)
        except Exception as problem:
            log.error("request failed", exc_info=problem, request_id=request.request_id)
            return route, Refused(500).answer(request.request_id)

    def _without_provider(self, request: HttpRequest, allow: str) -> Response:
        if request.method != "OPTIONS":
            raise Refused(405, headers=(("Allow", allow),), allowed=allow.split(", "))
        return Response(204, headers=(("Allow", allow), *self.cors.headers(request, allow)))

    def _with_cors(self, request: HttpRequest, answer: Response) -> Response:
        more: Headers = () if request.method == "OPTIONS" else self.cors.headers(request)
        return replace(answer, headers=answer.headers + more) if more else answer

    def _keeps_connection(self, request: HttpRequest) -> bool:
        # the rest of a body would have to be read, however large and slow, to go on after it
        unread = request.left_unread
        return request.head.keeps_connection and not unread and not self.is_closing()


def _connection(request: HttpRequest, keeps: bool) -> bytes:
    if not keeps:
        return responses.CLOSE
    return responses.KEEP if request.head.version < (1, 1) else b""


def _span(request: HttpRequest) -> tracing.Span:
    if not tracing.is_on() or request.path in PROBES:
        return tracing.NOTHING
    parent = request.header(tracing.HEADER)
    return tracing.span(tracing.SERVER, "HTTP", parent, request_id=request.request_id)


def _log_request(request: HttpRequest, route: str | None, status: int, started: float) -> None:
    """Count and log one request."""
    seconds = time.monotonic() - started
    metrics.note_request(request.method, route, status, seconds)
    path = request.path[: limits.LONGEST_LOGGED_PATH]
    if route in PROBES:
        duration = round(seconds * 1000, 1)
        log.debug("http request", path=path, status=status, duration_ms=duration)
        return
    line = _line(request.method, path, route, status, request.user_id)
    line.write(request.request_id.encode(), seconds)


@lru_cache(maxsize=1000)
def _line(
    method: str, path: str, route: str | None, status: int, user_id: int | None
) -> PreparedLine:
    return PreparedLine(
        "http request", method=method, path=path, route=route, status=status, user_id=user_id
    )
