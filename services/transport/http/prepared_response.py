"""Responses that are rendered in advance, but for the request's id and the time."""

import time
from functools import lru_cache

from services.observability import logging, metrics, tracing
from services.transport.http.limits import LONGEST_LOGGED_PATH
from services.transport.http.messages import BODILESS, Headers, new_request_id
from services.transport.http.responses import date, start_of


class PreparedResponse:
    """The response to any number of GETs of one target, with its line in the log and its metrics.

    It does what :mod:`.application` does for all other responses: the headers that each has, the
    span, the count and the log line.

    Args:
        target: path and query.
        route: the route's path, for log and metrics.
        status: the response's status.
        headers: the response's own headers.
        body: the envelope around the request's id: what comes before the id, and what comes between
            it and the time. Nothing, if the response has no body.
        user_id: whose request it is, for the log.
    """

    __slots__ = ("_before", "_between", "_length", "_line", "_name", "_series", "_start", "_status")

    def __init__(
        self,
        target: bytes,
        route: str,
        status: int,
        headers: Headers,
        body: tuple[bytes, bytes] = (b"", b""),
        user_id: int | None = None,
    ):
        self._start = start_of(status, headers) + b"X-Request-ID: "
        self._before, self._between = body
        self._length = None if status in BODILESS else len(self._before) + len(self._between)
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
        dated, stamp = _moment(int(time.time()))
        if self._length is None:
            return b"".join((self._start, request_id, dated, b"\r\n\r\n"))
        return b"".join(
            (
                self._start,
                request_id,
                dated,
                b"\r\nContent-Length: %d\r\n\r\n" % (self._length + len(request_id) + len(stamp)),
                self._before,
                request_id,
                self._between,
                stamp,
            )
        )

    def _trace(self, request_id: bytes, parent: str | None) -> None:
        known = {"request_id": request_id.decode()}
        with tracing.span(tracing.SERVER, self._name, parent, **known) as span:
            span.note(status=self._status)


@lru_cache(maxsize=2)
def _moment(seconds: int) -> tuple[bytes, bytes]:
    """Return what a response says of the time, for ``Date`` and for the end of the envelope."""
    return b"\r\nDate: " + date(seconds), b"%d}" % seconds
