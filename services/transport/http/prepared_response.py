"""An answer of which everything is known but when it is given, and to which request."""

import time
from functools import lru_cache

from services.observability import logging, metrics, tracing
from services.transport.http.limits import LONGEST_LOGGED_PATH
from services.transport.http.messages import BODILESS, Headers, new_request_id
from services.transport.http.responses import date, start_of


class PreparedResponse:
    """One answer to GETs of one target, with what the log and the metrics say of it.

    Args:
        target: what is asked for.
        route: its route's path.
        status: of the answer.
        headers: of the answer.
        body: the envelope around the request's id: what comes before it, and what comes between it
            and the time. Nothing, if the answer has no body.
        user_id: who may ask for it.
    """

    __slots__ = ("_before", "_between", "_length", "_line", "_name", "_start", "_status", "_tally")

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
        self._tally = metrics.HTTP.tally("GET", route, status)
        self._name, self._status = f"GET {route}", status

    def render(self, request_id: bytes, started: float, parent: str | None) -> bytes:
        """Return the response to a request, which is counted and logged.

        Args:
            request_id: its id, or nothing if it has none.
            started: when it was begun with, by the monotonic clock.
            parent: its ``traceparent``.
        """
        request_id = request_id or new_request_id().encode()
        if tracing.is_on():
            self._trace(request_id, parent)
        response = self._respond(request_id)
        seconds = time.monotonic() - started
        self._tally.note(seconds)
        metrics.HTTP.remembered += 1
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
        known = {"request_id": request_id.decode(), "user_id": self._line.known["user_id"]}
        with tracing.span(tracing.SERVER, self._name, parent, **known) as span:
            span.note(status=self._status)


@lru_cache(maxsize=2)
def _moment(seconds: int) -> tuple[bytes, bytes]:
    return b"\r\nDate: " + date(seconds), b"%d}" % seconds
