"""What comes in and goes out over HTTP, without any framework's types."""

import os
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from schemas.envelope import encode, envelope
from services.process import budgets
from services.transport.http import limits

JSON_TYPE = "application/json"
CSV_TYPE = "text/csv"
ZIP_TYPE = "application/zip"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

REFUSALS = {
    400: ("BAD_REQUEST", "The request is not valid HTTP"),
    404: ("NOT_FOUND", "There is no such route"),
    405: ("METHOD_NOT_ALLOWED", "The route has no such method"),
    408: ("REQUEST_TIMEOUT", "The request did not arrive in time"),
    411: ("LENGTH_REQUIRED", "The body needs a Content-Length"),
    413: ("PAYLOAD_TOO_LARGE", "The body is too large"),
    414: ("URI_TOO_LONG", "The address is too long"),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The body must be application/json in UTF-8"),
    417: ("EXPECTATION_FAILED", "The only expectation we know is 100-continue"),
    431: ("REQUEST_HEADER_FIELDS_TOO_LARGE", "The headers are too many or too long"),
    500: ("INTERNAL_ERROR", "Something went wrong on our side"),
    501: ("NOT_IMPLEMENTED", "The transfer encoding is not known here"),
    503: ("SERVICE_UNAVAILABLE", "The server has too much to do"),
    504: ("TIMEOUT", "The request took too long"),
    505: ("HTTP_VERSION_NOT_SUPPORTED", "Only HTTP/1.0 and HTTP/1.1 are spoken here"),
}

SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
BODILESS = (204, 304)
PERSONAL = ("Cache-Control", "private, no-store")
VARIES_BY_CALLER = ("Vary", "Authorization")

Headers = tuple[tuple[str, str], ...]

_random = random.Random()
# processes that are forked from one would make the same ids
os.register_at_fork(after_in_child=_random.seed)


class Stream(Protocol):
    """A body that is made while it is sent, piece by piece, in the connection's greenthread."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """Let go of what making it takes; called once, whether or not all of it was sent."""


class StreamFailed(Exception):
    """A stream can't go on, for a reason that the message tells without a traceback."""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response.

    Args:
        status: its status.
        body: the whole body.
        headers: without those that every response has.
        stream: in place of ``body``.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    stream: Stream | None = None


class Refused(Exception):
    """HTTP itself forbids to go on.

    Args:
        status: one of :data:`REFUSALS`.
        message: one sentence for a person, if the usual one does not say enough.
        headers: what the status needs, such as ``Allow``.
        details: for programs.
    """

    def __init__(self, status: int, message: str = "", headers: Headers = (), **details: object):
        super().__init__(status)
        self.status = status
        self.code, usual = REFUSALS[status]
        self.message = message or usual
        self.headers = headers
        self.details = details

    def answer(self, request_id: str) -> Response:
        """Return the refusal in the envelope."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        body = encode(envelope([], request_id, errors=[error]))
        headers = (("Content-Type", JSON_TYPE), PERSONAL, *self.headers)
        return Response(self.status, body, headers)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request.

    Args:
        method: as it was sent.
        target: as it was sent, still percent-encoded.
        version: of HTTP, as ``(1, 1)``.
        headers: all values of each header, by its name in lower case.
    """

    method: str
    target: str
    version: tuple[int, int] = (1, 1)
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def keeps_connection(self) -> bool:
        """Whether the client wants to use the connection again."""
        options = self.headers.get("connection")
        if options is None:
            return self.version >= (1, 1)
        named = {option.strip() for option in ",".join(options).lower().split(",")}
        return "close" not in named and (self.version >= (1, 1) or "keep-alive" in named)


def request_id_from(given: str | None) -> str:
    """Return the id that a request brings, or a new one if that can't be used."""
    return given if given and REQUEST_ID.fullmatch(given) else new_request_id()


def new_request_id() -> str:
    """Return an id that no other request has."""
    return f"req_{_random.getrandbits(64):016x}"


class HttpRequest:
    """A request whose head has been read, and whose body has not.

    Args:
        head: its head.
        peer: the address of the other end of the connection.
        receive: gets so many bytes of the body, or fewer at its end; each step of them, in bytes,
            within so many seconds.
        path_values: what stands in the path in place of the route's wildcards.
        context: what the fast path has found out about this request, if it was asked; of its own
            type, which nothing in the transport looks at.
    """

    __slots__ = (
        "_receive",
        "_was_read",
        "context",
        "head",
        "method",
        "path",
        "path_values",
        "peer",
        "query",
        "request_id",
        "user_id",
    )

    def __init__(
        self,
        head: Head,
        peer: str = "",
        receive: Callable[[int, float, int], bytes] | None = None,
        path_values: dict[str, str] | None = None,
        context: object = None,
    ):
        self.head = head
        self.method = head.method
        self.path, self.query = _split_target(head.target)
        self.peer = peer
        self.path_values = {} if path_values is None else path_values
        self.user_id: int | None = None
        self.context = context
        self.request_id = request_id_from(self.header("X-Request-ID"))
        # Any: None for a request that has no body
        self._receive: Callable[[int, float, int], bytes] | Any = receive
        self._was_read = False

    @property
    def is_read(self) -> bool:
        """Whether the request asks for something, and changes nothing."""
        return self.method in ("GET", "HEAD")

    @property
    def target(self) -> bytes:
        """Path and query as one."""
        return (f"{self.path}?{self.query}" if self.query else self.path).encode("latin-1")

    def header(self, name: str) -> str | None:
        """Return a header's value, all of them joined by commas if it was given repeatedly."""
        values = self.head.headers.get(name.lower())
        return None if values is None else ",".join(values)

    def headers(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [*self.head.headers.get(name.lower(), ())]

    @property
    def content_length(self) -> int:
        """The length of the body as announced."""
        given = self.head.headers.get("content-length")
        return int(given[0]) if given else 0

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks, without saying its length."""
        return "transfer-encoding" in self.head.headers

    @property
    def has_body(self) -> bool:
        """Whether there is a body at all."""
        return self.chunked or self.content_length > 0

    @property
    def left_unread(self) -> bool:
        """Whether a body is still on its way, so that the connection can't be used again."""
        return self.has_body and not self._was_read

    def check_length(self, most: int = budgets.LARGEST_BODY) -> None:
        """Refuse a body that is larger than ``most`` bytes, or does not say how large it is."""
        if self.chunked:
            raise Refused(411)
        if self.content_length > most:
            raise Refused(
                413, constraint="max_length", max_length=most, received=self.content_length
            )

    def read_body(self) -> bytes:
        """Read the body, within its bounds of size and time."""
        self.check_length()
        length = self.content_length
        if not length:
            return b""
        body = self._read(length, limits.BODY_SECONDS, length)
        self._was_read = True
        return body

    def read_pieces(self) -> Iterator[bytes]:
        """Read the body piece by piece, each when it is asked for.

        What is not asked for is left to the kernel, which then holds up the client. A client may
        take any time in all as long as it gets on (:data:`.limits.STREAM_STEP`).

        Raises:
            Refused: the client has stalled, or the body ended early.
        """
        left = self.content_length
        while left:
            length = min(left, limits.BODY_PIECE)
            piece = self._read(length, limits.STALLED_BODY_SECONDS, limits.STREAM_STEP)
            left -= length
            self._was_read = not left
            yield piece

    def _read(self, length: int, seconds: float, step: int) -> bytes:
        try:
            body: bytes = self._receive(length, seconds, step)
        except TimeoutError:
            raise Refused(408) from None
        if len(body) < length:
            raise Refused(400, "The body ends before its Content-Length")
        return body


def _split_target(target: str) -> tuple[str, str]:
    path, _, query = target.partition("#")[0].partition("?")
    if path.startswith(("http://", "https://")):
        _, slash, rest = path.partition("://")[2].partition("/")
        path = slash + rest or "/"
    return path, query
