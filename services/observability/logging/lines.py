"""Prepared lines: rendered once, but for the request's id and the duration."""

import re
import time

import orjson

from services.observability.logging.context import bound, get_logger
from services.observability.logging.output import Output
from services.observability.logging.rendering import render_json, second_as_text
from services.observability.logging.safety import harmless

_PLAIN = re.compile(r"[A-Za-z0-9._,-]+", re.ASCII)

_json_lines: "JsonLines | None" = None


class PreparedLine:
    """A line at ``INFO`` whose values are constant, but for a request's id and a duration.

    The constant part is cleaned and rendered only once; the line reads as any other.

    Args:
        event: text of the event.
        known: the constant values.
    """

    __slots__ = ("_rendered", "event", "known")

    def __init__(self, event: str, **known: object):
        self.event = event
        self.known = known
        self._rendered: bytes | None = None

    def write_for_worker(self, seconds: float, **instead: object) -> None:
        """Write the line with the request and the user of the current worker.

        Args:
            seconds: the duration.
            instead: ``request_id`` and ``user_id``, if others than the worker's.
        """
        known = {**bound(), **instead}
        if not known and _json_lines is not None:
            _json_lines.write(self._constant(), seconds * 1000)
            return
        request_id = known.get("request_id")
        if not isinstance(request_id, str) or not _PLAIN.fullmatch(request_id):
            duration = round(seconds * 1000, 1)
            get_logger(__name__).info(self.event, **self.known, duration_ms=duration, **instead)
            return
        user_id = known.get("user_id")
        more = b',"user_id":%d' % user_id if type(user_id) is int else b""
        self.write(request_id.encode(), seconds, more)

    def write(self, request_id: bytes, seconds: float, more: bytes = b"") -> None:
        """Write the line.

        Args:
            request_id: of characters that need no escaping in JSON.
            seconds: the duration.
            more: further members as JSON, beginning with a comma.
        """
        if _json_lines is None or b"eyJ" in request_id:
            told = {"request_id": request_id.decode(), "duration_ms": round(seconds * 1000, 1)}
            get_logger(__name__).info(self.event, **self.known, **told)
            return
        more = b',"request_id":"%b"%b' % (request_id, more)
        _json_lines.write(self._constant(), seconds * 1000, more)

    def _constant(self) -> bytes:
        if self._rendered is None:
            line = harmless(None, "info", {"event": self.event, **self.known})
            self._rendered = render_json(None, "info", line).encode()[1:-1]
        return self._rendered


def write_prepared_lines_to(json_lines: "JsonLines | None") -> None:
    """Set the output of prepared lines; None writes them as any other line."""
    global _json_lines
    _json_lines = json_lines


class JsonLines:
    """Writes prepared lines as JSON, if ``INFO`` is logged at all."""

    def __init__(self, service: str, output: Output, is_logged: bool):
        self._start = b'Z","level":"info","service":%b,' % orjson.dumps(service)
        self._output = output
        self._is_logged = is_logged

    def write(self, rendered: bytes, milliseconds: float, more: bytes = b"") -> None:
        """Write one line around its rendered constant part.

        Args:
            rendered: that part, as members in JSON.
            milliseconds: the duration.
            more: further members, beginning with a comma.
        """
        if self._is_logged:
            now = time.time()
            second = int(now)
            self._output.add(
                b'{"time":"%b.%06d%b%b,"duration_ms":%.1f%b}\n'
                % (
                    second_as_text(second),
                    (now - second) * 1_000_000,
                    self._start,
                    rendered,
                    milliseconds,
                    more,
                )
            )
