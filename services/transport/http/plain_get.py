"""Requests that can be answered on the spot, recognised by the bytes of their head."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from services.transport.http.messages import REQUEST_ID, HttpRequest
from services.transport.http.prepared_response import PreparedResponse
from services.transport.http.request_head import is_host, keeps_bounds

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PLAIN_GET = re.compile(
    rb"GET (/[!-~]*) HTTP/1\.1\r\n((?:" + _TOKEN + rb":[^\r\n\x00]*+\r\n)+)\r\n"
)
_ID = re.compile(REQUEST_ID.pattern.encode())
_ID_HEADERS = (b"\r\nX-Request-ID: ", b"\r\nx-request-id: ")
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
"""Headers that mean more than a shortcut knows of; the long way understands them."""


@dataclass(frozen=True, slots=True)
class PlainGet:
    """A GET without anything unusual about it."""

    target: bytes
    authorization: bytes | None = None
    forwarded: bytes | None = None
    known_tags: bytes | None = None
    traceparent: bytes | None = None
    request_id: bytes = b""


class PendingResponse(Protocol):
    """An answer that is right if one question is answered with yes."""

    def ask(self, then: Callable[[bool], None]) -> None:
        """Ask, and have ``then`` called with the answer: at once, or by the hub."""

    def answer(self, right: bool) -> PreparedResponse | None:
        """Return the answer, or None to go the long way."""

    def teach(self, request: HttpRequest) -> None:
        """Tell the same request, on its long way, what need not be asked again."""


class Shortcut(Protocol):
    """Something that may know an answer by heart."""

    def find(self, get: PlainGet, peer: str) -> PreparedResponse | PendingResponse | None:
        """Return the answer to a plain GET, having counted it, or None to go the long way."""


class PlainGets:
    """Reads heads, and knows again those that differ only in their request's id."""

    def __init__(self) -> None:
        self._known: dict[bytes, PlainGet] = {}

    def read(self, head: bytes) -> tuple[PlainGet, bytes] | None:
        """Return a plain GET and its request's id, if that is good; None for anything else.

        Args:
            head: a whole head, as far as can be told from its last bytes.
        """
        bare, request_id = _split_id(head)
        get = self._known.get(bare)
        if get is None:
            get = read_plain_get(bare)
            if get is None:
                return None
            self._remember(bare, get)
        return get, request_id or get.request_id

    def _remember(self, bare: bytes, get: PlainGet) -> None:
        if get.request_id or len(bare) > LONGEST_KNOWN:
            return
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[bare] = get


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
    return PlainGet(
        found[1],
        headers.get(b"authorization"),
        headers.get(b"x-forwarded-for"),
        headers.get(b"if-none-match"),
        headers.get(b"traceparent"),
        request_id if _ID.fullmatch(request_id) else b"",
    )


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
