"""Logging: one event a line, JSON for machines or coloured text for a terminal.

Every line says time, level, service and event; whatever is logged on behalf of a request carries
its id and its user's. Our own lines take the shortest way to the output: through the standard
library's loggers one costs six times as much, which for a line per request and RPC is felt.
"""

import json
import logging
import logging.config
import os
import re
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache

import orjson
import structlog
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.observability import metrics, tracing
from services.observability.logging import foreign
from services.observability.logging.output import Output
from services.observability.logging.safety import harmless, write_traceback
from services.process.settings import BadSettings, CannotStart, Settings

NOISY = {"kombu": "WARNING", "amqp": "WARNING", "alembic": "WARNING", "limits": "ERROR"}
NOTHING: dict[str, object] = {}

_context: ContextVar[dict[str, object]] = ContextVar("log context", default=NOTHING)

_json_lines: "_JsonLines | None" = None

_PLAIN = re.compile(r"[A-Za-z0-9._,-]+", re.ASCII)

Line = dict[str, object]
Processor = Callable[[object, str, Line], Line]


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    return structlog.get_logger(name)


def bind(**known: object) -> None:
    """Add values to every further line of this greenthread, instead of those bound before."""
    _context.set(known)


def configure(settings: Settings, service: str) -> None:
    """Set up logging for this process.

    Args:
        settings: level and format.
        service: the name that every line carries, such as ``workouts-service``.

    Raises:
        BadSettings: there is no such level.
    """
    levels = logging.getLevelNamesMapping()
    if settings.log_level not in levels:
        raise BadSettings("LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
    level = levels[settings.log_level]
    stamp = _stamping(service)
    is_for_people = _is_for_people(settings.log_format)
    rendering = _text() if is_for_people else _json()
    output = Output(sys.stdout.fileno())
    _configure_others(settings, [stamp], rendering, output)
    structlog.configure(
        processors=[stamp, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: output,
        cache_logger_on_first_use=True,
    )
    global _json_lines
    _json_lines = None if is_for_people else _JsonLines(service, output, level <= logging.INFO)
    if not is_for_people:
        foreign.take_over(get_logger(__name__))


def report_no_start(service: str, event: str, problem: CannotStart) -> None:
    """Write the one line of a process that ends before its work, perhaps without a log.

    Args:
        service: the name that the line carries, such as ``workouts-service``.
        event: what it can't do.
        problem: why.
    """
    if _is_for_people(os.environ.get("LOG_FORMAT", "auto")):
        sys.stderr.write(f"{service} {event}: {problem}\n")
        return
    line = _stamping(service)(None, "critical", {"event": event, "reason": str(problem)})
    Output(sys.stdout.fileno()).critical(_render_json(None, "", harmless(None, "", line)))


class LogContext(DependencyProvider):
    """Adds the request's id and user to every line that a worker logs, and its span to the trace.

    Context variables are not inherited by greenthreads, so each worker begins with its own.
    """

    def worker_setup(self, worker_ctx: WorkerContext) -> None:
        """Bind what the worker's context knows."""
        data = worker_ctx.data
        bind(**{key: data[key] for key in ("request_id", "user_id") if data.get(key) is not None})
        tracing.begin_work(worker_ctx)

    def worker_result(
        self, worker_ctx: WorkerContext, result: object = None, exc_info: tuple | None = None
    ) -> None:
        """End the worker's span."""
        if tracing.is_on():
            tracing.end_work(metrics.outcome_of(exc_info and exc_info[1]))


class PreparedLine:
    """A line at ``INFO`` of which all is known but a request's id and its duration.

    It is written as any other, only that what is known is cleaned and rendered once.

    Args:
        event: what happened.
        known: what the line says of it.
    """

    __slots__ = ("_rendered", "event", "known")

    def __init__(self, event: str, **known: object):
        self.event = event
        self.known = known
        self._rendered: bytes | None = None

    def write_for_worker(self, seconds: float, **instead: object) -> None:
        """Write the line on behalf of the worker that is running, whose request and user it tells.

        Args:
            seconds: how long it took.
            instead: the request and the user, if they are others than the worker's.
        """
        known = {**_context.get(), **instead}
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
            request_id: as the web server takes it, of letters that need no escaping.
            seconds: how long it took.
            more: what else is told, as JSON that begins with a comma.
        """
        if _json_lines is None or b"eyJ" in request_id:
            told = {"request_id": request_id.decode(), "duration_ms": round(seconds * 1000, 1)}
            get_logger(__name__).info(self.event, **self.known, **told)
            return
        if self._rendered is None:
            line = harmless(None, "info", {"event": self.event, **self.known})
            self._rendered = _render_json(None, "info", line).encode()[1:-1]
        _json_lines.write(self._rendered, request_id, seconds * 1000, more)


class _JsonLines:
    """Writes prepared lines, or drops them where their level is not told."""

    def __init__(self, service: str, output: Output, is_told: bool):
        self._start = b'Z","level":"info","service":%b,' % orjson.dumps(service)
        self._output = output
        self._is_told = is_told

    def write(self, rendered: bytes, request_id: bytes, milliseconds: float, more: bytes) -> None:
        if self._is_told:
            now = time.time()
            second = int(now)
            self._output.add(
                b'{"time":"%b.%06d%b%b,"duration_ms":%.1f,"request_id":"%b"%b}\n'
                % (
                    _second(second),
                    (now - second) * 1_000_000,
                    self._start,
                    rendered,
                    milliseconds,
                    request_id,
                    more,
                )
            )


@lru_cache(maxsize=2)
def _second(second: int) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode()


class _Handler(logging.Handler):
    """Writes the lines of the standard library's loggers."""

    def __init__(self, output: Output):
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        try:
            write = self._output.warning if record.levelno > logging.INFO else self._output.info
            write(self.format(record))
        except Exception:
            self.handleError(record)


class _Unexpected(logging.Filter):
    """Drops Nameko's tracebacks of refusals, which our entrypoints tell in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("(expected) error")


def _configure_others(settings: Settings, shared: list, rendering: list, output: Output) -> None:
    """Give the lines of Nameko, kombu and the rest the same looks."""
    logging.config.dictConfig(
        {
            "version": 1,
            # true, the default, would mute nameko's own tracebacks
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        *rendering,
                    ],
                }
            },
            "filters": {"unexpected": {"()": _Unexpected}},
            "handlers": {
                "stdout": {
                    "()": _Handler,
                    "output": output,
                    "formatter": "line",
                    "filters": ["unexpected"],
                }
            },
            "root": {"handlers": ["stdout"], "level": settings.log_level},
            "loggers": {name: {"level": level} for name, level in NOISY.items()},
        }
    )


def _is_for_people(log_format: str) -> bool:
    if log_format == "auto":
        return sys.stdout.isatty()
    return log_format == "text"


def _text() -> list:
    return [
        harmless,
        structlog.dev.ConsoleRenderer(
            timestamp_key="time", sort_keys=False, exception_formatter=write_traceback
        ),
    ]


def _json() -> list:
    return [structlog.processors.format_exc_info, harmless, _render_json]


def _render_json(_logger: object, _method: str, line: Line) -> str:
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:
        # half a character, or a number beyond 64 bits: from outside, and worth seeing
        return json.dumps(line, default=str)


def _now() -> str:
    seconds, microseconds = divmod(time.time_ns() // 1000, 10**6)
    return f"{_second(seconds).decode()}.{microseconds:06d}Z"


def _stamping(service: str) -> Processor:
    def stamp(_logger: object, level: str, line: Line) -> Line:
        return {
            "time": _now(),
            "level": level,
            "service": service,
            "event": line.pop("event"),
            **_context.get(),
            **line,
        }

    return stamp
