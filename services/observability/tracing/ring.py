"""Finished spans in files; the oldest files are deleted.

All processes write to one directory, each to files of its own. Each line is a span:
``{"trace", "span", "parent", "name", "kind", "service", "start", "end", "failed", "attributes"}``
with times in nanoseconds since the epoch. ``./gym trace`` reads them.
"""

import io
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from eventlet.hubs import get_hub

from services.observability.tracing.spans import RecordedSpan

LARGEST_FILE = 1024 * 1024
MOST_FILES = 48
"""Of all processes together: some 100,000 spans, or 10,000 requests."""

MOMENT_SECONDS = 0.02
MOST_GATHERED = 100
"""Spans are written after a moment, or when so many have ended: a system call for each costs more
than all else of it."""


class Ring:
    """Writes spans that have ended.

    Args:
        directory: is created if needed.
        service: name of the service in every span.
    """

    def __init__(self, directory: str, service: str):
        self._directory = Path(directory)
        self._service = service
        # Any: None until the first span
        self._file: io.FileIO | Any = None
        self._size = 0
        self._gathered: list[bytes] = []
        self._is_due = False

    def add(self, span: RecordedSpan) -> None:
        """Have a span written soon, unless JSON can't say what is in it."""
        with suppress(orjson.JSONEncodeError):
            self._gathered.append(_as_line(span, self._service))
        if len(self._gathered) >= MOST_GATHERED:
            self._write()
        elif not self._is_due:
            self._is_due = True
            get_hub().schedule_call_global(MOMENT_SECONDS, self._write_due)

    def stop(self) -> None:
        """Write the remaining spans."""
        self._write()
        self._close()

    def _write_due(self) -> None:
        self._is_due = False
        self._write()

    def _write(self) -> None:
        """Write what is gathered. Errors are ignored: no request fails for its trace."""
        lines, self._gathered = b"".join(self._gathered), []
        if not lines:
            return
        with suppress(OSError):
            if self._file is None or self._size + len(lines) > LARGEST_FILE:
                self._begin_file()
            self._size += self._file.write(lines)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin_file(self) -> None:
        self._close()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = sorted(self._directory.glob("*.jsonl"), key=_age)
        for path in files[: max(len(files) + 1 - MOST_FILES, 0)]:
            path.unlink(missing_ok=True)
        name = f"{self._service}-{os.getpid()}-{time.time_ns()}.jsonl"
        # unbuffered: what was written survives if the process is killed
        self._file = io.FileIO(self._directory / name, "w")
        self._size = 0


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _as_line(span: RecordedSpan, service: str) -> bytes:
    return orjson.dumps(
        {
            "trace": span.trace_id,
            "span": span.id,
            "parent": span.parent and span.parent.id,
            "name": span.name,
            "kind": span.kind,
            "service": service,
            "start": span.start_time,
            "end": span.end_time,
            "failed": span.outcome is not None,
            "attributes": span.attributes,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
