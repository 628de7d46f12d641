"""The properties of a message, as its header frame holds them."""

import struct
from collections.abc import Mapping
from typing import Any

from services.transport.amqp.encoding import TAG, Malformed, read_text, short_text, take_long
from services.transport.amqp.field_tables import write_table

CONTENT = struct.Struct(">HHQH")

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


def write_properties(properties: Mapping[str, Any]) -> tuple[int, bytes]:
    """Return the flags and the bytes of properties."""
    flags = 0
    written = []

    def write_texts(names: tuple[str, ...]) -> None:
        nonlocal flags
        for name in names:
            value = properties.get(name)
            if value is not None:
                flags |= 1 << TEXT_PROPERTIES[name]
                written.append(short_text(value))

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


def read_properties(payload: bytes, flags: int) -> tuple[dict[str, Any], bytes]:
    """Return the properties of a header frame, and its headers as bytes.

    Raises:
        Malformed, struct.error, IndexError: they make no sense.
    """
    if flags & _MORE_FLAGS:
        raise Malformed("more properties than there are")
    place = CONTENT.size
    properties: dict[str, Any] = {}

    def read_texts(names: tuple[str, ...], place: int) -> int:
        for name in names:
            if flags & (1 << TEXT_PROPERTIES[name]):
                properties[name], place = read_text(payload, place)
        return place

    place = read_texts(_FIRST_TEXTS, place)
    raw_headers = b""
    if flags & _HEADERS_FLAG:
        raw_headers, place = take_long(payload, place)
    if flags & _DELIVERY_MODE_FLAG:
        properties["delivery_mode"] = payload[place]
        place += 1
    if flags & _PRIORITY_FLAG:
        place += 1
    place = read_texts(_LATER_TEXTS, place)
    if flags & _TIMESTAMP_FLAG:
        place += TAG.size
    read_texts(_LAST_TEXTS, place)
    return properties, raw_headers
