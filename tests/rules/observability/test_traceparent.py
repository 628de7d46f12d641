"""The header by which a trace goes on in another process."""

import pytest

from services.observability.tracing.spans import (
    RecordedSpan,
    Remote,
    as_traceparent,
    read_traceparent,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(("flags", "is_sampled"), [("01", True), ("00", False), ("03", True)])
def test_it_names_a_span_and_says_whether_it_is_sampled(flags, is_sampled):
    assert read_traceparent(f"00-{TRACE}-{SPAN}-{flags}") == Remote(TRACE, SPAN, is_sampled)


def test_a_later_version_may_say_more():
    assert read_traceparent(f"01-{TRACE}-{SPAN}-01-more") == Remote(TRACE, SPAN, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        7,
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}0-{SPAN}-01",
    ],
)
def test_anything_else_names_none(text):
    assert read_traceparent(text) is None


@pytest.mark.parametrize("is_sampled", [True, False])
def test_what_is_written_is_read(is_sampled):
    ended = []
    span = RecordedSpan("CLIENT", "a call", None, is_sampled, {"left_out": None}, ended.append)
    assert read_traceparent(as_traceparent(span)) == Remote(span.trace_id, span.id, is_sampled)
    span.end()
    assert ended == [span] * is_sampled
    assert span.attributes == {}
