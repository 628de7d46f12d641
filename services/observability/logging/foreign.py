"""Output of others than our loggers as log lines: warnings, prints, uncaught exceptions.

Readers of the log parse every line as a JSON object, so none may be anything else.
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
    """Log warnings, uncaught exceptions, and writes to ``sys.stdout`` and ``sys.stderr``."""
    logging.captureWarnings(True)
    _take_over_exceptions(log)
    sys.stdout = _Stream(sys.stdout.fileno(), log.info)
    sys.stderr = _Stream(sys.stderr.fileno(), log.error)


def _take_over_exceptions(log: FilteringBoundLogger) -> None:
    """Log each uncaught exception in one line, with its traceback."""
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
    """Replaces ``sys.stdout`` or ``sys.stderr``; logs each line."""

    encoding = "utf-8"

    def __init__(self, descriptor: int, report: Callable[[str], None]):
        self._descriptor = descriptor
        self._report = report
        self._rest = ""
        atexit.register(self._report_rest)

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(None, lines):
            self._report(line)
        return len(text)

    def _report_rest(self) -> None:
        self.write("\n")
