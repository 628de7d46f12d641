"""Recording spans; imported only where traces are switched on."""

import importlib
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, Protocol

from nameko.containers import WorkerContext
from sqlalchemy import Engine, event

from services.observability.tracing import CLIENT, HEADER, NOTHING, Span
from services.observability.tracing.ring import Ring
from services.observability.tracing.spans import (
    RecordedSpan,
    as_traceparent,
    current,
    read_traceparent,
)
from services.process.settings import BadSettings, Settings

LONGEST_STATEMENT = 500
TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+(\w+)", re.IGNORECASE)
OK = "OK"
_STATEMENT_ATTRIBUTE = "_gym_span"

_working: ContextVar[RecordedSpan | None] = ContextVar("worker's span", default=None)


class Exporter(Protocol):
    """Where spans go that have ended."""

    def take(self, span: RecordedSpan) -> None:
        """Take a span."""

    def stop(self) -> None:
        """Pass on all spans that are left."""


class Recorder:
    """Creates spans and exports them, to a directory and to a collector.

    Args:
        settings: ``trace_directory`` and ``otlp_endpoint``.
        service: name of the service in every span.
    """

    def __init__(self, settings: Settings, service: str):
        self._exporters: list[Exporter] = []
        self._collector: Any = None
        if settings.trace_directory:
            self._exporters.append(Ring(settings.trace_directory, service))
        if settings.otlp_endpoint:
            self._collector = _make_collector(service)
            self._exporters.append(self._collector)
        self._listen_to_sql()
        # only the gateway imports redis-py (for its rate limits); don't load it anywhere else
        if "redis" in sys.modules:
            self._listen_to_redis()

    def stop(self) -> None:
        """Export the remaining spans."""
        for exporter in self._exporters:
            exporter.stop()

    def span(
        self, kind: str, name: str, parent: str | None, attributes: dict[str, Any]
    ) -> RecordedSpan:
        """Return a new span, a child of ``parent`` or of the greenthread's current one."""
        above = read_traceparent(parent) if parent else current.get()
        is_sampled = above is None or above.is_sampled
        span = RecordedSpan(kind, name, above, is_sampled, attributes, self._export)
        if self._collector is not None and not isinstance(above, RecordedSpan):
            span.is_sampled = self._collector.is_wanted(span)
        return span

    def inner_span(self, name: str, attributes: dict[str, Any]) -> Span:
        """Return a child of the greenthread's current span, or ``NOTHING`` if there is none.

        So commands outside of requests, such as the readiness checks, are not recorded.
        """
        return self.span(CLIENT, name, None, attributes) if _is_recording() else NOTHING

    def watched(self, name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
        """Wrap a callback in a span, see :func:`services.observability.tracing.watched`."""
        # commands outside of requests, such as the readiness checks, are not recorded
        if not _is_recording():
            return take
        span = self.span(CLIENT, name, None, {})

        def end_and_take(answer: Any) -> None:
            span.end(answer if isinstance(answer, Exception) else None)
            take(answer)

        return end_and_take

    def traceparent(self) -> str | None:
        """Return the current span's context as the value of the header ``traceparent``."""
        span = current.get()
        return None if span is None else as_traceparent(span)

    def begin_work(self, worker_ctx: WorkerContext, kind: str | None) -> None:
        """Make the worker's span the current one of its greenthread."""
        data = worker_ctx.data
        parent = data.get(HEADER)
        if kind is None:
            current.set(read_traceparent(parent))
            return
        span = self.span(
            kind,
            f"{worker_ctx.service_name}.{worker_ctx.entrypoint.method_name}",
            parent if isinstance(parent, str) else None,
            # and not the user: spans are kept, and nobody could erase them from there
            {"request_id": _text(data.get("request_id"))},
        )
        _working.set(span.__enter__())

    def end_work(self, outcome: str) -> None:
        """End the worker's span."""
        span = _working.get()
        if span is None:
            return
        _working.set(None)
        if outcome == OK:
            span.note(outcome=outcome)
        else:
            span.fail(outcome)
        span.__exit__(None, None, None)

    def _export(self, span: RecordedSpan) -> None:
        for exporter in self._exporters:
            exporter.take(span)

    def _listen_to_sql(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._begin_statement)
        event.listen(Engine, "after_cursor_execute", _finish_statement)
        event.listen(Engine, "handle_error", _fail_statement)

    def _begin_statement(
        self, _connection: Any, _cursor: Any, statement: str, _values: Any, run: Any, _many: bool
    ) -> None:
        if not _is_recording():
            return
        text = " ".join(statement.split())
        table = TABLE.search(text)
        name = f"SQL {text.partition(' ')[0].upper()} {table[1] if table else ''}"
        span = self.span(CLIENT, name.rstrip(), None, {"db.query.text": text[:LONGEST_STATEMENT]})
        setattr(run, _STATEMENT_ATTRIBUTE, span.__enter__())

    def _listen_to_redis(self) -> None:
        client = importlib.import_module("redis.client")
        for kind, name in ((client.Redis, "execute_command"), (client.Pipeline, "execute")):
            setattr(kind, name, self._around_redis(getattr(kind, name)))

    def _around_redis(self, run: Callable) -> Callable:
        @wraps(run)
        def traced(client: Any, *args: Any, **options: Any) -> Any:
            # only the command's name: keys may identify a person
            name = str(args[0]) if args and isinstance(args[0], str) else "pipeline"
            with self.inner_span(f"Redis {name}", {}):
                return run(client, *args, **options)

        return traced


def _finish_statement(
    _connection: Any, _cursor: Any, _statement: str, _values: Any, run: Any, _many: bool
) -> None:
    _end_statement(run, None)


def _fail_statement(failure: Any) -> None:
    _end_statement(failure.execution_context, failure.original_exception)


def _end_statement(run: Any, problem: BaseException | None) -> None:
    span = getattr(run, _STATEMENT_ATTRIBUTE, None)
    if span is not None:
        setattr(run, _STATEMENT_ATTRIBUTE, None)
        span.__exit__(type(problem), problem, None)


def _text(value: object) -> str | int | None:
    return value if isinstance(value, str | int) else None


def _is_recording() -> bool:
    span = current.get()
    return span is not None and span.is_sampled


def _make_collector(service: str) -> Exporter:
    try:
        collector = importlib.import_module("services.observability.tracing.collector")
    except ImportError:
        # an optional dependency: the extra "otlp"
        raise BadSettings(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs a package: pip install 'gym-tracker[otlp]'"
        ) from None
    made: Exporter = collector.Collector(service)
    return made
