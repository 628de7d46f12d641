"""Traces: what a request did, when and for how long, over all services.

Off unless it is switched on, and then nothing of OpenTelemetry is even imported: each place that
would make a span finds :data:`NOTHING` instead. Spans of SQL that goes through SQLAlchemy need no
place of their own; :mod:`~services.observability.tracing.recording` listens to the library.

A span's context travels as W3C ``traceparent``: in HTTP and AMQP headers, and between the gateway's
greenthreads in Nameko's context data.
"""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from nameko.containers import WorkerContext

from services.process.settings import Settings

if TYPE_CHECKING:
    from services.observability.tracing.recording import Recorder

SERVER, CLIENT, PRODUCER, CONSUMER = "SERVER", "CLIENT", "PRODUCER", "CONSUMER"
HEADER = "traceparent"
NAMEKO_HEADER = f"nameko.{HEADER}"

_NO_ATTRIBUTES: dict[str, Any] = {}

_recorder: "Recorder | None" = None


class Span(Protocol):
    """A stretch of time, while a ``with`` block lasts."""

    def __enter__(self) -> "Span": ...

    def __exit__(self, *_: object) -> None: ...

    def rename(self, name: str) -> None:
        """Give it a better name, once that is known."""

    def note(self, **attributes: object) -> None:
        """Add attributes."""

    def end(self, problem: BaseException | None = None) -> None:
        """End one that was never a greenthread's current one."""


class _Nothing:
    """Stands for a span when there is none."""

    def __enter__(self) -> "_Nothing":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def rename(self, name: str) -> None:
        return None

    def note(self, **attributes: object) -> None:
        return None

    def end(self, _problem: BaseException | None = None) -> None:
        return None


NOTHING: Span = _Nothing()


def switch_on(settings: Settings, service: str) -> None:
    """Record traces from now on, if the settings say where to.

    Args:
        settings: where to.
        service: the name that every span carries.

    Raises:
        BadSettings: a package that is needed is not installed.
    """
    global _recorder
    if settings.otlp_endpoint or settings.trace_directory:
        recording = importlib.import_module("services.observability.tracing.recording")
        _recorder = recording.Recorder(settings, service)


def switch_off() -> None:
    """Send what has not been sent yet, and record no more."""
    global _recorder
    recorder, _recorder = _recorder, None
    if recorder is not None:
        recorder.stop()


def is_on() -> bool:
    """Tell whether traces are recorded."""
    return _recorder is not None


def span(kind: str, name: str, parent: str | None = None, **attributes: object) -> Span:
    """Return a span to be used with ``with``.

    Args:
        kind: such as :data:`CLIENT`.
        name: of what is done.
        parent: the ``traceparent`` it came with; otherwise the greenthread's own span.
        attributes: whatever helps to understand it.
    """
    if _recorder is None:
        return NOTHING
    return _recorder.span(kind, name, parent, attributes)


def inner_span(name: str, attributes: dict[str, Any] = _NO_ATTRIBUTES) -> Span:
    """Return a span of something a request needs, nothing if it belongs to no request.

    Args:
        name: of what is done.
        attributes: whatever helps to understand it.
    """
    if _recorder is None:
        return NOTHING
    return _recorder.inner_span(name, attributes)


def watched(name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return what takes an answer or an exception, and ends a span with it that begins now.

    The span becomes nobody's current one: whoever asked need not wait for the answer.

    Args:
        name: of what is asked.
        take: gets the answer.
    """
    return take if _recorder is None else _recorder.watched(name, take)


def carried() -> dict[str, str]:
    """Return what a worker's context data needs, for its spans to belong to this one."""
    if _recorder is None:
        return {}
    return {HEADER: found} if (found := _recorder.traceparent()) else {}


def inject(headers: dict[str, Any]) -> None:
    """Let a message belong to the current span."""
    if _recorder is not None:
        headers.pop(NAMEKO_HEADER, None)
        headers.update(carried())


def begin_work(worker_ctx: WorkerContext) -> None:
    """Begin a worker's span; entrypoints that have no ``span_kind`` only get their parent's."""
    if _recorder is not None:
        _recorder.begin_work(worker_ctx, getattr(worker_ctx.entrypoint, "span_kind", None))


def end_work(outcome: str) -> None:
    """End the worker's span."""
    if _recorder is not None:
        _recorder.end_work(outcome)
