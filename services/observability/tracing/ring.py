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

from services.observability.gathered_lines import GatheredLines
from services.observability.tracing.spans import RecordedSpan

LARGEST_FILE = 1024 * 1024
MOST_FILES = 48
"""Of all processes together: some 100,000 spans, or 10,000 requests."""


class Ring(GatheredLines):
    """Writes spans that have ended.

    Args:
        directory: is created if needed.
        service: name of the service in every span.
    """

    def __init__(self, directory: str, service: str):
        super().__init__()
        self._directory = Path(directory)
        self._service = service
        # Any: None until the first span
        self._file: io.FileIO | Any = None
        self._written = 0

    def take(self, span: RecordedSpan) -> None:
        """Have a span written soon, unless JSON can't say what is in it."""
        with suppress(orjson.JSONEncodeError):
            self.add(_as_line(span, self._service))

    def stop(self) -> None:
        """Write the remaining spans."""
        self.flush()
        self._close()

    def _write(self, lines: bytes) -> None:
        with suppress(OSError):
            if self._file is None or self._written + len(lines) > LARGEST_FILE:
                self._begin_file()
            self._written += self._file.write(lines)

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
        self._written = 0


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
