"""AMQP 0-9-1 on the wire, as far as a running connection speaks it.

py-amqp shakes hands and declares; from then on only these few methods come and go, thousands of
times a second, and py-amqp takes ten times as long for each. Field tables of unusual content are
left to it all the same.
"""

import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from amqp import serialization

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
END = 0xCE

CONNECTION_CLOSE, CONNECTION_CLOSE_OK = (10, 50), (10, 51)
BLOCKED, UNBLOCKED = (10, 60), (10, 61)
CHANNEL_CLOSE = (20, 40)
QOS, QOS_OK = (60, 10), (60, 11)
CONSUME, CONSUME_OK, CANCEL, CANCEL_OK = (60, 20), (60, 21), (60, 30), (60, 31)
PUBLISH, RETURN, DELIVER = (60, 40), (60, 50), (60, 60)
ACK, REJECT, NACK = (60, 80), (60, 90), (60, 120)

FRAME_SLACK = 2
"""RabbitMQ sends properties in one frame, with what it has added to them, however large that is."""

DEEPEST_TABLE = 8
"""Arrays within arrays in a message's headers; what RabbitMQ adds itself has three."""

NO_ACK_BIT, MANDATORY_BIT, REQUEUE_BIT, NOWAIT_BIT = 2, 1, 1, 1
GOODBYE = 200

_PREFIX = struct.Struct(">BHI")
_METHOD_ID = struct.Struct(">HH")
_CONTENT = struct.Struct(">HHQH")
_TAG = struct.Struct(">Q")
_LONG = struct.Struct(">I")
_BASIC = 60

HEARTBEAT_FRAME = _PREFIX.pack(HEARTBEAT, 0, 0) + bytes([END])

TEXT_PROPERTIES = {
    "content_type": 15,
    "content_encoding": 14,
    "correlation_id": 10,
    "reply_to": 9,
    "expiration": 8,
    "message_id": 7,
    "type": 5,
    "user_id": 4,
    "app_id": 3,
    "cluster_id": 2,
}
_HEADERS_FLAG = 1 << 13
_DELIVERY_MODE_FLAG = 1 << 12
_PRIORITY_FLAG = 1 << 11
_TIMESTAMP_FLAG = 1 << 6
_MORE_FLAGS = 1
_FIRST_TEXTS = ("content_type", "content_encoding")
_LATER_TEXTS = ("correlation_id", "reply_to", "expiration", "message_id")
_LAST_TEXTS = ("type", "user_id", "app_id", "cluster_id")


class Malformed(Exception):
    """The other side does not speak AMQP, or we have lost our place in what it says."""


@dataclass(slots=True)
class Content:
    """A message as it came, its headers not yet taken apart."""

    channel: int
    method: tuple[int, int]
    arguments: bytes
    body: bytes
    properties: dict[str, object]
    raw_headers: bytes
    size: int
    """How many bytes the body had; of one that is too large only the beginning is here."""
    _headers: dict[str, object] | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, object]:
        """The message's headers."""
        if self._headers is None:
            self._headers = read_table(self.raw_headers) if self.raw_headers else {}
        return self._headers


@dataclass(frozen=True, slots=True)
class Method:
    """A method without content, its arguments not yet taken apart."""

    channel: int
    method: tuple[int, int]
    arguments: bytes


class FrameReader:
    """Makes methods and messages of the bytes that arrive, however they were cut into pieces.

    Args:
        largest: of a frame, as agreed with the broker.
        largest_body: of a message that is kept whole.
    """

    def __init__(self, largest: int, largest_body: int):
        self._largest = largest
        self._largest_body = largest_body
        self._rest = b""
        self._unfinished: dict[int, _Unfinished] = {}

    def feed(self, data: bytes) -> Iterator[Content | Method]:
        """Yield what is complete; heartbeats are left out.

        Raises:
            Malformed: this is no AMQP.
        """
        buffer = self._rest + data if self._rest else data
        place, end = 0, len(buffer)
        try:
            while end - place >= _PREFIX.size:
                kind, channel, size = _PREFIX.unpack_from(buffer, place)
                if size > FRAME_SLACK * self._largest:
                    raise Malformed(f"a frame of {size} bytes")
                after = place + _PREFIX.size + size
                if after >= end:
                    break
                if buffer[after] != END:
                    raise Malformed("a frame without its end")
                found = self._take(kind, channel, buffer[place + _PREFIX.size : after])
                place = after + 1
                if found is not None:
                    yield found
        finally:
            self._rest = buffer[place:]

    def _take(self, kind: int, channel: int, payload: bytes) -> Content | Method | None:
        try:
            if kind == METHOD:
                return self._take_method(channel, payload)
            if kind == HEADER:
                return self._take_header(channel, payload)
            if kind == BODY:
                return self._take_body(channel, payload)
        except (struct.error, IndexError, KeyError, UnicodeDecodeError) as problem:
            raise Malformed(f"a frame that makes no sense: {problem}") from problem
        if kind != HEARTBEAT:
            raise Malformed(f"a frame of kind {kind}")
        return None

    def _take_method(self, channel: int, payload: bytes) -> Method | None:
        method = _METHOD_ID.unpack_from(payload)
        if method in (DELIVER, RETURN):
            self._unfinished[channel] = _Unfinished(method, payload[_METHOD_ID.size :])
            return None
        return Method(channel, method, payload[_METHOD_ID.size :])

    def _take_header(self, channel: int, payload: bytes) -> Content | None:
        unfinished = self._unfinished[channel]
        _, _, unfinished.size, flags = _CONTENT.unpack_from(payload)
        unfinished.missing = unfinished.size
        with suppress(Malformed, struct.error, IndexError):
            # what a sender has written badly is no fault of the connection: without properties it
            # is a message that nobody can read
            unfinished.properties, unfinished.raw_headers = _read_properties(payload, flags)
        return self._finish(channel) if not unfinished.missing else None

    def _take_body(self, channel: int, payload: bytes) -> Content | None:
        unfinished = self._unfinished[channel]
        if unfinished.size <= self._largest_body or not unfinished.parts:
            unfinished.parts.append(payload)
        unfinished.missing -= len(payload)
        if unfinished.missing < 0:
            raise Malformed("a body longer than announced")
        return self._finish(channel) if not unfinished.missing else None

    def _finish(self, channel: int) -> Content:
        done = self._unfinished.pop(channel)
        body = done.parts[0] if len(done.parts) == 1 else b"".join(done.parts)
        return Content(
            channel, done.method, done.arguments, body, done.properties, done.raw_headers, done.size
        )


class _Unfinished:
    """A message of which frames are still to come."""

    __slots__ = ("arguments", "method", "missing", "parts", "properties", "raw_headers", "size")

    def __init__(self, method: tuple[int, int], arguments: bytes):
        self.method = method
        self.arguments = arguments
        self.missing = self.size = 0
        self.parts: list[bytes] = []
        self.properties: dict[str, object] = {}
        self.raw_headers = b""


def read_delivery(arguments: bytes) -> tuple[int, bool, str, str]:
    """Return delivery tag, whether it came before, exchange and routing key of a delivery."""
    place = 1 + arguments[0]
    (tag,) = _TAG.unpack_from(arguments, place)
    place += _TAG.size
    redelivered = bool(arguments[place])
    exchange, place = read_text(arguments, place + 1)
    routing_key, _ = read_text(arguments, place)
    return tag, redelivered, exchange, routing_key


def read_confirmation(arguments: bytes) -> tuple[int, bool]:
    """Return the tag of an acknowledgement, and whether it stands for all before it, too."""
    return _TAG.unpack_from(arguments)[0], bool(arguments[_TAG.size] & 1)


def read_text(data: bytes, place: int) -> tuple[str, int]:
    """Return a short text, and where what follows it begins."""
    begin = place + 1
    end = begin + data[place]
    if end > len(data):
        raise Malformed("a text that goes on beyond its frame")
    return data[begin:end].decode("utf-8", "replace"), end


def read_reason(arguments: bytes) -> str:
    """Return code and text with which the broker closes a connection or a channel."""
    code = int.from_bytes(arguments[:2], "big")
    return f"{code} {read_text(arguments, 2)[0]}"


def read_table(raw: bytes) -> dict[str, object]:
    """Return a field table, given without its length."""
    table: dict[str, object] = {}
    place, end = 0, len(raw)
    try:
        while place < end:
            name, place = read_text(raw, place)
            table[name], place = _read_value(raw, place)
    except _Unusual:
        return _read_unusual_table(raw)
    except (struct.error, IndexError) as problem:
        raise Malformed(f"a table that makes no sense: {problem}") from problem
    return table


def publishing(
    channel: int,
    exchange: str,
    routing_key: str,
    mandatory: bool,
    body: bytes,
    properties: Mapping[str, object],
    largest: int,
) -> bytes:
    """Return the frames of a message to send.

    Args:
        channel: on which.
        exchange: its name.
        routing_key: its routing key.
        mandatory: whether the broker returns it if no queue takes it.
        body: its bytes.
        properties: texts, ``headers`` and ``delivery_mode``.
        largest: of a frame, as agreed with the broker.

    Raises:
        ValueError: a name, a key or the properties are too large; the broker would close the
            connection.
    """
    flags, written = _write_properties(properties)
    header = _CONTENT.pack(_BASIC, 0, len(body), flags) + written
    room = largest - _PREFIX.size - 1
    if len(header) > room:
        raise ValueError("properties larger than a frame")
    pieces = [_publish_method(channel, exchange, routing_key, mandatory)]
    pieces.append(frame(HEADER, channel, header))
    pieces += [
        frame(BODY, channel, body[place : place + room]) for place in range(0, len(body), room)
    ]
    return b"".join(pieces)


def consuming(channel: int, queue: str, tag: str, no_ack: bool) -> bytes:
    """Return the frame that begins to consume a queue."""
    arguments = b"\0\0" + _text(queue) + _text(tag) + bytes([NO_ACK_BIT if no_ack else 0])
    return method(channel, CONSUME, arguments + _LONG.pack(0))


def limiting(channel: int, prefetch: int) -> bytes:
    """Return the frame that says how many messages a consumer takes before it settles one."""
    return method(channel, QOS, _LONG.pack(0) + prefetch.to_bytes(2, "big") + b"\0")


def cancelling(channel: int, tag: str) -> bytes:
    """Return the frame that ends it."""
    return method(channel, CANCEL, _text(tag) + bytes([NOWAIT_BIT]))


def acknowledging(channel: int, tag: int) -> bytes:
    """Return the frame that says that a message was taken care of."""
    return method(channel, ACK, _TAG.pack(tag) + b"\0")


def rejecting(channel: int, tag: int, requeue: bool) -> bytes:
    """Return the frame that gives a message back, to its queue or to the dead letters."""
    return method(channel, REJECT, _TAG.pack(tag) + bytes([REQUEUE_BIT if requeue else 0]))


def closing() -> bytes:
    """Return the frame that takes leave of the broker."""
    arguments = GOODBYE.to_bytes(2, "big") + _text("stopping") + bytes(4)
    return method(0, CONNECTION_CLOSE, arguments)


def method(channel: int, identity: tuple[int, int], arguments: bytes) -> bytes:
    """Return the frame of a method."""
    return frame(METHOD, channel, _METHOD_ID.pack(*identity) + arguments)


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """Return a frame."""
    return b"%b%b\xce" % (_PREFIX.pack(kind, channel, len(payload)), payload)


class _Unusual(Exception):
    """A value of a kind that is not worth code of our own."""


@lru_cache(maxsize=1024)
def _publish_method(channel: int, exchange: str, routing_key: str, mandatory: bool) -> bytes:
    bits = bytes([MANDATORY_BIT if mandatory else 0])
    return method(channel, PUBLISH, b"\0\0" + _text(exchange) + _text(routing_key) + bits)


def _text(text: str) -> bytes:
    data = text.encode()
    if len(data) > 255:
        raise ValueError("a name or key of more than 255 bytes")
    return bytes([len(data)]) + data


def _write_properties(properties: Mapping[str, object]) -> tuple[int, bytes]:
    flags = 0
    written = []

    def write_texts(names: tuple[str, ...]) -> None:
        nonlocal flags
        for name in names:
            value = properties.get(name)
            if value is not None:
                flags |= 1 << TEXT_PROPERTIES[name]
                written.append(_text(value))

    write_texts(_FIRST_TEXTS)
    headers = properties.get("headers")
    if headers:
        flags |= _HEADERS_FLAG
        written.append(write_table(headers))
    mode = properties.get("delivery_mode")
    if mode is not None:
        flags |= _DELIVERY_MODE_FLAG
        written.append(bytes([mode]))
    write_texts(_LATER_TEXTS)
    return flags, b"".join(written)


def write_table(table: Mapping[str, object]) -> bytes:
    """Return a field table with its length."""
    try:
        written = b"".join(_text(name) + _write_value(value) for name, value in table.items())
    except _Unusual:
        return serialization.dumps("F", [dict(table)])
    return _LONG.pack(len(written)) + written


def _write_value(value: object) -> bytes:
    kind = type(value)
    if kind is str:
        data = value.encode()
        return b"S" + _LONG.pack(len(data)) + data
    if kind is float:
        return b"d" + struct.pack(">d", value)
    if kind is int and -(2**63) <= value < 2**63:
        return b"l" + struct.pack(">q", value)
    if kind is list:
        items = b"".join(map(_write_value, value))
        return b"A" + _LONG.pack(len(items)) + items
    raise _Unusual


def _read_properties(payload: bytes, flags: int) -> tuple[dict[str, object], bytes]:
    if flags & _MORE_FLAGS:
        raise Malformed("more properties than there are")
    place = _CONTENT.size
    properties: dict[str, object] = {}

    def read_texts(names: tuple[str, ...], place: int) -> int:
        for name in names:
            if flags & (1 << TEXT_PROPERTIES[name]):
                properties[name], place = read_text(payload, place)
        return place

    place = read_texts(_FIRST_TEXTS, place)
    raw_headers = b""
    if flags & _HEADERS_FLAG:
        raw_headers, place = _take_long(payload, place)
    if flags & _DELIVERY_MODE_FLAG:
        properties["delivery_mode"] = payload[place]
        place += 1
    if flags & _PRIORITY_FLAG:
        place += 1
    place = read_texts(_LATER_TEXTS, place)
    if flags & _TIMESTAMP_FLAG:
        place += _TAG.size
    read_texts(_LAST_TEXTS, place)
    return properties, raw_headers


def _take_long(data: bytes, place: int) -> tuple[bytes, int]:
    begin = place + _LONG.size
    end = begin + _LONG.unpack_from(data, place)[0]
    if end > len(data):
        raise Malformed("a value that goes on beyond its frame")
    return data[begin:end], end


def _read_value(raw: bytes, place: int, depth: int = 0) -> tuple[object, int]:
    if depth > DEEPEST_TABLE:
        raise Malformed("a table that is nested too deep")
    kind = raw[place]
    place += 1
    if kind == 0x53:  # S
        data, place = _take_long(raw, place)
        return data.decode("utf-8", "replace"), place
    if kind in _FIXED:
        shape = _FIXED[kind]
        return shape.unpack_from(raw, place)[0], place + shape.size
    if kind == 0x41:  # A
        data, place = _take_long(raw, place)
        return _read_array(data, depth + 1), place
    if kind == 0x74:  # t
        return bool(raw[place]), place + 1
    raise _Unusual


def _read_array(raw: bytes, depth: int) -> list[object]:
    items = []
    place = 0
    while place < len(raw):
        item, place = _read_value(raw, place, depth)
        items.append(item)
    return items


# the kinds of numbers as RabbitMQ and py-amqp write them
_FIXED = {
    ord("d"): struct.Struct(">d"),
    ord("l"): struct.Struct(">q"),
    ord("L"): struct.Struct(">q"),
    ord("I"): struct.Struct(">i"),
    ord("s"): struct.Struct(">h"),
    ord("b"): struct.Struct(">b"),
}


def _read_unusual_table(raw: bytes) -> dict[str, object]:
    try:
        values, _ = serialization.loads("F", _LONG.pack(len(raw)) + raw, 0)
    except Exception as problem:
        raise Malformed(f"a table that makes no sense: {problem}") from problem
    # it leaves what is no UTF-8 as bytes
    return {
        name if isinstance(name, str) else name.decode("utf-8", "replace"): value
        for name, value in values[0].items()
    }
