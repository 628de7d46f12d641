"""Reading JSON from a request: strictly, so that there is one way only to understand it."""

import json
from collections.abc import Iterable
from decimal import Decimal
from email.message import Message
from typing import Any, NoReturn

from schemas.errors import ValidationFailed, fault
from schemas.fields import shown
from services.dependencies.web import HttpRequest, Refused
from services.dependencies.web.messages import JSON_TYPE

LONGEST_NUMBER = 32
DEEPEST = 32
"""Lists and objects within each other; a workout has five."""

LARGEST_EXPONENT = 300
"""Of numbers that a float can hold in any case."""


class _NotJson(ValueError):
    """The message says what is wrong, in a sentence."""


def check_media_type(request: HttpRequest) -> None:
    """Refuse a body that is not JSON in UTF-8, going by its headers.

    Raises:
        Refused: 415.
    """
    declared = request.header("Content-Type")
    if declared is None and not request.has_body:
        return
    message = Message()
    message["Content-Type"] = declared or "none"
    charset = message.get_content_charset("utf-8")
    coding = (request.header("Content-Encoding") or "identity").strip().lower()
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
    value = json.loads(
        body.decode("utf-8"),
        object_pairs_hook=_object,
        parse_constant=_constant,
        parse_int=_integer,
        parse_float=_number,
    )
    if _is_too_deep(value):
        raise _NotJson(f"The body is nested more than {DEEPEST} deep")
    return value


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
    exact = Decimal(text)
    if exact == 0:
        return 0
    # before anything that would write out all digits of 1e999999999
    if abs(exact.adjusted()) > LARGEST_EXPONENT:
        return exact
    if exact.adjusted() < LONGEST_NUMBER and exact == exact.to_integral_value():
        return int(exact)
    near = float(text)
    return near if Decimal(repr(near)) == exact else exact


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterable:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
