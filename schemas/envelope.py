"""The envelope: the JSON object around the data of every response over HTTP."""

import json
import math
import re
import time
from collections.abc import Iterable
from decimal import Decimal

import orjson

EXACT_INTEGERS = 2.0**53
"""Below this every parser of JSON has the same value for an integer as for the float."""

_NOISE = re.compile(rb"\.0(?:[,}\]]|$)")
"""The end of a number such as 8.0, or now and then of a string that looks like one."""


def envelope(
    data: Iterable[object],
    request_id: str,
    *,
    errors: Iterable[dict] = (),
    page: dict | None = None,
    now: float | None = None,
) -> dict:
    """Return the envelope of a response.

    Args:
        data: the items; one thing is a list of one.
        request_id: the id under which the request is in the logs.
        errors: as :meth:`schemas.errors.GymError.entries` returns them.
        page: as :func:`page_of` returns it; of collections only.
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
    """Return the envelope around data that is JSON already; see :func:`envelope`."""
    before, between = around_id(data, page)
    stamp = int(time.time() if now is None else now)
    return b"%b%b%b%d}" % (before, request_id.encode(), between, stamp)


def around_id(data: bytes, page: bytes = b"") -> tuple[bytes, bytes]:
    """Return the parts of an envelope before the request's id, and between it and the timestamp.

    Only these two differ each time, so a cached response keeps the parts.
    """
    return (
        b'{"data":%b,"meta":{"request_id":"' % data,
        b'"%b},"timestamp":' % (b',"page":' + page if page else b""),
    )


def page_of(current_page: int, page_size: int, total_items: int) -> dict:
    """Return ``meta.page`` of a collection."""
    return {
        "current_page": current_page,
        "page_size": page_size,
        "total_pages": -(-total_items // page_size),
        "total_items": total_items,
    }


def encode(document: object) -> bytes:
    """Write JSON: compact, in UTF-8, whole numbers without a fraction (8, not 8.0)."""
    try:
        written = orjson.dumps(document, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:
        # what orjson refuses: decimals, integers beyond 64 bits, lone surrogates
        return _encode_slowly(document)
    return _encode_slowly(document) if b".0" in written and _NOISE.search(written) else written


def _encode_slowly(document: object) -> bytes:
    text = json.dumps(tidy(document), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # a client may have sent a lone surrogate, as "\ud800", which UTF-8 can't encode
    return text.encode("utf-8", "replace")


def tidy(value: object) -> object:
    """Return a value with its numbers as :func:`encode` writes them."""
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
