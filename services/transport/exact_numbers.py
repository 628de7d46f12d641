"""JSON numbers exactly as they were written.

A reader that makes floats of all numbers rounds what a rule is about to judge, and a weight with
twenty decimals would pass as one with two. These are the hooks that :func:`json.loads` takes, and
the way back.
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
"""Of numbers that a float can hold in any case."""

_MAY_BE_ROUNDED = re.compile(rb"\d(?:[\d.]{15}|[eE][-+]?\d+\s*[,\]}])")
"""More digits than a float has for certain, or an exponent; now and then a text that looks so."""


class NotJson(ValueError):
    """The message says what is wrong, in a sentence."""


def may_be_rounded(text: bytes) -> bool:
    """Tell whether a JSON text may have numbers that a float can't hold."""
    return _MAY_BE_ROUNDED.search(text) is not None


def read_integer(text: str) -> int:
    """Return a number without a fraction or exponent.

    Raises:
        NotJson: it is too long.
    """
    _check_length(text)
    return int(text)


def read_number(text: str) -> int | float | Decimal:
    """Return any other number: an ``int`` if that is what it is, as 75.0; a ``float`` if that is
    exactly what was written, and a ``Decimal`` otherwise.

    Raises:
        NotJson: it is too long, or its exponent is beyond what can be held at all.
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
    # before anything that would write out all digits of 1e999999999
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
    """Return the value of a JSON text, with its numbers as :func:`read_number` gives them.

    Raises:
        ValueError: it is no JSON text in UTF-8.
        RecursionError: it is nested too deep to be read.
    """
    return json.loads(
        text.decode("utf-8"),
        parse_int=read_integer,
        parse_float=read_number,
        parse_constant=refuse_constant,
    )


def dumps(value: object, option: int = 0) -> bytes:
    """Return a value as a JSON text with all digits of its numbers.

    Args:
        value: plain JSON types, decimals, and fragments that are JSON already.
        option: orjson's.

    Raises:
        TypeError: it has parts that JSON can't have.
    """
    try:
        return orjson.dumps(value, _fragment_of_decimal, option)
    except TypeError:
        # integers beyond 64 bits and halves of surrogate pairs are more than orjson can write
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
