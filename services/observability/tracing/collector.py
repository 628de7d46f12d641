"""Sending spans to a collector by OTLP; imported only where the settings name one."""

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import IdGenerator, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags

from services.observability.tracing.spans import RecordedSpan, Remote


class Collector:
    """Sends spans, many at a time, with OpenTelemetry's SDK.

    Its environment variables say where to, in what batches, and which traces.

    Args:
        service: name of the service in every span.
    """

    def __init__(self, service: str):
        self._ids = _GivenIds()
        self._provider = TracerProvider(
            resource=Resource({SERVICE_NAME: service}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        # takes endpoint, headers and timeouts from OpenTelemetry's environment variables
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("gym-tracker")

    def is_wanted(self, first: RecordedSpan) -> bool:
        """Whether the sampler wants the spans that this process makes of a trace.

        Args:
            first: the first of them.
        """
        result = self._provider.sampler.should_sample(
            _above(first), int(first.trace_id, 16), first.name, SpanKind[first.kind]
        )
        return result.decision.is_sampled()

    def take(self, span: RecordedSpan) -> None:
        """Send a span that has ended, in the background."""
        self._ids.trace_id, self._ids.span_id = int(span.trace_id, 16), int(span.id, 16)
        again = self._tracer.start_span(
            span.name,
            context=_above(span),
            kind=SpanKind[span.kind],
            attributes=span.attributes,
            start_time=span.start_time,
        )
        if span.outcome is not None:
            again.set_status(StatusCode.ERROR, span.outcome)
        again.end(span.end_time)

    def stop(self) -> None:
        """Send the remaining spans."""
        self._provider.shutdown()


class _GivenIds(IdGenerator):
    """Gives a span of the SDK the ids of one of ours."""

    trace_id = span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


def _above(span: RecordedSpan) -> context.Context:
    above = span.parent
    if above is None:
        return context.Context()
    flags = TraceFlags(TraceFlags.SAMPLED if above.is_sampled else TraceFlags.DEFAULT)
    is_remote = isinstance(above, Remote)
    found = SpanContext(int(above.trace_id, 16), int(above.id, 16), is_remote, flags)
    return trace.set_span_in_context(trace.NonRecordingSpan(found), context.Context())
