"""Lines that are gathered for a moment: a system call for each costs more than rendering it."""

from eventlet.hubs import get_hub
from eventlet.patcher import original

MOMENT_SECONDS = 0.02
MOST_BYTES = 64 * 1024

_get_ident = original("threading").get_ident


class GatheredLines:
    """Gathers lines until a moment is over, or they have become many.

    A subclass says where they go. Errors are ignored there: no request fails for what is written
    of it.
    """

    def __init__(self) -> None:
        self._thread = _get_ident()
        self._gathered: list[bytes] = []
        self._size = 0
        self._is_due = False

    def add(self, line: bytes) -> None:
        """Gather a line, which includes its line end."""
        self._gathered.append(line)
        self._size += len(line)
        if self._size >= MOST_BYTES or _get_ident() != self._thread:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            get_hub().schedule_call_global(MOMENT_SECONDS, self._write_due)

    def flush(self) -> None:
        """Write what is gathered."""
        gathered, self._gathered, self._size = self._gathered, [], 0
        if gathered:
            self._write(b"".join(gathered))

    def _write(self, lines: bytes) -> None:
        raise NotImplementedError

    def _write_due(self) -> None:
        self._is_due = False
        self.flush()
