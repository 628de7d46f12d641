"""The WSGI application: one request in, one answer out, whatever happens."""

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus

from services.dependencies import metrics, tracing
from services.dependencies.logs import bind, get_logger
from services.dependencies.web.cors import Cors
from services.dependencies.web.messages import (
    BODILESS,
    SECURITY_HEADERS,
    Answer,
    Headers,
    HttpRequest,
    Refused,
)
from services.dependencies.web.protocol import CONNECTION_KEY, on_the_wire
from services.dependencies.web.routing import Provider, Routes, allowed
from services.dependencies.web.shortcut import Found, Shortcut, read_plain_get

log = get_logger(__name__)

LONGEST_LOGGED_PATH = 200

PROBES = frozenset({"/health", "/ready", "/metrics"})
"""Routes that are asked every few seconds, by programs."""


class Application:
    """Finds the route, has it answer, adds what every answer has, and logs one line.

    Args:
        providers: what serves the routes.
        cors: what to tell pages of other origins.
        is_closing: whether the server is about to end, so that connections are not kept.
        shortcut: may know answers by heart.
    """

    def __init__(
        self,
        providers: Iterable[Provider],
        cors: Cors,
        is_closing: Callable[[], bool],
        shortcut: Shortcut | None = None,
    ):
        self.shortcut = shortcut
        self.routes = Routes(providers)
        self.cors = cors
        self.is_closing = is_closing

    def __call__(self, environ: dict, start_response: Callable) -> list[bytes]:
        """Answer a request, as WSGI has it."""
        started = time.perf_counter()
        request = HttpRequest(environ)
        bind(request_id=request.request_id)
        with _span(request) as span:
            route, answer = self._answer(request)
            span.rename(f"{request.method} {route or 'unknown'}")
            span.note(status=answer.status, user_id=request.user_id)
        self._settle_connection(request)
        start_response(_status_line(answer.status), [*self._headers(request, answer)])
        tell(request.method, request.path, route, answer.status, started, request.user_id)
        return [] if request.method == "HEAD" else [answer.body]

    def answer_plain_get(self, head: bytes, peer: str) -> bytes | None:
        """Return a whole response to a request whose answer is known by heart, otherwise None.

        Args:
            head: all that has arrived of the request.
            peer: the client's address.
        """
        if self.shortcut is None or self.is_closing():
            return None
        started = time.perf_counter()
        plain = read_plain_get(head)
        # whatever is told meanwhile must not carry the id of the connection's last request
        bind()
        found = plain and self._find(*plain, peer)
        if not found:
            return None
        target, headers = plain
        status, request_id, user_id = found.answer.status, found.request_id, found.user_id
        metrics.HTTP_REMEMBERED.inc()
        if tracing.is_on():
            parent = headers.get(tracing.HEADER.lower().encode(), b"").decode("latin-1")
            name = f"GET {found.route}"
            with tracing.span(tracing.SERVER, name, parent, request_id=request_id) as span:
                span.note(status=status, user_id=user_id)
        path = target.partition(b"?")[0].decode("latin-1")
        tell("GET", path, found.route, status, started, user_id, request_id=request_id)
        return on_the_wire(found.answer, request_id)

    def _find(self, target: bytes, headers: dict[bytes, bytes], peer: str) -> Found | None:
        try:
            return self.shortcut.find(target, headers, peer)
        except Exception as problem:
            log.error("shortcut failed, going the long way", exc_info=problem)
            return None

    def _answer(self, request: HttpRequest) -> tuple[str | None, Answer]:
        route = None
        try:
            methods, request.path_values = self.routes.find(request.path)
            allow = allowed(methods)
            route = next(iter(methods.values())).path
            if request.method == "OPTIONS":
                return route, Answer(204, headers=self._options(request, allow))
            provider = methods.get("GET" if request.method == "HEAD" else request.method)
            if provider is None:
                raise Refused(405, headers=(("Allow", allow),), allowed=allow.split(", "))
            return route, provider.handle_request(request)
        except Refused as refusal:
            return route, refusal.answer(request.request_id)
        except OSError as problem:
            log.info("client gone", reason=str(problem), request_id=request.request_id)
            return route, Refused(400).answer(request.request_id)
        except Exception as problem:
            log.error("request failed", exc_info=problem, request_id=request.request_id)
            return route, Refused(500).answer(request.request_id)

    def _options(self, request: HttpRequest, allow: str) -> Headers:
        return (("Allow", allow), *self.cors.headers(request, allow))

    def _headers(self, request: HttpRequest, answer: Answer) -> Iterable[tuple[str, str]]:
        yield from answer.headers
        # a page has a policy of its own; a second one beside it would hold as well
        own = {name for name, _ in answer.headers}
        yield from (header for header in SECURITY_HEADERS if header[0] not in own)
        yield "X-Request-ID", request.request_id
        if request.method != "OPTIONS":
            yield from self.cors.headers(request)
        if answer.status not in BODILESS:
            yield "Content-Length", str(len(answer.body))

    def _settle_connection(self, request: HttpRequest) -> None:
        connection = request.environ.get(CONNECTION_KEY)
        if connection is None:
            return
        if request.left_unread:
            # eventlet would read the rest, however large and slow, to use the connection again
            connection.unread = True
            connection.close_connection = True
        if self.is_closing():
            connection.close_connection = True


def _span(request: HttpRequest) -> tracing.Span:
    if not tracing.is_on() or request.path in PROBES:
        return tracing.NOTHING
    parent = request.header(tracing.HEADER)
    return tracing.span(tracing.SERVER, "HTTP", parent, request_id=request.request_id)


def tell(
    method: str,
    path: str,
    route: str | None,
    status: int,
    started: float,
    user_id: int | None,
    **more: object,
) -> None:
    """Count and log one request."""
    seconds = time.perf_counter() - started
    metrics.note_request(method, route, status, seconds)
    write = log.debug if route in PROBES else log.info
    write(
        "http request",
        method=method,
        path=path[:LONGEST_LOGGED_PATH],
        route=route,
        status=status,
        duration_ms=round(seconds * 1000, 1),
        user_id=user_id,
        **more,
    )


def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
