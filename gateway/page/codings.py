"""Content codings: how files are compressed ahead of time, and which of these a browser gets."""

import gzip
from collections.abc import Collection, Mapping

from werkzeug.http import parse_accept_header

try:
    import brotli
except ImportError:
    brotli = None

BROTLI, GZIP = "br", "gzip"

BROTLI_QUALITY = 10
"""The highest, 11, takes a gateway's start twice as long and saves 2 of 100 bytes more."""


def encode(content: bytes) -> Mapping[str, bytes]:
    """Return content by each coding that makes it smaller, the one that saves most first.

    Brotli is there where its library is (the extra ``brotli``).
    """
    encoded = {GZIP: gzip.compress(content, mtime=0)}
    if brotli is not None:
        encoded[BROTLI] = brotli.compress(content, quality=BROTLI_QUALITY)
    smaller = [coding for coding in encoded if len(encoded[coding]) < len(content)]
    return {coding: encoded[coding] for coding in sorted(smaller, key=lambda c: len(encoded[c]))}


def best_of(codings: Collection[str], accepted: str | None) -> str | None:
    """Return the coding that a client wants most; of several the first, None if it wants none.

    Args:
        codings: what there is.
        accepted: the header ``Accept-Encoding``.
    """
    wanted = parse_accept_header(accepted or "")
    return max(filter(wanted.quality, codings), key=wanted.quality, default=None)
