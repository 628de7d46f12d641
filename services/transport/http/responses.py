"""Serialization of responses."""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from services.transport.http.messages import BODILESS, SECURITY_HEADERS, Headers, Response

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE = b"Connection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
KEEP = b"Connection: keep-alive\r\n"
"""Said to clients of HTTP/1.0 only, which would expect the end."""

_SECURITY_NAMES = frozenset(name for name, _ in SECURITY_HEADERS)

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def on_the_wire(
    answer: Response,
    request_id: str,
    connection: bytes = b"",
    bodiless: bool = False,
    is_chunked: bool = True,
) -> bytes:
    """Return a response as bytes, with all headers; one with a stream without its body.

    Args:
        answer: the response.
        request_id: of the request.
        connection: the header ``Connection``, if needed.
        bodiless: whether to omit the body, but not its ``Content-Length``.
        is_chunked: whether a stream is sent in chunks; otherwise it ends with the connection.
    """
    body = answer.body
    if answer.stream is not None:
        length = CHUNKED if is_chunked else b""
    else:
        length = b"" if answer.status in BODILESS else b"Content-Length: %d\r\n" % len(body)
    return b"%b%bX-Request-ID: %b\r\nDate: %b\r\n%b%b\r\n%b" % (
        _STATUS_LINES[answer.status],
        header_lines(answer.headers),
        request_id.encode(),
        date(int(time.time())),
        length,
        connection,
        b"" if bodiless else body,
    )


def start_of(status: int, headers: Headers) -> bytes:
    """Return the constant beginning of a response: status line and headers."""
    return _STATUS_LINES[status] + header_lines(headers)


def header_lines(headers: Headers) -> bytes:
    """Return the headers of a response, with those of every response."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers]).encode("latin-1")
    # a page has a policy of its own; a second one beside it would hold as well
    own = frozenset([name for name, _ in headers if name in _SECURITY_NAMES])
    return lines + _security_lines(own)


@lru_cache(maxsize=8)
def _security_lines(own: frozenset[str]) -> bytes:
    others = [header for header in SECURITY_HEADERS if header[0] not in own]
    return "".join([f"{name}: {value}\r\n" for name, value in others]).encode("latin-1")


@lru_cache(maxsize=2)
def date(seconds: int) -> bytes:
    """Return a time in the format of ``Date``."""
    return formatdate(seconds, usegmt=True).encode()
