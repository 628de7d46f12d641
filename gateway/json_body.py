"""Reading JSON from a request: strictly, so that there is one way only to understand it."""

import json
from decimal import Decimal, InvalidOperation
from email.message import Message
from typing import Any, NoReturn

import orjson

from schemas.errors import ValidationFailed, fault
from schemas.fields import shown
from services.dependencies.web import HttpRequest, Refused
from services.dependencies.web.messages import JSON_TYPE

LONGEST_NUMBER = 32
DEEPEST = 32
"""Lists and objects within each other; a workout has five."""

LARGEST_EXPONENT = 300
"""Of numbers that a float can hold in any case."""

_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")
_LONG = b"0" * 8
_EXPONENT = b"0e"


class _NotJson(ValueError):
    """The message says what is wrong, in a sentence."""


def check_media_type(request: HttpRequest) -> None:
    """Refuse a body that is not JSON in UTF-8, going by its headers.

    Raises:
        Refused: 415.
    """
    declared = request.header("Content-Type")
    coding = (request.header("Content-Encoding") or "identity").strip().lower()
    if declared == JSON_TYPE and coding == "identity":
        return
    if declared is None and not request.has_body:
        return
    message = Message()
    message["Content-Type"] = declared or "none"
    charset = message.get_content_charset("utf-8")
    if (
        message.get_content_type() != JSON_TYPE
        or charset not in ("utf-8", "utf8")
        or coding != "identity"
    ):
        raise Refused(415, headers=(("Accept", JSON_TYPE),))


def parse_object(body: bytes) -> dict:
    """Return the JSON object that a body consists of.

    Integers come as ``int``, and so do numbers such as ``75.0``; other numbers as ``float`` if
    that is exactly what was written, and as ``Decimal`` otherwise, so that whoever judges them
    sees every decimal.

    Raises:
        ValidationFailed: it is not JSON, or not an object.
    """
    try:
        value = _parse(body)
    except _NotJson as problem:
        _refuse(str(problem), "json")
    except (ValueError, RecursionError):
        _refuse("The body is not valid JSON", "json")
    if not isinstance(value, dict):
        _refuse("The body must be an object", "type", expected="object", received=shown(value))
    return value


def _parse(body: bytes) -> Any:
    if not body:
        raise _NotJson("The body is empty, it must be a JSON object")
    if body.startswith(b"\xef\xbb\xbf"):
        raise _NotJson("The body begins with a byte-order mark")
    value = _parse_plain(body)
    if value is None:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_number,
        )
        _count_keys(value)
    return value


def _parse_plain(body: bytes) -> Any:
    """Return what a body without anything odd about it means, None for all others.

    Four times as fast, and mostly right to do: with fewer than eight digits before and after the
    point, and no exponent, a float is exactly what was written; and with as many colons as keys,
    no key stands twice and no text has a colon.
    """
    shape = body.translate(_SHAPE)
    if _LONG in shape or _EXPONENT in shape:
        return None
    try:
        value = orjson.loads(body)
    except ValueError:
        return None
    if _count_keys(value) != body.count(b":"):
        return None
    return _tidy(value) if b".0" in body else value


def _refuse(message: str, constraint: str, **details: object) -> NoReturn:
    raise ValidationFailed.of(fault("", message, constraint, **details)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _NotJson("An object in the body has a key twice")
    return value


def _constant(name: str) -> NoReturn:
    raise _NotJson(f"{name} is no JSON number")


def _check_length(text: str) -> None:
    if len(text) > LONGEST_NUMBER:
        raise _NotJson(f"A number in the body has more than {LONGEST_NUMBER} characters")


def _integer(text: str) -> int:
    _check_length(text)
    return int(text)


def _number(text: str) -> int | float | Decimal:
    _check_length(text)
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise _NotJson("A number in the body has an exponent beyond all measure") from None
    if exact == 0:
        return 0
    # before anything that would write out all digits of 1e999999999
    if abs(exact.adjusted()) > LARGEST_EXPONENT:
        return exact
    if exact.adjusted() < LONGEST_NUMBER and exact == exact.to_integral_value():
        return int(exact)
    near = float(text)
    return near if Decimal(repr(near)) == exact else exact


def _count_keys(value: Any) -> int:
    """Return how many keys there are.

    Raises:
        _NotJson: the value is nested too deep.
    """
    keys, level = 0, [value]
    for _ in range(DEEPEST + 1):
        below: list = []
        for parent in level:
            if type(parent) is dict:
                keys += len(parent)
                below += parent.values()
            elif type(parent) is list:
                below += parent
        if not below:
            return keys
        level = below
    raise _NotJson(f"The body is nested more than {DEEPEST} deep")


def _tidy(value: Any) -> Any:
    """Return a value with integers in place of floats without a fraction."""
    kind = type(value)
    if kind is dict:
        return {key: _tidy(child) for key, child in value.items()}
    if kind is list:
        return [_tidy(child) for child in value]
    return int(value) if kind is float and value.is_integer() else value
