"""JSON with exact numbers.

A parser that reads numbers as floats rounds them before they are validated: a weight with twenty
decimals would pass as one with two. Here are the hooks for :func:`json.loads`, and a serializer.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NoReturn

import orjson
from orjson import Fragment

LONGEST_NUMBER = 32

LARGEST_EXPONENT = 300
"""In powers of ten; any number within can be held by a float."""

_MAY_BE_ROUNDED = re.compile(rb"\d(?:[\d.]{15}|[eE][-+]?\d+\s*[,\]}])")
"""A number with more than 15 digits, or with an exponent; may match inside a string, too."""


class NotJson(ValueError):
    """The text is no valid JSON; the message is a sentence for the client."""


def may_be_rounded(text: bytes) -> bool:
    """Return whether a JSON text may have numbers that a float can't represent."""
    return _MAY_BE_ROUNDED.search(text) is not None


def read_integer(text: str) -> int:
    """Parse a number without fraction and exponent.

    Raises:
        NotJson: it has more than ``LONGEST_NUMBER`` characters.
    """
    _check_length(text)
    return int(text)


def read_number(text: str) -> int | float | Decimal:
    """Parse any other number: an ``int`` if it is integral (75.0), a ``float`` if that is exact, a
    ``Decimal`` otherwise.

    Raises:
        NotJson: it is longer than ``LONGEST_NUMBER``, or its exponent is too large for a Decimal.
    """
    _check_length(text)
    near = float(text)
    if repr(near) == text and not near.is_integer():
        return near
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise NotJson("A number in the body has an exponent beyond all measure") from None
    if exact == 0:
        return 0
    # before to_integral_value(), which would expand all digits of 1e999999999
    if abs(exact.adjusted()) > LARGEST_EXPONENT:
        return exact
    if exact.adjusted() < LONGEST_NUMBER and exact == exact.to_integral_value():
        return int(exact)
    return near if Decimal(repr(near)) == exact else exact


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities.

    Raises:
        NotJson: always.
    """
    raise NotJson(f"{name} is no JSON number")


def loads(text: bytes) -> object:
    """Parse a JSON text, with its numbers as of :func:`read_number`.

    Raises:
        ValueError: it is no JSON text in UTF-8.
        RecursionError: it is nested too deeply.
    """
    return json.loads(
        text.decode("utf-8"),
        parse_int=read_integer,
        parse_float=read_number,
        parse_constant=refuse_constant,
    )


def dumps(value: object, option: int = 0) -> bytes:
    """Serialize a value with all digits of its numbers.

    Args:
        value: plain JSON types, decimals, and :class:`orjson.Fragment`.
        option: passed to :func:`orjson.dumps`.

    Raises:
        TypeError: it contains another type.
    """
    try:
        return orjson.dumps(value, _fragment_of_decimal, option)
    except TypeError:
        # orjson refuses integers beyond 64 bits and lone surrogates
        return _write(value).encode()


def _check_length(text: str) -> None:
    if len(text) > LONGEST_NUMBER:
        raise NotJson(f"A number in the body has more than {LONGEST_NUMBER} characters")


def _fragment_of_decimal(value: object) -> Fragment:
    return Fragment(_written_decimal(value))


def _written_decimal(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON type")


def _write(value: object) -> str:
    if isinstance(value, Mapping):
        members = (f"{json.dumps(_key(key))}:{_write(item)}" for key, item in value.items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_write, value))}]"
    if isinstance(value, Fragment):
        return orjson.dumps(value).decode()
    if value is None or isinstance(value, str | int | float):
        return json.dumps(value, allow_nan=False)
    return _written_decimal(value)


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise TypeError(f"{type(key).__name__} is no key of a JSON object")
