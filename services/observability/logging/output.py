"""Buffered output of log lines.

The buffer is written after a moment, when it is full, with the next line at ``WARNING`` or above,
and at a normal exit.
"""

import atexit
import io

from services.observability.gathered_lines import GatheredLines


class Output(GatheredLines):
    """Writes lines to a file descriptor. Errors are ignored: no request fails for its log line."""

    def __init__(self, descriptor: int):
        super().__init__()
        # eventlet's os.write waits until the descriptor is writable, which is impossible in the hub
        self._file = io.FileIO(descriptor, "w", closefd=False)
        atexit.register(self.flush)

    def info(self, line: str) -> None:
        """Buffer a line."""
        self.add(_encode(line))

    def warning(self, line: str) -> None:
        """Write a line at once, after the buffered ones."""
        self._gathered.append(_encode(line))
        self.flush()

    debug = info
    error = critical = warning

    def _write(self, lines: bytes) -> None:
        left = memoryview(lines)
        try:
            while left and (written := self._file.write(left)):
                left = left[written:]
        except OSError:
            return


def _encode(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace") + b"\n"
