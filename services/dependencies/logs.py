"""Logging: one event a line, JSON for machines or coloured text for a terminal.

Every line says time, level, service and event; whatever is logged on behalf of a request carries
its id and its user's. Our own lines take the shortest way to the output: through the standard
library's loggers one costs six times as much, which for a line per request and RPC is felt.
"""

import io
import json
import logging
import logging.config
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

import orjson
import structlog
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.dependencies import metrics, tracing
from services.dependencies.log_safety import harmless, write_traceback
from services.dependencies.settings import BadSettings, Settings

NOISY = {"kombu": "WARNING", "amqp": "WARNING", "alembic": "WARNING", "limits": "ERROR"}
NOTHING: dict[str, object] = {}

_context: ContextVar[dict[str, object]] = ContextVar("log context", default=NOTHING)

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
    stamp = _stamping(service)
    rendering = _text() if _is_for_people(settings) else _json()
    _configure_others(settings, [stamp], rendering)
    structlog.configure(
        processors=[stamp, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(levels[settings.log_level]),
        logger_factory=lambda *_: _Output(sys.stdout.fileno()),
        cache_logger_on_first_use=True,
    )


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


class _Output:
    """Writes lines to a file descriptor; a request never fails because its line can't be kept."""

    def __init__(self, descriptor: int):
        # eventlet's os.write would wait for a pipe or file to become writable, in the hub
        self._file = io.FileIO(descriptor, "w", closefd=False)

    def write(self, line: str) -> None:
        try:
            self._file.write(line.encode("utf-8", "backslashreplace") + b"\n")
        except OSError:
            return

    debug = info = warning = error = critical = write


class _Unexpected(logging.Filter):
    """Drops Nameko's tracebacks of refusals, which our entrypoints tell in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("(expected) error")


def _configure_others(settings: Settings, shared: list, rendering: list) -> None:
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
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "formatter": "line",
                    "filters": ["unexpected"],
                }
            },
            "root": {"handlers": ["stdout"], "level": settings.log_level},
            "loggers": {name: {"level": level} for name, level in NOISY.items()},
        }
    )


def _is_for_people(settings: Settings) -> bool:
    if settings.log_format == "auto":
        return sys.stdout.isatty()
    return settings.log_format == "text"


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


def _stamping(service: str) -> Processor:
    def stamp(_logger: object, level: str, line: Line) -> Line:
        return {
            "time": datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z",
            "level": level,
            "service": service,
            "event": line.pop("event"),
            **_context.get(),
            **line,
        }

    return stamp
