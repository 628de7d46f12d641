"""JSON of messages, without kombu's typed objects.

kombu 5.7 turns ``{"__type__": "datetime", "__value__": ...}`` anywhere in a message into a
datetime, or raises: the content of a client's request body would decide which Python types a
service gets, and whether its message can be decoded at all. Here such an object stays an object.
"""

from contextlib import suppress

import orjson

from services.transport import exact_numbers

CONTENT_TYPE = "application/json"
ENCODING = "utf-8"

_ENCODINGS = (None, "utf-8", "utf8", "UTF-8")
_NO_TYPES = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def dumps(value: object) -> bytes:
    """Return a value as JSON.

    Raises:
        TypeError: it has parts that JSON can't have, such as a date.
        ValueError: it has a number that JSON can't have.
    """
    return exact_numbers.dumps(value, _NO_TYPES)


def loads(body: bytes, content_type: object, encoding: object, *, exact: bool = True) -> object:
    """Return the value that a message's body holds, in plain types.

    Args:
        body: JSON in UTF-8.
        content_type: which it says it is.
        encoding: the charset that it says it has.
        exact: whether it may have numbers that a float can't hold, which are looked for.

    Raises:
        ValueError: it holds none.
        RecursionError: it is nested too deep to be read.
    """
    if content_type != CONTENT_TYPE:
        raise ValueError(f"the content type is not {CONTENT_TYPE}")
    if encoding not in _ENCODINGS:
        raise ValueError(f"the content encoding is not {ENCODING}")
    if not (exact and exact_numbers.may_be_rounded(body)):
        # orjson refuses lone surrogates, which JSON allows; the standard library does not
        with suppress(ValueError):
            return orjson.loads(body)
    return exact_numbers.loads(body)
