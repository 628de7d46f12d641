"""The envelope: the one shape of every answer over HTTP."""

import json
import math
import re
import time
from collections.abc import Iterable
from decimal import Decimal

import orjson

EXACT_INTEGERS = 2.0**53
"""Below this a float without a fraction is an integer for every JSON reader."""

_NOISE = re.compile(rb"\.0(?:[,}\]]|$)")
"""The end of a number such as 8.0; now and then a text that looks like one."""


def envelope(
    data: Iterable[object],
    request_id: str,
    *,
    errors: Iterable[dict] = (),
    page: dict | None = None,
    now: float | None = None,
) -> dict:
    """Put an answer into the envelope.

    Args:
        data: what was asked for; always a list, even of one.
        request_id: the id under which the request is in the logs.
        errors: what went wrong, as :meth:`schemas.errors.GymError.entries` gives it.
        page: see :func:`page_of`; collections only.
        now: Unix time, for tests.
    """
    meta: dict = {"request_id": request_id}
    if page is not None:
        meta["page"] = page
    document: dict = {"data": list(data)}
    listed = list(errors)
    if listed:
        document["errors"] = listed
    document["meta"] = meta
    document["timestamp"] = int(time.time() if now is None else now)
    return document


def assemble(data: bytes, request_id: str, page: bytes = b"", now: float | None = None) -> bytes:
    """Put data that is JSON already into the envelope; see :func:`envelope`."""
    before, between = around_id(data, page)
    stamp = int(time.time() if now is None else now)
    return b"%b%b%b%d}" % (before, request_id.encode(), between, stamp)


def around_id(data: bytes, page: bytes = b"") -> tuple[bytes, bytes]:
    """Return an envelope's parts before the request's id, and from there to the time."""
    return (
        b'{"data":%b,"meta":{"request_id":"' % data,
        b'"%b},"timestamp":' % (b',"page":' + page if page else b""),
    )


def page_of(current_page: int, page_size: int, total_items: int) -> dict:
    """Describe a page of a collection."""
    return {
        "current_page": current_page,
        "page_size": page_size,
        "total_pages": -(-total_items // page_size),
        "total_items": total_items,
    }


def encode(document: object) -> bytes:
    """Write JSON: compact, in UTF-8, numbers without trailing noise (8, not 8.0)."""
    try:
        written = orjson.dumps(document, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:
        # decimals, integers beyond 64 bits, half characters
        return _encode_slowly(document)
    return _encode_slowly(document) if b".0" in written and _NOISE.search(written) else written


def _encode_slowly(document: object) -> bytes:
    text = json.dumps(tidy(document), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # lone surrogates can come in with a client's own words; UTF-8 has no room for them
    return text.encode("utf-8", "replace")


def tidy(value: object) -> object:
    """Return a value with its numbers as JSON should show them."""
    if isinstance(value, dict):
        return {key: tidy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(item) for item in value]
    if isinstance(value, Decimal):
        return _tidy_decimal(value)
    if isinstance(value, float):
        return _tidy_float(value)
    return value


def _tidy_decimal(value: Decimal) -> object:
    if value.is_finite() and abs(value) < EXACT_INTEGERS and value == value.to_integral_value():
        return int(value)
    return _tidy_float(float(value))


def _tidy_float(value: float) -> object:
    if not math.isfinite(value):
        return str(value)
    if value.is_integer() and abs(value) < EXACT_INTEGERS:
        return int(value)
    return value
