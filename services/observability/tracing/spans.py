"""Spans, and what of them other processes are told, as W3C ``traceparent``."""

import re
from collections.abc import Callable
from contextvars import ContextVar, Token
from random import getrandbits
from time import time_ns
from typing import Any, NamedTuple

_TRACEPARENT = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace_id>(?!0{32})[0-9a-f]{32})"
    r"-(?P<id>(?!0{16})[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_SAMPLED = 1


class Remote(NamedTuple):
    """A span of another process, or of a client.

    Attributes:
        trace_id: 32 hexadecimal digits.
        id: 16 of them.
        is_sampled: whether the spans of its trace are recorded.
    """

    trace_id: str
    id: str
    is_sampled: bool


class RecordedSpan:
    """A span that is the greenthread's current one while it lasts.

    Args:
        kind: such as ``CLIENT``.
        name: of the operation.
        above: its parent, or None where it is the first of a trace.
        is_sampled: whether it is exported.
        attributes: of which those that are None are left out.
        export: called with the span when it ends.
    """

    __slots__ = (
        "_export",
        "_token",
        "attributes",
        "end_time",
        "id",
        "is_sampled",
        "kind",
        "name",
        "outcome",
        "parent",
        "start_time",
        "trace_id",
    )

    def __init__(
        self,
        kind: str,
        name: str,
        above: "RecordedSpan | Remote | None",
        is_sampled: bool,
        attributes: dict[str, Any],
        export: Callable[["RecordedSpan"], None],
    ):
        self.kind = kind
        self.name = name
        self.trace_id: str = f"{getrandbits(128):032x}" if above is None else above.trace_id
        self.id = f"{getrandbits(64):016x}"
        self.parent = above
        self.is_sampled = is_sampled
        self.attributes = {key: value for key, value in attributes.items() if value is not None}
        self.outcome: str | None = None
        self.start_time = time_ns()
        self.end_time = self.start_time
        self._export = export
        self._token: Token | None = None

    def __enter__(self) -> "RecordedSpan":
        self._token = current.set(self)
        return self

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        if self._token is not None:
            current.reset(self._token)
            self._token = None
        self.end(problem)

    def end(self, problem: BaseException | None = None) -> None:
        """End the span, which must not be a greenthread's current one."""
        if problem is not None:
            outcome = getattr(problem, "code", None)
            self.fail(outcome if isinstance(outcome, str) else type(problem).__name__)
        self.end_time = time_ns()
        if self.is_sampled:
            self._export(self)

    def rename(self, name: str) -> None:
        """Replace the name."""
        self.name = name

    def note(self, **attributes: Any) -> None:
        """Add attributes."""
        self.attributes.update((k, v) for k, v in attributes.items() if v is not None)

    def fail(self, outcome: str) -> None:
        """Mark the span as failed."""
        self.outcome = outcome
        self.attributes["outcome"] = outcome


current: ContextVar[RecordedSpan | Remote | None] = ContextVar("current span", default=None)
"""Of the greenthread: its own, or one of another process whose work it does."""


def as_traceparent(span: RecordedSpan | Remote) -> str:
    """Return a span as the value of the header ``traceparent``."""
    return f"00-{span.trace_id}-{span.id}-{span.is_sampled:02x}"


def read_traceparent(text: object) -> Remote | None:
    """Return the span that the header ``traceparent`` names; None if it is no valid one."""
    found = _TRACEPARENT.fullmatch(text) if isinstance(text, str) else None
    if found is None or (found["version"] == "00" and found["more"]):
        return None
    return Remote(found["trace_id"], found["id"], bool(int(found["flags"], 16) & _SAMPLED))
