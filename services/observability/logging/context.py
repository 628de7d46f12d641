"""Loggers of modules, and the values that are added to every line of a greenthread."""

from contextvars import ContextVar

import structlog

NOTHING: dict[str, object] = {}

_context: ContextVar[dict[str, object]] = ContextVar("log context", default=NOTHING)


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    return structlog.get_logger(name)


def bind(**known: object) -> None:
    """Add values to every further line of this greenthread; replaces those bound before."""
    _context.set(known)


def bound() -> dict[str, object]:
    """Return the bound values; must not be modified."""
    return _context.get()
