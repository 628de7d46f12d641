"""Where lines of the log go: gathered, as a write for each costs more than making it.

They are written together after a moment, or when there are many, or with the next that must not
wait: a warning, or something worse. At a normal end all are written.
"""

import atexit
import io

from eventlet.hubs import get_hub
from eventlet.patcher import original

MOMENT_SECONDS = 0.02
MOST_BYTES = 64 * 1024

_get_ident = original("threading").get_ident


class Output:
    """Writes lines to a file descriptor; a request never fails because its line can't be kept.

    Args:
        descriptor: the file descriptor.
    """

    def __init__(self, descriptor: int):
        # eventlet's os.write would wait for a pipe or file to become writable, in the hub
        self._file = io.FileIO(descriptor, "w", closefd=False)
        self._thread = _get_ident()
        self._gathered: list[bytes] = []
        self._size = 0
        self._is_due = False
        atexit.register(self.flush)

    def add(self, line: bytes) -> None:
        """Take a line, with its end, that may wait for a moment."""
        self._gathered.append(line)
        self._size += len(line)
        if self._size >= MOST_BYTES or _get_ident() != self._thread:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            get_hub().schedule_call_global(MOMENT_SECONDS, self._write_due)

    def info(self, line: str) -> None:
        """Take a line that may wait for a moment."""
        self.add(_encode(line))

    def warning(self, line: str) -> None:
        """Write a line at once, after those that wait."""
        self._gathered.append(_encode(line))
        self.flush()

    debug = info
    error = critical = warning

    def flush(self) -> None:
        """Write what was gathered."""
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
