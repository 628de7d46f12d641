"""Configuration of a process's log: output, format, and the loggers of libraries."""

import logging
import logging.config
import os
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

from services.observability.logging import foreign
from services.observability.logging.context import bound, get_logger
from services.observability.logging.lines import JsonLines, write_prepared_lines_to
from services.observability.logging.output import Output
from services.observability.logging.rendering import (
    Line,
    json_processors,
    now,
    render_json,
    text_processors,
)
from services.observability.logging.safety import harmless
from services.process.settings import BadSettings, CannotStart, Settings

NOISY = {"kombu": "WARNING", "amqp": "WARNING", "alembic": "WARNING", "limits": "ERROR"}

Processor = Callable[[Any, str, MutableMapping[str, Any]], Line]


def configure(settings: Settings, service: str) -> None:
    """Set up logging for this process.

    Args:
        settings: level and format.
        service: name of the service in every line, such as ``workouts-service``.

    Raises:
        BadSettings: the level is unknown.
    """
    levels = logging.getLevelNamesMapping()
    if settings.log_level not in levels:
        raise BadSettings("LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
    level = levels[settings.log_level]
    stamp = _stamping(service)
    is_for_people = _is_for_people(settings.log_format)
    rendering = text_processors() if is_for_people else json_processors()
    output = Output(sys.stdout.fileno())
    _configure_others(settings, [stamp], rendering, output)
    structlog.configure(
        processors=[stamp, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: output,
        cache_logger_on_first_use=True,
    )
    json_lines = None if is_for_people else JsonLines(service, output, level <= logging.INFO)
    write_prepared_lines_to(json_lines)
    if not is_for_people:
        foreign.take_over(get_logger(__name__))


def report_no_start(service: str, event: str, problem: CannotStart) -> None:
    """Write the line of a process that can't start; works before :func:`configure`, too.

    Args:
        service: name of the service in the line, such as ``workouts-service``.
        event: what failed, such as ``can't start``.
        problem: the reason.
    """
    if _is_for_people(os.environ.get("LOG_FORMAT", "auto")):
        sys.stderr.write(f"{service} {event}: {problem}\n")
        return
    line = _stamping(service)(None, "critical", {"event": event, "reason": str(problem)})
    Output(sys.stdout.fileno()).critical(render_json(None, "", harmless(None, "", line)))


class _Handler(logging.Handler):
    """Writes records of the standard library's loggers."""

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
    """Drops Nameko's tracebacks of expected errors; our entrypoints log these in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("(expected) error")


def _configure_others(settings: Settings, shared: list, rendering: list, output: Output) -> None:
    """Format the lines of Nameko, kombu and other libraries like our own."""
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


def _stamping(service: str) -> Processor:
    def stamp(_logger: object, level: str, line: MutableMapping[str, Any]) -> Line:
        return {
            "time": now(),
            "level": level,
            "service": service,
            "event": line.pop("event"),
            **bound(),
            **line,
        }

    return stamp
