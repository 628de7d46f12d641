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
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import SpanContext, StatusCode, format_span_id, format_trace_id

LARGEST_FILE = 1024 * 1024
MOST_FILES = 48
"""Of all processes together: some 100,000 spans, or 10,000 requests."""


class Ring(SpanProcessor):
    """Writes each span as it ends.

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

    def on_end(self, span: ReadableSpan) -> None:
        """Write a span. Errors are ignored: no request fails for its trace."""
        with suppress(OSError):
            line = _as_line(span, self._service)
            if self._file is None or self._size + len(line) > LARGEST_FILE:
                self._begin_file()
            self._size += self._file.write(line)

    def shutdown(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin_file(self) -> None:
        self.shutdown()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = sorted(self._directory.glob("*.jsonl"), key=_age)
        for path in files[: max(len(files) + 1 - MOST_FILES, 0)]:
            path.unlink(missing_ok=True)
        name = f"{self._service}-{os.getpid()}-{time.time_ns()}.jsonl"
        # unbuffered: spans written so far survive if the process is killed
        self._file = io.FileIO(self._directory / name, "w")
        self._size = 0


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _as_line(span: ReadableSpan, service: str) -> bytes:
    own: SpanContext | Any = span.get_span_context()
    parent = span.parent
    return orjson.dumps(
        {
            "trace": format_trace_id(own.trace_id),
            "span": format_span_id(own.span_id),
            "parent": format_span_id(parent.span_id) if parent else None,
            "name": span.name,
            "kind": span.kind.name,
            "service": service,
            "start": span.start_time,
            "end": span.end_time,
            "failed": span.status.status_code is StatusCode.ERROR,
            "attributes": dict(span.attributes or {}),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
