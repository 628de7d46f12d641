"""Logging: one event a line, JSON for machines or coloured text for a terminal.

Whatever a worker logs carries the request's id, because :class:`LogContext` binds it when the
worker begins: context variables are not inherited by greenthreads.
"""

import logging
import logging.config
import sys
from typing import Any

import structlog
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.dependencies.log_safety import harmless, write_traceback
from services.dependencies.settings import Settings

NOISY = {"kombu": "WARNING", "amqp": "WARNING", "alembic": "WARNING", "limits": "ERROR"}


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    return structlog.stdlib.get_logger(name)


def configure(settings: Settings, service: str) -> None:
    """Set up logging for this process.

    Args:
        settings: level and format.
        service: the name that every line carries, such as ``workouts-service``.
    """
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _naming(service),
    ]
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
                        *_rendering(settings),
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
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class _Unexpected(logging.Filter):
    """Drops Nameko's tracebacks of refusals, which our entrypoints tell in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("(expected) error")


def _rendering(settings: Settings) -> list:
    if settings.log_format == "text" or (settings.log_format == "auto" and sys.stdout.isatty()):
        return [harmless, structlog.dev.ConsoleRenderer(exception_formatter=write_traceback)]
    return [
        structlog.processors.format_exc_info,
        harmless,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]


def _naming(service: str) -> Any:
    def add_service(_logger: object, _method: str, line: dict) -> dict:
        line.setdefault("service", service)
        return line

    return add_service


class LogContext(DependencyProvider):
    """Binds the request's id and user to every line that a worker logs."""

    def worker_setup(self, worker_ctx: WorkerContext) -> None:
        """Bind what the worker's context knows."""
        structlog.contextvars.clear_contextvars()
        known = {key: worker_ctx.data.get(key) for key in ("request_id", "user_id")}
        structlog.contextvars.bind_contextvars(
            **{key: value for key, value in known.items() if value is not None}
        )
