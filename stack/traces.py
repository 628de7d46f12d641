"""Traces as the services keep them below the run directory: a span a line, in JSON.

``services/observability/tracing/ring.py`` writes them, and deletes the oldest.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

DIRECTORY = "traces"
HTTP_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass
class Span:
    """What was done for a stretch of time, and what was done meanwhile on its behalf.

    Attributes:
        id: its own id.
        parent: the id of the span on whose behalf it was done.
        name: what was done.
        service: who did it.
        start: in nanoseconds since the epoch.
        end: likewise.
        failed: whether it went wrong.
        attributes: whatever helps to understand it.
        children: the spans on its behalf, in order.
    """

    id: str
    parent: str | None
    name: str
    service: str
    start: int
    end: int
    failed: bool
    attributes: dict
    children: list["Span"] = field(default_factory=list)

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.end - self.start) / 1e6


@dataclass(frozen=True)
class Trace:
    """All that was done for a request.

    Attributes:
        roots: the spans that nobody else's are on behalf of, usually one.
    """

    roots: list[Span]

    @property
    def start(self) -> int:
        """When it began, in nanoseconds since the epoch."""
        return min(span.start for span, _ in self.walk())

    @property
    def end(self) -> int:
        """When the last of it ended."""
        return max(span.end for span, _ in self.walk())

    def walk(self) -> Iterator[tuple[Span, tuple[bool, ...]]]:
        """Go through all spans, parents first.

        Yields:
            A span, and for each level down to it whether it is the last one there.
        """
        for root in self.roots:
            yield from _walk(root, ())


def find(directory: Path, request_id: str) -> list[Trace]:
    """Return the traces of a request id, the oldest first: clients may use one repeatedly."""
    wanted = f'"request_id":{json.dumps(request_id)}'.encode()
    ids = {line["trace"] for line in _lines(directory, [wanted])}
    by_trace: dict[str, list[dict]] = {trace_id: [] for trace_id in ids}
    for line in _lines(directory, [f'"trace":"{trace_id}"'.encode() for trace_id in ids]):
        by_trace[line["trace"]].append(line)
    return sorted(map(_grow, by_trace.values()), key=lambda trace: trace.start)


def latest(directory: Path, count: int) -> list[Span]:
    """Return the last requests that came in over HTTP, the newest first, without what they did."""
    marks = [f'"name":"{method} '.encode() for method in HTTP_METHODS]
    spans = [_span(line) for line in _lines(directory, marks) if line["kind"] == "SERVER"]
    return sorted(spans, key=lambda span: span.start, reverse=True)[:count]


def _lines(directory: Path, marks: list[bytes]) -> Iterator[dict]:
    if not marks:
        return
    for path in sorted(directory.glob("*.jsonl")):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            # the oldest goes as a new one begins
            continue
        for line in content.splitlines():
            if any(mark in line for mark in marks):
                try:
                    yield json.loads(line)
                except ValueError:
                    # the last line of a process that was killed
                    continue


def _span(line: dict) -> Span:
    return Span(
        id=line["span"],
        parent=line["parent"],
        name=line["name"],
        service=line["service"],
        start=line["start"],
        end=line["end"],
        failed=line["failed"],
        attributes=line["attributes"],
    )


def _grow(lines: Iterable[dict]) -> Trace:
    spans = {line["span"]: _span(line) for line in lines}
    roots = []
    for span in sorted(spans.values(), key=lambda span: span.start):
        above = spans.get(span.parent)
        (above.children if above else roots).append(span)
    return Trace(roots)


def _walk(span: Span, last: tuple[bool, ...]) -> Iterator[tuple[Span, tuple[bool, ...]]]:
    yield span, last
    for place, child in enumerate(span.children, start=1):
        yield from _walk(child, (*last, place == len(span.children)))
