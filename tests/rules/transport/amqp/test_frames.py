"""AMQP on the wire, held against py-amqp: what it writes we read, and what we write it reads."""

import struct
from contextlib import suppress
from itertools import pairwise

import pytest
from amqp import serialization
from amqp.basic_message import Message
from hypothesis import given
from hypothesis import strategies as st

from services.transport.amqp import encoding, field_tables, methods
from services.transport.amqp.encoding import Malformed
from services.transport.amqp.frames import Content, FrameReader, Method

LARGEST = 4096
short = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
numbers = st.integers(-(2**63), 2**63 - 1)
values = st.recursive(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
        numbers,
        st.floats(allow_nan=False),
        st.booleans(),
        st.none(),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(short, inner, max_size=4),
    max_leaves=10,
)
tables = st.dictionaries(short, values, max_size=6)
texts = st.dictionaries(
    st.sampled_from(["content_type", "content_encoding", "correlation_id", "reply_to"]), short
)


def delivered(body, properties, channel=3, tag=7, exchange="ex", key="some.key"):
    """A delivery as a broker writes it, with py-amqp's own encoding."""
    arguments = serialization.dumps("sLbss", ["consumer", tag, False, exchange, key])
    message = Message(body, **properties)
    header = struct.pack(">HHQ", 60, 0, len(body)) + message._serialize_properties()
    room = LARGEST - 8
    return b"".join(
        [
            encoding.method(channel, methods.DELIVER, arguments),
            encoding.frame(encoding.HEADER, channel, header),
            *(
                encoding.frame(encoding.BODY, channel, body[place : place + room])
                for place in range(0, len(body), room)
            ),
        ]
    )


def cut(data, places):
    """Data in pieces."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


def read(pieces):
    reader = FrameReader(LARGEST, 100_000)
    return [found for piece in pieces for found in reader.feed(piece)]


@given(st.binary(max_size=10_000), texts, tables, st.lists(st.integers(0, 10**6), max_size=8))
def test_a_delivery_is_read_however_it_was_cut(body, properties, headers, places):
    data = delivered(body, {**properties, "application_headers": headers, "delivery_mode": 1})

    (content,) = read(cut(data, places))

    assert content.channel == 3
    assert content.method == methods.DELIVER
    assert methods.read_delivery(content.arguments) == (7, False, "ex", "some.key")
    assert content.body == body
    assert content.properties == {**properties, "delivery_mode": 1}
    assert content.headers == headers


@given(st.binary(max_size=10_000), texts, tables)
def test_what_we_publish_is_what_py_amqp_reads(body, properties, headers):
    given_properties = {**properties, "headers": headers, "delivery_mode": 2}
    data = methods.basic_publish(5, "ex", "key", True, body, given_properties, LARGEST)

    method, header, *bodies = split(data)
    arguments, _ = serialization.loads("Bssbb", method[4:], 0)
    assert method[:4] == struct.pack(">HH", *methods.PUBLISH)
    assert arguments == [0, "ex", "key", True, False]
    message = Message()
    (size,) = struct.unpack_from(">Q", header, 4)
    message._load_properties(60, header, 12)
    assert size == len(body)
    assert b"".join(bodies) == body
    assert all(len(piece) <= LARGEST - 8 for piece in bodies)
    found = dict(message.properties)
    assert found.pop("application_headers", {}) == headers
    assert found == {**properties, "delivery_mode": 2}


def split(data):
    """The payloads of all frames."""
    payloads = []
    while data:
        _, _, size = struct.unpack_from(">BHI", data)
        payloads.append(data[7 : 7 + size])
        assert data[7 + size] == encoding.END
        data = data[8 + size :]
    return payloads


@given(st.lists(st.integers(0, 10**6), max_size=8))
def test_methods_and_heartbeats_between_deliveries(places):
    data = (
        encoding.HEARTBEAT_FRAME
        + delivered(b"first", {}, channel=1)
        + encoding.method(2, methods.ACK, struct.pack(">QB", 9, 1))
        + encoding.HEARTBEAT_FRAME
        + delivered(b"", {}, channel=2)
    )

    first, method, second = read(cut(data, places))

    assert (first.body, second.body) == (b"first", b"")
    assert method == Method(2, methods.ACK, struct.pack(">QB", 9, 1))
    assert methods.read_confirmation(method.arguments) == (9, True)


def test_messages_on_two_channels_at_once():
    one, two = delivered(b"1" * 5000, {}, channel=1), delivered(b"2" * 5000, {}, channel=2)
    mixed = [piece for pair in zip(frames_of(one), frames_of(two), strict=True) for piece in pair]
    assert [found.body for found in read(mixed)] == [b"1" * 5000, b"2" * 5000]


def frames_of(data):
    pieces = []
    while data:
        _, _, size = struct.unpack_from(">BHI", data)
        pieces.append(data[: 8 + size])
        data = data[8 + size :]
    return pieces


@given(st.binary(max_size=300), st.integers(0, 300), st.binary(max_size=5))
def test_nonsense_is_malformed_and_nothing_else(garbage, place, change):
    data = delivered(b"body", {"content_type": "text", "application_headers": {"a": [1, "b"]}})
    place %= len(data)
    for nonsense in (garbage, data[:place] + change + data[place + len(change) :]):
        try:
            for found in read([nonsense]):
                look_at(found)
        except Malformed:
            pass


def look_at(found):
    if isinstance(found, Content):
        _ = found.headers
        try_reading(methods.read_delivery, found.arguments)
    else:
        try_reading(methods.read_reason, found.arguments)


def try_reading(read_it, arguments):
    # the connection treats whatever goes wrong here as the end of the connection
    with suppress(Malformed, struct.error, IndexError):
        read_it(arguments)


def test_a_frame_much_larger_than_agreed_is_malformed():
    with pytest.raises(Malformed):
        read([struct.pack(">BHI", 1, 0, 2 * LARGEST + 1)])


def test_what_the_broker_adds_to_headers_may_be_more_than_a_frame_holds():
    headers = {"a": "b" * (LARGEST - 100), "x-death": ["c" * 200]}
    (content,) = read([delivered(b"body", {"application_headers": headers})])
    assert content.headers == headers


@pytest.mark.parametrize("flags", [1, 3, 1 << 13, 1 << 10 | 1 << 15, 1 << 6])
def test_properties_that_make_no_sense_are_the_fault_of_their_message_alone(flags):
    arguments = serialization.dumps("sLbss", ["consumer", 7, False, "ex", "key"])
    header = struct.pack(">HHQH", 60, 0, 4, flags) + b"\x03x"
    bad = encoding.method(3, methods.DELIVER, arguments) + encoding.frame(
        encoding.HEADER, 3, header
    )
    bad += encoding.frame(encoding.BODY, 3, b"body")

    first, second = read([bad + delivered(b"next", {"content_type": "text"})])

    assert (first.body, first.properties, first.headers) == (b"body", {}, {})
    assert (second.body, second.properties) == (b"next", {"content_type": "text"})


def test_names_longer_than_amqp_allows_are_refused():
    with pytest.raises(ValueError, match="255 bytes"):
        methods.basic_publish(1, "e" * 256, "key", False, b"", {}, LARGEST)


def arrays(depth):
    """A header whose value is arrays within arrays, as bytes: py-amqp can't write that many."""
    value = b"t\x01"
    for _ in range(depth):
        value = b"A" + struct.pack(">I", len(value)) + value
    return b"\x04deep" + value


@pytest.mark.parametrize("beside", [b"", b"\x04date" + b"T" + bytes(8)])
def test_headers_nested_too_deep_are_malformed(beside):
    for depth in (9 if not beside else 2_000, 20_000):
        with pytest.raises(Malformed):
            field_tables.read_table(beside + arrays(depth))
    assert field_tables.read_table(beside + arrays(8))["deep"] == [[[[[[[[True]]]]]]]]


def test_a_name_that_is_no_text_becomes_one():
    """Beside a value that is left to py-amqp, too."""
    for beside in (b"", b"\x04date" + b"T" + bytes(8)):
        assert "\ufffd" in field_tables.read_table(beside + b"\x01\xff" + b"t\x01")


def test_of_a_message_that_is_too_large_only_the_beginning_is_kept():
    (content,) = read([delivered(b"x" * 300_000, {})])
    assert content.size == 300_000
    assert 0 < len(content.body) <= LARGEST


def test_properties_larger_than_a_frame_are_refused():
    with pytest.raises(ValueError, match="larger than a frame"):
        methods.basic_publish(1, "", "key", False, b"", {"headers": {"a": "b" * LARGEST}}, LARGEST)
