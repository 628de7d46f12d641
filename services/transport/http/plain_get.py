"""GETs without anything unusual about them, recognised by the bytes of their head.

A fast path must not understand a head in another way than the parser (``request_head``), nor take
one that the parser refuses: ``tests/rules/transport/http/test_request_head.py`` holds the two
against each other.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.transport.http.messages import REQUEST_ID
from services.transport.http.request_head import is_host, keeps_bounds

Made = TypeVar("Made")

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PLAIN_GET = re.compile(
    rb"GET (/[!-~]*) HTTP/1\.1\r\n((?:" + _TOKEN + rb":[^\r\n\x00]*+\r\n)+)\r\n"
)
_ID = re.compile(REQUEST_ID.pattern.encode())
_ID_HEADERS = (b"\r\nX-Request-ID: ", b"\r\nx-request-id: ")
"""The two spellings that clients send; others are read as any header, and such heads not kept."""

LONGEST = 4096
LONGEST_KNOWN = 1024
MOST_KNOWN = 2000
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
"""Headers that change what a GET means, or what its response has to say: left to the parser."""


@dataclass(frozen=True, slots=True)
class PlainGet:
    """A GET without anything unusual about it.

    Args:
        target: path and query, as sent.
        headers: each header's only value, by its name in lower case.
        request_id: the value of ``X-Request-ID`` if that is a good one, otherwise nothing.
    """

    target: bytes
    headers: Mapping[bytes, bytes]
    request_id: bytes = b""

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, by its name in lower case; None if it was not sent."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class PlainGets(Generic[Made]):
    """Reads heads, and recognises those that differ only in their request's id.

    Clients repeat the same few heads. A look-up in a dictionary by the bytes, without the id,
    replaces parsing them.

    Args:
        make: makes what is kept of a head; called once for as long as the head is known.
    """

    def __init__(self, make: Callable[[PlainGet], Made]):
        self._make = make
        self._known: dict[bytes, Made] = {}

    def read(self, head: bytes) -> tuple[Made, bytes] | None:
        """Return what was made of a plain GET, and its request's id or nothing; otherwise None.

        Args:
            head: bytes that end like a request head.
        """
        bare, request_id = _split_id(head)
        made = self._known.get(bare)
        if made is not None:
            return made, request_id
        get = read_plain_get(bare)
        if get is None:
            return None
        made = self._make(get)
        if not get.request_id and len(bare) <= LONGEST_KNOWN:
            self._keep(bare, made)
        return made, request_id or get.request_id

    def _keep(self, bare: bytes, made: Made) -> None:
        # all at once: heads that are in use are back after one more reading each
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[bare] = made


def read_plain_get(head: bytes) -> PlainGet | None:
    """Return a GET without anything unusual about it, otherwise None.

    Args:
        head: a whole head, and nothing else.
    """
    if len(head) > LONGEST:
        return None
    found = _PLAIN_GET.fullmatch(head)
    if found is None:
        return None
    headers: dict[bytes, bytes] = {}
    for line in found[2].split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        name = name.lower()
        # a header that is repeated has several values, which the parser joins
        if name in headers or name in _UNUSUAL:
            return None
        headers[name] = value.strip(b" \t")
    if not keeps_bounds(len(head), len(headers)):
        return None
    if b"host" not in headers or not is_host(headers[b"host"].decode("latin-1")):
        return None
    if headers.get(b"connection", KEEP).lower() != KEEP:
        return None
    request_id = headers.get(b"x-request-id", b"")
    return PlainGet(found[1], headers, request_id if _ID.fullmatch(request_id) else b"")


def _split_id(head: bytes) -> tuple[bytes, bytes]:
    """Return a head without the value of its request's id, and that value.

    A value that is not good stays where it is, to be judged with all the rest.
    """
    for name in _ID_HEADERS:
        begin = head.find(name)
        if begin >= 0:
            begin += len(name)
            end = head.find(b"\r\n", begin)
            request_id = head[begin:end]
            if _ID.fullmatch(request_id):
                return head[:begin] + head[end:], request_id
            break
    return head, b""
