"""What comes in and goes out over HTTP, without any framework's types."""

import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from eventlet import Timeout

from schemas.envelope import encode, envelope
from services.dependencies import budgets
from services.dependencies.web import bounds

JSON_TYPE = "application/json"
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

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it goes out."""

    status: int
    body: bytes = b""
    headers: Headers = ()


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

    def answer(self, request_id: str) -> Answer:
        """Return the refusal in the envelope."""
        error: dict = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        body = encode(envelope([], request_id, errors=[error]))
        headers = (("Content-Type", JSON_TYPE), PERSONAL, *self.headers)
        return Answer(self.status, body, headers)


def request_id_from(given: str | None) -> str:
    """Return the id that a request brings, or a new one if that can't be used."""
    return given if given and REQUEST_ID.fullmatch(given) else f"req_{secrets.token_hex(8)}"


@dataclass
class HttpRequest:
    """A request whose head has been read, and whose body has not."""

    environ: dict
    path_values: dict[str, str] = field(default_factory=dict)
    user_id: int | None = None

    def __post_init__(self) -> None:
        self.method: str = self.environ["REQUEST_METHOD"]
        self.path, self.query = _split_target(self.environ)
        self.peer: str = self.environ.get("REMOTE_ADDR", "")
        self.request_id = request_id_from(self.header("X-Request-ID"))
        self._unread = self.has_body

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
        values = self.headers(name)
        return ",".join(values) if values else None

    def headers(self, name: str) -> list[str]:
        """Return all values of a header."""
        wanted = name.lower()
        return [value for key, value in self.environ["headers_raw"] if key.lower() == wanted]

    @property
    def content_length(self) -> int:
        """The length of the body as announced."""
        return int(self.environ.get("CONTENT_LENGTH") or 0)

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks, without saying its length."""
        return "HTTP_TRANSFER_ENCODING" in self.environ

    @property
    def has_body(self) -> bool:
        """Whether there is a body at all."""
        return self.chunked or self.content_length > 0

    @property
    def left_unread(self) -> bool:
        """Whether a body is still on its way, so that the connection can't be used again."""
        return self._unread

    def check_length(self) -> None:
        """Refuse a body that is too large, or that does not say how large it is.

        eventlet would read a chunked body as an empty one.
        """
        if self.chunked:
            raise Refused(411)
        if self.content_length > budgets.LARGEST_BODY:
            raise Refused(
                413,
                constraint="max_length",
                max_length=budgets.LARGEST_BODY,
                received=self.content_length,
            )

    def read_body(self) -> bytes:
        """Read the body, within its bounds of size and time."""
        self.check_length()
        if not self.has_body:
            return b""
        try:
            with Timeout(bounds.BODY_SECONDS, Refused(408)):
                body = self.environ["wsgi.input"].read(self.content_length)
        except TimeoutError:
            raise Refused(408) from None
        if len(body) < self.content_length:
            raise Refused(400, "The body ends before its Content-Length")
        self._unread = False
        return body


def _split_target(environ: dict) -> tuple[str, str]:
    path, query = environ["RAW_PATH_INFO"], environ.get("QUERY_STRING", "")
    if path.startswith(("http://", "https://")):
        path = urlsplit(path).path or "/"
    return path.partition("#")[0], query.partition("#")[0]
