"""Lines of the log as text: JSON for machines, or coloured for a terminal."""

import json
import time
from functools import lru_cache
from typing import Any

import orjson
import structlog

from services.observability.logging.safety import harmless, write_traceback

Line = dict[str, object]


def text_processors() -> list[Any]:
    """Return what makes text for a terminal of a line, as structlog calls it."""
    return [
        harmless,
        structlog.dev.ConsoleRenderer(
            timestamp_key="time", sort_keys=False, exception_formatter=write_traceback
        ),
    ]


def json_processors() -> list[Any]:
    """Return what makes JSON of a line."""
    return [structlog.processors.format_exc_info, harmless, render_json]


def render_json(_logger: object, _method: str, line: Line) -> str:
    """Return a line as JSON, as structlog calls its last processor."""
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:
        # half a character, or a number beyond 64 bits: from outside, and worth seeing
        return json.dumps(line, default=str)


def now() -> str:
    """Return the current time, in microseconds."""
    seconds, microseconds = divmod(time.time_ns() // 1000, 10**6)
    return f"{second_as_text(seconds).decode()}.{microseconds:06d}Z"


@lru_cache(maxsize=2)
def second_as_text(second: int) -> bytes:
    """Return a moment as UTC in ISO 8601, without its fraction and zone."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode()
