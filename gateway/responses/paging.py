"""Pages of collections: what ``meta.page`` and ``Link`` say."""

from functools import lru_cache
from urllib.parse import quote, urlencode

from gateway.requests.parameters import LONGEST_SHARED, split_query
from schemas.envelope import page_of
from services.transport.http import HttpRequest

PAGE = "page"
LONGEST_LINK = 2000
"""Longer than any URL that a client needs; a response has up to four links."""


def describe_page(query: dict, total: int) -> dict:
    """Return ``meta.page`` for a checked query with ``page`` and ``limit``."""
    return page_of(query["page"], query["limit"], total)


def links(request: HttpRequest, page: dict) -> str:
    """Return the ``Link`` header: the same request for other pages. Nothing if that is too long.

    Args:
        request: the request that is answered.
        page: its ``meta.page``.
    """
    current, last = page["current_page"], max(page["total_pages"], 1)
    targets = {"first": 1}
    if current > 1:
        targets["prev"] = min(current - 1, last)
    if current < last:
        targets["next"] = current + 1
    targets["last"] = last
    others = _others_shared if len(request.query) <= LONGEST_SHARED else _others
    start = f"{request.path}?{others(request.query)}{PAGE}="
    if len(start) > LONGEST_LINK:
        return ""
    return ", ".join(f'<{start}{number}>; rel="{rel}"' for rel, number in targets.items())


def _others(query: str) -> str:
    """Return a query without its page, as the beginning of another one."""
    kept = [(name, value) for name, value in split_query(query) if name != PAGE]
    return f"{urlencode(kept, quote_via=quote)}&" if kept else ""


_others_shared = lru_cache(maxsize=1000)(_others)
