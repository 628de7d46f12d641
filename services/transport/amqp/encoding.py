"""How AMQP 0-9-1 writes short texts, lengths, and the envelope of a frame."""

import struct

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
END = 0xCE

PREFIX = struct.Struct(">BHI")
METHOD_ID = struct.Struct(">HH")
TAG = struct.Struct(">Q")
LONG = struct.Struct(">I")

HEARTBEAT_FRAME = PREFIX.pack(HEARTBEAT, 0, 0) + bytes([END])


class Malformed(Exception):
    """The bytes received are no AMQP."""


def read_text(data: bytes, place: int) -> tuple[str, int]:
    """Return a short text, and the offset behind it.

    AMQP wants UTF-8, RabbitMQ does not check it: other bytes become U+FFFD instead of an error,
    which would end the connection that all share (tests/security/test_shared_connections.py).
    """
    begin = place + 1
    end = begin + data[place]
    if end > len(data):
        raise Malformed("a text that goes on beyond its frame")
    return data[begin:end].decode("utf-8", "replace"), end


def take_long(data: bytes, place: int) -> tuple[bytes, int]:
    """Return a value with a length of four bytes before it, and the offset behind it."""
    begin = place + LONG.size
    end = begin + LONG.unpack_from(data, place)[0]
    if end > len(data):
        raise Malformed("a value that goes on beyond its frame")
    return data[begin:end], end


def short_text(text: str) -> bytes:
    """Return a short text as bytes.

    Raises:
        ValueError: it is too long.
    """
    data = text.encode()
    if len(data) > 255:
        raise ValueError("a name or key of more than 255 bytes")
    return bytes([len(data)]) + data


def method(channel: int, identity: tuple[int, int], arguments: bytes) -> bytes:
    """Return the frame of a method."""
    return frame(METHOD, channel, METHOD_ID.pack(*identity) + arguments)


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """Return a frame."""
    return b"%b%b\xce" % (PREFIX.pack(kind, channel, len(payload)), payload)
