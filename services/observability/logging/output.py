"""Buffered output of log lines: a system call per line costs more than rendering it.

The buffer is written after ``MOMENT_SECONDS``, when it is full, with the next line at ``WARNING``
or above, and at a normal exit.
"""

import atexit
import io

from eventlet.hubs import get_hub
from eventlet.patcher import original

MOMENT_SECONDS = 0.02
MOST_BYTES = 64 * 1024

_get_ident = original("threading").get_ident


class Output:
    """Writes lines to a file descriptor. Errors are ignored: no request fails for its log line."""

    def __init__(self, descriptor: int):
        # eventlet's os.write waits until the descriptor is writable, which is impossible in the hub
        self._file = io.FileIO(descriptor, "w", closefd=False)
        self._thread = _get_ident()
        self._gathered: list[bytes] = []
        self._size = 0
        self._is_due = False
        atexit.register(self.flush)

    def add(self, line: bytes) -> None:
        """Buffer a line, which includes its line end."""
        self._gathered.append(line)
        self._size += len(line)
        if self._size >= MOST_BYTES or _get_ident() != self._thread:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            get_hub().schedule_call_global(MOMENT_SECONDS, self._write_due)

    def info(self, line: str) -> None:
        """Buffer a line."""
        self.add(_encode(line))

    def warning(self, line: str) -> None:
        """Write a line at once, after the buffered ones."""
        self._gathered.append(_encode(line))
        self.flush()

    debug = info
    error = critical = warning

    def flush(self) -> None:
        """Write the buffer."""
        gathered, self._gathered, self._size = self._gathered, [], 0
        left = memoryview(b"".join(gathered))
        try:
            while left and (written := self._file.write(left)):
                left = left[written:]
        except OSError:
            return

    def _write_due(self) -> None:
        self._is_due = False
        self.flush()


def _encode(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace") + b"\n"
