"""What others write than our loggers: warnings, prints, what the interpreter says at an end.

A reader of the log takes each line for an object, so they become lines of it, too.
"""

import atexit
import io
import logging
import sys
import threading
from collections.abc import Callable

from eventlet.hubs import get_hub
from structlog.typing import FilteringBoundLogger


def take_over(log: FilteringBoundLogger) -> None:
    """Make lines of the log of what others write from now on.

    Args:
        log: gets them.
    """
    logging.captureWarnings(True)
    _take_over_exceptions(log)
    sys.stdout = _Stream(sys.stdout.fileno(), log.info)
    sys.stderr = _Stream(sys.stderr.fileno(), log.error)


def _take_over_exceptions(log: FilteringBoundLogger) -> None:
    """Have the exceptions that nobody caught in one line each, with their tracebacks."""
    sys.excepthook = lambda _kind, problem, _traceback: log.critical(
        "process ended by an exception", exc_info=problem
    )
    threading.excepthook = lambda ended: log.error(
        "thread ended by an exception", exc_info=ended.exc_value
    )
    sys.unraisablehook = lambda ignored: log.error("exception ignored", exc_info=ignored.exc_value)
    hub = get_hub()
    hub.squelch_timer_exception = lambda _timer, exc_info: log.error(
        "exception in the event loop", exc_info=exc_info[1]
    )
    hub.squelch_generic_exception = lambda exc_info: log.error(
        "exception in the event loop", exc_info=exc_info[1]
    )


class _Stream(io.TextIOBase):
    """Takes the place of ``sys.stdout`` or ``sys.stderr``, and logs each line."""

    encoding = "utf-8"

    def __init__(self, descriptor: int, tell: Callable[[str], None]):
        self._descriptor = descriptor
        self._tell = tell
        self._rest = ""
        atexit.register(self._tell_rest)

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(None, lines):
            self._tell(line)
        return len(text)

    def _tell_rest(self) -> None:
        self.write("\n")
