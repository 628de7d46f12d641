"""Field tables, which hold a message's headers.

Only the types that Nameko, RabbitMQ and we write are handled here; a table with any other type is
left to py-amqp, whose tables take ten times as long.
"""

import struct
from collections.abc import Mapping
from typing import Any

from amqp import serialization

from services.transport.amqp.encoding import LONG, Malformed, read_text, short_text, take_long

DEEPEST_TABLE = 8
"""Levels of arrays in headers; what RabbitMQ adds itself (x-death) has three.

Reading is recursive, and anybody who may publish could send enough levels for a RecursionError.
"""


class _Unusual(Exception):
    """A value of a type that is left to py-amqp."""


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


def write_table(table: Mapping[str, object]) -> bytes:
    """Return a field table with its length."""
    try:
        written = b"".join(short_text(name) + _write_value(value) for name, value in table.items())
    except _Unusual:
        unusual: bytes = serialization.dumps("F", [dict(table)])
        return unusual
    return LONG.pack(len(written)) + written


def _write_value(value: Any) -> bytes:
    kind = type(value)
    if kind is str:
        data: bytes = value.encode()
        return b"S" + LONG.pack(len(data)) + data
    if kind is float:
        return b"d" + struct.pack(">d", value)
    if kind is int and -(2**63) <= value < 2**63:
        return b"l" + struct.pack(">q", value)
    if kind is list:
        items = b"".join(map(_write_value, value))
        return b"A" + LONG.pack(len(items)) + items
    raise _Unusual


def _read_value(raw: bytes, place: int, depth: int = 0) -> tuple[object, int]:
    if depth > DEEPEST_TABLE:
        raise Malformed("a table that is nested too deep")
    kind = raw[place]
    place += 1
    if kind == 0x53:  # S
        data, place = take_long(raw, place)
        return data.decode("utf-8", "replace"), place
    if kind in _FIXED:
        shape = _FIXED[kind]
        return shape.unpack_from(raw, place)[0], place + shape.size
    if kind == 0x41:  # A
        data, place = take_long(raw, place)
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


def _read_unusual_table(raw: bytes) -> dict[str, object]:
    try:
        values, _ = serialization.loads("F", LONG.pack(len(raw)) + raw, 0)
    except Exception as problem:
        raise Malformed(f"a table that makes no sense: {problem}") from problem
    # py-amqp leaves names that are no UTF-8 as bytes
    return {
        name if isinstance(name, str) else name.decode("utf-8", "replace"): value
        for name, value in values[0].items()
    }


# RabbitMQ and py-amqp write other letters for numbers than the AMQP 0-9-1 specification has:
# "l" and "s" are signed, "L" is the same as "l"
_FIXED = {
    ord("d"): struct.Struct(">d"),
    ord("l"): struct.Struct(">q"),
    ord("L"): struct.Struct(">q"),
    ord("I"): struct.Struct(">i"),
    ord("s"): struct.Struct(">h"),
    ord("b"): struct.Struct(">b"),
}
