"""Rendering of log lines: as JSON, or as coloured text for a terminal."""

import json
import time
from functools import lru_cache
from typing import Any

import orjson
import structlog

from services.observability.logging.safety import harmless, write_traceback

Line = dict[str, object]


def text_processors() -> list[Any]:
    """Return the structlog processors that render a line for a terminal."""
    return [
        harmless,
        structlog.dev.ConsoleRenderer(
            timestamp_key="time", sort_keys=False, exception_formatter=write_traceback
        ),
    ]


def json_processors() -> list[Any]:
    """Return the structlog processors that render a line as JSON."""
    return [structlog.processors.format_exc_info, harmless, render_json]


def render_json(_logger: object, _method: str, line: Line) -> str:
    """Return a line as JSON; the last structlog processor."""
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:
        # orjson refuses lone surrogates and integers beyond 64 bits, which clients can send
        return json.dumps(line, default=str)


def now() -> str:
    """Return the current UTC time in ISO 8601, with microseconds."""
    seconds, microseconds = divmod(time.time_ns() // 1000, 10**6)
    return f"{second_as_text(seconds).decode()}.{microseconds:06d}Z"


@lru_cache(maxsize=2)
def second_as_text(second: int) -> bytes:
    """Return a second since the epoch as UTC in ISO 8601, without a zone."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode()
