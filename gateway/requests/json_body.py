"""A strict parser of JSON bodies: what could be understood in two ways is refused.

This is the one place where what a client wrote becomes values, and so the place that limits them:
whatever walks a body later walks at most :data:`MOST_VALUES`. Nothing here keeps the event loop for
more than a few milliseconds, however large the body; orjson and json can't be interrupted, so what
would take them longer is refused before.
"""

import json
from collections.abc import Callable, Iterator
from email.message import Message
from functools import partial
from typing import Any, NoReturn

import eventlet
import orjson

from schemas.constraints import excerpt
from schemas.errors import ValidationFailed, fault
from services.transport.exact_numbers import NotJson, read_integer, read_number, refuse_constant
from services.transport.http import HttpRequest, Refused
from services.transport.http.messages import JSON_TYPE

DEEPEST = 32
"""Levels of lists and objects; a workout has five."""

MOST_VALUES = 16_000
"""Members and items in all; a workout with 1,000 sets that has every field has 13,000."""

MOST_MEMBERS = 1000
"""Members of one object. A set has ten; each further one is a fault, and would be listed."""

AT_ONCE = 1000
"""Values between two pauses for other greenthreads; takes a millisecond or two."""

BYTES_AT_ONCE = 64 * 1024

_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")
_LONG = b"0" * 8
_EXPONENT = b"0e"


def check_media_type(request: HttpRequest) -> None:
    """Refuse a body that its headers say is not JSON in UTF-8.

    Raises:
        Refused: 415.
    """
    declared = request.header("Content-Type")
    coding = (request.header("Content-Encoding") or "identity").strip().lower()
    if declared == JSON_TYPE and coding == "identity":
        return
    if declared is None and not request.has_body:
        return
    # not werkzeug.http.parse_options_header, which drops a parameter that it can't read, and so
    # would take `charset = latin-1` for UTF-8: docs/decisions/header-parsing.md
    message = Message()
    message["Content-Type"] = declared or "none"
    charset = message.get_content_charset("utf-8")
    if (
        message.get_content_type() != JSON_TYPE
        or charset not in ("utf-8", "utf8")
        or coding != "identity"
    ):
        raise Refused(415, headers=(("Accept", JSON_TYPE),))


def parse_object(body: bytes, pause: Callable[[], None] = eventlet.sleep) -> dict:
    """Return the JSON object that a body is.

    Integers come as ``int``, and so do numbers such as ``75.0``; other numbers as ``float`` if
    that is exact, and as ``Decimal`` otherwise, so that validation sees every decimal.

    Args:
        body: the bytes that were received.
        pause: gives way to other greenthreads; called now and then while a large body is parsed.

    Raises:
        ValidationFailed: it is not JSON, not an object, or more than any body needs to be.
    """
    try:
        value = _parse(body, pause)
    except NotJson as problem:
        _refuse(str(problem), "json")
    except (ValueError, RecursionError):
        _refuse("The body is not valid JSON", "json")
    if not isinstance(value, dict):
        _refuse("The body must be an object", "type", expected="object", received=excerpt(value))
    return value


def _parse(body: bytes, pause: Callable[[], None]) -> Any:
    if not body:
        raise NotJson("The body is empty, it must be a JSON object")
    if body.startswith(b"\xef\xbb\xbf"):
        raise NotJson("The body begins with a byte-order mark")
    _check_number_of_values(body, pause)
    value = _parse_plain(body, pause)
    if value is not None:
        return value
    if len(body) > BYTES_AT_ONCE:
        pause()
    return _parse_strictly(body, pause)


def _check_number_of_values(body: bytes, pause: Callable[[], None]) -> None:
    """Refuse a body with more than :data:`MOST_VALUES`, before they are made.

    A value follows a comma, or a bracket if it is the first of its object or list. Those within
    strings are told apart only if there are many.
    """
    if _count_values(body) <= MOST_VALUES:
        return
    values = 0
    for piece in _without_texts(body):
        values += _count_values(piece)
        if values > MOST_VALUES:
            raise NotJson(f"The body has more than {MOST_VALUES} values")
        pause()


def _count_values(text: bytes) -> int:
    return len(text) - len(text.translate(None, b",{["))


def _without_texts(body: bytes) -> Iterator[bytes]:
    """Yield what is not within strings, in pieces of at most :data:`BYTES_AT_ONCE`."""
    place = is_within = 0
    while place < len(body):
        piece = body[place : place + BYTES_AT_ONCE]
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2:
            # a piece must not end between a backslash and what it escapes
            piece = body[place : place + BYTES_AT_ONCE + 1]
        place += len(piece)
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        yield b"".join(parts[is_within::2])
        is_within = (is_within + len(parts) - 1) % 2


def _parse_plain(body: bytes, pause: Callable[[], None]) -> Any:
    """Return the value of a body that orjson can't misread, None for all others.

    orjson is four times as fast as json, but rounds decimals and takes the last of two equal keys.
    With fewer than eight digits before and after the point, and no exponent, a float is exactly
    what was written; with as many colons as keys, no key stands twice and no string has a colon.
    Nearly all bodies are like that.
    """
    shape = body.translate(_SHAPE)
    if _LONG in shape or _EXPONENT in shape:
        return None
    try:
        value = orjson.loads(body)
    except ValueError:
        return None
    if _count_keys(value, pause) != body.count(b":"):
        return None
    return _tidy(value, _Turns(pause)) if b".0" in body else value


def _parse_strictly(body: bytes, pause: Callable[[], None]) -> Any:
    turns = _Turns(pause)
    value = json.loads(
        body.decode("utf-8"),
        object_pairs_hook=partial(_object, turns),
        parse_constant=refuse_constant,
        parse_int=partial(_in_turn, turns, read_integer),
        parse_float=partial(_in_turn, turns, read_number),
    )
    _count_keys(value, pause)
    return value


def _refuse(message: str, constraint: str, **details: object) -> NoReturn:
    raise ValidationFailed.of(fault("", message, constraint, **details)) from None


class _Turns:
    """Pauses after each :data:`AT_ONCE` values."""

    __slots__ = ("_left", "_pause")

    def __init__(self, pause: Callable[[], None]):
        self._pause = pause
        self._left = AT_ONCE

    def take(self) -> None:
        """Count a value, and pause if it is time to."""
        self._left -= 1
        if not self._left:
            self._left = AT_ONCE
            self._pause()


def _object(turns: _Turns, pairs: list[tuple[str, Any]]) -> dict:
    turns.take()
    value = dict(pairs)
    if len(value) < len(pairs):
        raise NotJson("An object in the body has a key twice")
    return value


def _in_turn(turns: _Turns, read: Callable[[str], Any], text: str) -> Any:
    turns.take()
    return read(text)


def _count_keys(value: Any, pause: Callable[[], None]) -> int:
    """Return the number of keys in all objects, which is that of colons if none stands twice.

    Raises:
        NotJson: the value is nested too deep, or an object has too many members.
    """
    keys, level = 0, [value]
    for _ in range(DEEPEST + 1):
        below: list = []
        for parent in level:
            if type(parent) is dict:
                if len(parent) > MOST_MEMBERS:
                    raise NotJson(f"An object in the body has more than {MOST_MEMBERS} members")
                keys += len(parent)
                below += parent.values()
            elif type(parent) is list:
                below += parent
        if not below:
            return keys
        level = below
        if len(level) > AT_ONCE:
            pause()
    raise NotJson(f"The body is nested more than {DEEPEST} deep")


def _tidy(value: Any, turns: _Turns) -> Any:
    """Return a value with integers in place of floats without a fraction: 75.0 is 75."""
    kind = type(value)
    if kind is dict:
        turns.take()
        return {key: _tidy(child, turns) for key, child in value.items()}
    if kind is list:
        return [_tidy(child, turns) for child in value]
    return int(value) if kind is float and value.is_integer() else value
