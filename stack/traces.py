"""Reads traces that the services have written: one span per line, in JSON.

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
    """A span, and its children.

    Attributes:
        id: of the span.
        parent: the id of its parent.
        name: of the operation.
        service: name of the service.
        start: in nanoseconds since the epoch.
        end: likewise.
        failed: whether the operation failed.
        attributes: of the operation.
        children: by their start.
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
        """The duration."""
        return (self.end - self.start) / 1e6


@dataclass(frozen=True)
class Trace:
    """All spans of a request.

    Attributes:
        roots: the spans without a parent, usually one.
    """

    roots: list[Span]

    @property
    def start(self) -> int:
        """The first span's start, in nanoseconds since the epoch."""
        return min(span.start for span, _ in self.walk())

    @property
    def end(self) -> int:
        """The last span's end, likewise."""
        return max(span.end for span, _ in self.walk())

    def walk(self) -> Iterator[tuple[Span, tuple[bool, ...]]]:
        """Iterate over all spans, parents first.

        Yields:
            A span, and for each level whether the branch is the last one of its parent.
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
    """Return the root spans of the last HTTP requests, newest first."""
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
            # deleted meanwhile, as a service has begun a new file
            continue
        for line in content.splitlines():
            if any(mark in line for mark in marks):
                try:
                    yield json.loads(line)
                except ValueError:
                    # the last line of a killed process may be incomplete
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
    roots: list[Span] = []
    for span in sorted(spans.values(), key=lambda span: span.start):
        above = spans.get(span.parent)
        (above.children if above else roots).append(span)
    return Trace(roots)


def _walk(span: Span, last: tuple[bool, ...]) -> Iterator[tuple[Span, tuple[bool, ...]]]:
    yield span, last
    for place, child in enumerate(span.children, start=1):
        yield from _walk(child, (*last, place == len(span.children)))
