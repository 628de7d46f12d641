"""What a module needs of the log: its logger, and what every line of a greenthread says."""

from contextvars import ContextVar

import structlog

NOTHING: dict[str, object] = {}

_context: ContextVar[dict[str, object]] = ContextVar("log context", default=NOTHING)


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    return structlog.get_logger(name)


def bind(**known: object) -> None:
    """Add values to every further line of this greenthread, instead of those bound before."""
    _context.set(known)


def bound() -> dict[str, object]:
    """Return what was bound; not to be changed."""
    return _context.get()
