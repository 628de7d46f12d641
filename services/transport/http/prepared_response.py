"""Responses that are rendered in advance, but for the request's id and the time."""

import time
from functools import lru_cache

from services.observability import logging, metrics, tracing
from services.transport.http.limits import LONGEST_LOGGED_PATH
from services.transport.http.messages import BODILESS, Headers, new_request_id
from services.transport.http.responses import date, start_of

NO_BODY = b"\r\n\r\n"
_LENGTH = b"\r\nContent-Length: %d\r\n\r\n"


class PreparedResponse:
    """The response to any number of GETs of one target, with its line in the log and its metrics.

    It does what :mod:`.application` does for all other responses: the headers that each has, the
    span, the count and the log line.

    Args:
        target: path and query.
        route: the route's path, for log and metrics.
        status: the response's status.
        headers: the response's own headers.
        body: the whole body; nothing, if the response has none.
        user_id: whose request it is, for the log.
    """

    __slots__ = ("_end", "_line", "_name", "_series", "_start", "_status")

    def __init__(
        self,
        target: bytes,
        route: str,
        status: int,
        headers: Headers,
        body: bytes = b"",
        user_id: int | None = None,
    ):
        self._start = start_of(status, headers) + b"X-Request-ID: "
        self._end = NO_BODY if status in BODILESS else _LENGTH % len(body) + body
        path = target.partition(b"?")[0].decode("latin-1")[:LONGEST_LOGGED_PATH]
        self._line = logging.PreparedLine(
            "http request", method="GET", path=path, route=route, status=status, user_id=user_id
        )
        self._series = metrics.HTTP.series("GET", route, status)
        self._name, self._status = f"GET {route}", status

    def render(self, request_id: bytes, started: float, parent: str | None) -> bytes:
        """Return the response to one request, and count and log it.

        Args:
            request_id: the client's, or nothing if it has given none.
            started: when the request was begun with, by the monotonic clock.
            parent: ``traceparent``.
        """
        request_id = request_id or new_request_id().encode()
        if tracing.is_on():
            self._trace(request_id, parent)
        response = self._respond(request_id)
        seconds = time.monotonic() - started
        self._series.note(seconds)
        metrics.HTTP.from_cache += 1
        self._line.write(request_id, seconds)
        return response

    def _respond(self, request_id: bytes) -> bytes:
        dated, _ = _moment(int(time.time()))
        return b"".join((self._start, request_id, dated, self._end))

    def _trace(self, request_id: bytes, parent: str | None) -> None:
        known = {"request_id": request_id.decode()}
        with tracing.span(tracing.SERVER, self._name, parent, **known) as span:
            span.note(status=self._status)


class PreparedEnvelope(PreparedResponse):
    """A response whose body is an envelope, which has the request's id and the time, too.

    Args:
        target: path and query.
        route: the route's path, for log and metrics.
        headers: the response's own headers.
        around: the envelope around the request's id: what comes before the id, and what comes
            between it and the time.
        user_id: whose request it is, for the log.
    """

    __slots__ = ("_before", "_between", "_length")

    def __init__(
        self,
        target: bytes,
        route: str,
        headers: Headers,
        around: tuple[bytes, bytes],
        user_id: int | None = None,
    ):
        super().__init__(target, route, 200, headers, user_id=user_id)
        self._before, self._between = around
        self._length = len(self._before) + len(self._between)

    def _respond(self, request_id: bytes) -> bytes:
        dated, stamp = _moment(int(time.time()))
        return b"".join(
            (
                self._start,
                request_id,
                dated,
                _LENGTH % (self._length + len(request_id) + len(stamp)),
                self._before,
                request_id,
                self._between,
                stamp,
            )
        )


@lru_cache(maxsize=2)
def _moment(seconds: int) -> tuple[bytes, bytes]:
    """Return what a response says of the time, for ``Date`` and for the end of the envelope."""
    return b"\r\nDate: " + date(seconds), b"%d}" % seconds
