"""JSON as messages carry it: orjson for all that is usual, kombu's own for the rest.

kombu writes dates, decimals and the like as objects of its own, and a Nameko client may send them;
numbers beyond 64 bits are only exact in the standard library.
"""

import re
from contextlib import suppress

import orjson
from kombu.serialization import dumps as kombu_dumps
from kombu.serialization import loads as kombu_loads

CONTENT_TYPE = "application/json"
ENCODING = "utf-8"

_LEFT_TO_KOMBU = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_OF_KOMBU = b"__type__"
_LARGE_NUMBER = re.compile(rb"\d{19}")


def dumps(value: object) -> bytes:
    """Return a value as JSON.

    Raises:
        Exception: it has parts that JSON can't have.
    """
    try:
        return orjson.dumps(value, option=_LEFT_TO_KOMBU)
    except TypeError:
        return kombu_dumps(value, "json")[2].encode("utf-8", "surrogatepass")


def loads(
    body: bytes, content_type: object, encoding: object, *, large_numbers: bool = True
) -> object:
    """Return the value that a message's body holds.

    Args:
        body: JSON.
        content_type: which it says it is.
        encoding: the charset.
        large_numbers: whether it may have integers beyond 64 bits, which are looked for.

    Raises:
        ValueError: it holds none.
    """
    if content_type != CONTENT_TYPE:
        raise ValueError(f"content type {content_type}, not {CONTENT_TYPE}")
    if _OF_KOMBU not in body and not (large_numbers and _LARGE_NUMBER.search(body)):
        # NaN, or another charset: kombu may know better
        with suppress(ValueError):
            return orjson.loads(body)
    return kombu_loads(body, CONTENT_TYPE, encoding or ENCODING, accept=[CONTENT_TYPE])
