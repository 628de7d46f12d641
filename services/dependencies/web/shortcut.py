"""Requests that can be answered without a worker, recognised by the bytes of their head."""

import re
from dataclasses import dataclass
from typing import Protocol

from services.dependencies.web.messages import Answer

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PLAIN_GET = re.compile(rb"GET (/[!-~]*) HTTP/1\.1\r\n((?:" + _TOKEN + rb":[^\r\n\x00]*\r\n)+)\r\n")
_LONGEST = 4096
KEEP = b"keep-alive"
_UNUSUAL = frozenset(
    (
        b"content-length",
        b"content-type",
        b"expect",
        b"idempotency-key",
        b"origin",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Headers that mean more than a shortcut knows of; the long way understands them."""


@dataclass(slots=True)
class Found:
    """An answer that was known, and what the log says of it."""

    answer: Answer
    route: str
    request_id: str
    user_id: int | None


class Shortcut(Protocol):
    """Something that may know an answer by heart."""

    def find(self, target: bytes, headers: dict[bytes, bytes], peer: str) -> Found | None:
        """Return the answer to a plain GET, or None to go the long way."""


def read_plain_get(head: bytes) -> tuple[bytes, dict[bytes, bytes]] | None:
    """Return target and headers of a GET without anything unusual about it, otherwise None.

    Args:
        head: all that has arrived of the connection's next request.
    """
    if len(head) > _LONGEST:
        return None
    found = _PLAIN_GET.fullmatch(head)
    if found is None:
        return None
    headers: dict[bytes, bytes] = {}
    for line in found[2].split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in headers or name in _UNUSUAL:
            return None
        headers[name] = value.strip()
    if headers.get(b"connection", KEEP).lower() != KEEP:
        return None
    return (found[1], headers) if b"host" in headers else None
