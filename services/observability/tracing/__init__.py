"""Traces of requests over all services.

Off by default: then :func:`span` and its kin return :data:`NOTHING`, and nothing that records them
is even imported. OpenTelemetry's own spans cost eight times as much, so it is used only to send
ours to a collector. Statements that go through SQLAlchemy get their spans by the library's events,
see :mod:`~services.observability.tracing.recording`.

A span's context is passed on as W3C ``traceparent``: in HTTP and AMQP headers, and between the
gateway's greenthreads in Nameko's context data.
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
    """A span; a context manager that makes it the greenthread's current one."""

    def __enter__(self) -> "Span": ...

    def __exit__(
        self, _kind: object, _problem: BaseException | None, _trace: object, /
    ) -> None: ...

    def rename(self, name: str) -> None:
        """Replace the name."""

    def note(self, **attributes: object) -> None:
        """Add attributes."""

    def end(self, problem: BaseException | None = None) -> None:
        """End a span that was never entered."""


class _Nothing:
    """A span that does nothing."""

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
    """Record traces from now on, if the settings name a directory or a collector.

    Args:
        settings: ``trace_directory`` and ``otlp_endpoint``.
        service: name of the service in every span.

    Raises:
        BadSettings: a required package is not installed.
    """
    global _recorder
    if settings.otlp_endpoint or settings.trace_directory:
        recording = importlib.import_module("services.observability.tracing.recording")
        _recorder = recording.Recorder(settings, service)


def switch_off() -> None:
    """Export the remaining spans, and stop recording."""
    global _recorder
    recorder, _recorder = _recorder, None
    if recorder is not None:
        recorder.stop()


def is_on() -> bool:
    """Return whether traces are recorded."""
    return _recorder is not None


def span(kind: str, name: str, parent: str | None = None, **attributes: object) -> Span:
    """Return a span to be used with ``with``.

    Args:
        kind: such as :data:`CLIENT`.
        name: of the operation.
        parent: a ``traceparent`` from outside; otherwise the greenthread's current span.
        attributes: None values are left out.
    """
    if _recorder is None:
        return NOTHING
    return _recorder.span(kind, name, parent, attributes)


def inner_span(name: str, attributes: dict[str, Any] = _NO_ATTRIBUTES) -> Span:
    """Return a child of the current span, or :data:`NOTHING` outside of a request."""
    if _recorder is None:
        return NOTHING
    return _recorder.inner_span(name, attributes)


def watched(name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
    """Wrap the callback of an asynchronous command in a span, which begins now.

    The span is never a greenthread's current one, as the caller need not wait for the reply.

    Args:
        name: of the command.
        take: called with the reply or an exception.
    """
    return take if _recorder is None else _recorder.watched(name, take)


def carried() -> dict[str, str]:
    """Return the context data for a worker whose spans are to be children of the current one."""
    if _recorder is None:
        return {}
    return {HEADER: found} if (found := _recorder.traceparent()) else {}


def inject(headers: dict[str, Any]) -> None:
    """Add the current span's ``traceparent`` to the headers of a message."""
    if _recorder is not None:
        headers.pop(NAMEKO_HEADER, None)
        headers.update(carried())


def begin_work(worker_ctx: WorkerContext) -> None:
    """Begin a worker's span; for entrypoints without ``span_kind`` only set the parent."""
    if _recorder is not None:
        _recorder.begin_work(worker_ctx, getattr(worker_ctx.entrypoint, "span_kind", None))


def end_work(outcome: str) -> None:
    """End the worker's span."""
    if _recorder is not None:
        _recorder.end_work(outcome)
