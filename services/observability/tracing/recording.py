"""Recording spans with OpenTelemetry; imported only where traces are switched on."""

import importlib
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from nameko.containers import WorkerContext
from opentelemetry import context, trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Engine, event

from services.observability.tracing import CLIENT, HEADER, NOTHING, Span
from services.observability.tracing.ring import Ring
from services.process.settings import BadSettings, Settings

LONGEST_STATEMENT = 500
TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+(\w+)", re.IGNORECASE)
OK = "OK"
_STATEMENT_ATTRIBUTE = "_gym_span"

_working: ContextVar["RecordedSpan | None"] = ContextVar("worker's span", default=None)


class RecordedSpan:
    """A span that is the greenthread's current one while it lasts."""

    def __init__(self, span: trace.Span):
        self._span = span
        self._token: Any = None

    def __enter__(self) -> "RecordedSpan":
        self._token = context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        context.detach(self._token)
        self.end(problem)

    def end(self, problem: BaseException | None = None) -> None:
        """End the span, which must not be a greenthread's current one."""
        if problem is not None:
            outcome = getattr(problem, "code", None)
            self.fail(outcome if isinstance(outcome, str) else type(problem).__name__)
        self._span.end()

    def rename(self, name: str) -> None:
        """Replace the name."""
        self._span.update_name(name)

    def note(self, **attributes: Any) -> None:
        """Add attributes."""
        self._span.set_attributes({k: v for k, v in attributes.items() if v is not None})

    def fail(self, outcome: str) -> None:
        """Mark the span as failed."""
        self._span.set_attribute("outcome", outcome)
        self._span.set_status(StatusCode.ERROR, outcome)


class Recorder:
    """Creates spans and exports them, to a directory and to a collector.

    Args:
        settings: ``trace_directory`` and ``otlp_endpoint``.
        service: name of the service in every span.
    """

    def __init__(self, settings: Settings, service: str):
        self._propagator = TraceContextTextMapPropagator()
        self._provider = TracerProvider(
            resource=Resource({SERVICE_NAME: service}), shutdown_on_exit=False
        )
        if settings.trace_directory:
            self._provider.add_span_processor(Ring(settings.trace_directory, service))
        if settings.otlp_endpoint:
            self._provider.add_span_processor(BatchSpanProcessor(_make_exporter()))
        self._tracer = self._provider.get_tracer("gym-tracker")
        self._listen_to_sql()
        # only the gateway imports redis-py (for its rate limits); don't load it anywhere else
        if "redis" in sys.modules:
            self._listen_to_redis()

    def stop(self) -> None:
        """Export the remaining spans."""
        self._provider.shutdown()

    def span(
        self, kind: str, name: str, parent: str | None, attributes: dict[str, Any]
    ) -> RecordedSpan:
        """Return a new span, a child of ``parent`` or of the greenthread's current one."""
        return RecordedSpan(
            self._tracer.start_span(
                name,
                context=self._extract(parent) if parent else None,
                kind=SpanKind[kind],
                attributes={k: v for k, v in attributes.items() if v is not None},
            )
        )

    def inner_span(self, name: str, attributes: dict[str, Any]) -> Span:
        """Return a child of the greenthread's current span, or ``NOTHING`` if there is none.

        So commands outside of requests, such as the readiness checks, are not recorded.
        """
        if not trace.get_current_span().get_span_context().is_valid:
            return NOTHING
        return self.span(CLIENT, name, None, attributes)

    def watched(self, name: str, take: Callable[[Any], None]) -> Callable[[Any], None]:
        """Wrap a callback in a span, see :func:`services.observability.tracing.watched`."""
        # commands outside of requests, such as the readiness checks, are not recorded
        if not trace.get_current_span().get_span_context().is_valid:
            return take
        span = self.span(CLIENT, name, None, {})

        def end_and_take(answer: Any) -> None:
            span.end(answer if isinstance(answer, Exception) else None)
            take(answer)

        return end_and_take

    def traceparent(self) -> str | None:
        """Return the current span's context as the value of the header ``traceparent``."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get(HEADER)

    def begin_work(self, worker_ctx: WorkerContext, kind: str | None) -> None:
        """Make the worker's span the current one of its greenthread."""
        data = worker_ctx.data
        parent = data.get(HEADER)
        if kind is None:
            context.attach(self._extract(parent))
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

    def _extract(self, parent: object) -> context.Context:
        return self._propagator.extract({HEADER: parent} if isinstance(parent, str) else {})

    def _listen_to_sql(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._begin_statement)
        event.listen(Engine, "after_cursor_execute", _finish_statement)
        event.listen(Engine, "handle_error", _fail_statement)

    def _begin_statement(
        self, _connection: Any, _cursor: Any, statement: str, _values: Any, run: Any, _many: bool
    ) -> None:
        if not trace.get_current_span().get_span_context().is_valid:
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


def _make_exporter() -> Any:
    try:
        # an optional dependency: the extra "otlp"
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise BadSettings(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs a package: pip install 'gym-tracker[otlp]'"
        ) from None
    # takes endpoint, headers and timeouts from OpenTelemetry's environment variables
    return OTLPSpanExporter()
