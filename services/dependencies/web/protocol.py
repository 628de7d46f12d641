"""HTTP/1.1 on one connection: reading a request's head strictly and in bounded time."""

import re
import socket
import time
from functools import lru_cache
from http import HTTPStatus

from eventlet import Timeout, wsgi
from nameko.web.server import HttpOnlyProtocol

from services.dependencies import metrics
from services.dependencies.logs import get_logger
from services.dependencies.web import bounds
from services.dependencies.web.messages import (
    BODILESS,
    SECURITY_HEADERS,
    Answer,
    Headers,
    Refused,
    request_id_from,
)

log = get_logger(__name__)

CONNECTION_KEY = "gym.connection"
"""Where the application finds the connection in the WSGI environment."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(_TOKEN + rb" [^\x00-\x20\x7f]+ HTTP/\d+\.\d+\r?\n")
_HEADER_LINE = re.compile(_TOKEN + rb":[^\r\n\x00]*\r?\n")
_BLANK_LINE = re.compile(rb"\r?\n")
_LENGTH = re.compile(r"\d{1,1000}", re.ASCII)


class _HeadReader:
    """Gives the header lines to the standard library's parser, having judged each one.

    That parser takes the end of the stream for the end of the headers, a bare CR for the end of a
    line, and everything after a line it does not understand for the body.
    """

    def __init__(self, file: object):
        self._file = file
        self._left = bounds.LARGEST_HEAD

    def readline(self, _size: int = -1) -> bytes:
        line = self._file.readline(bounds.LONGEST_HEADER + 1)
        self._left -= len(line)
        if len(line) > bounds.LONGEST_HEADER or self._left < 0:
            raise Refused(431)
        if not (_HEADER_LINE.fullmatch(line) or _BLANK_LINE.fullmatch(line)):
            raise Refused(400)
        return line


class Connection(HttpOnlyProtocol):
    """Serves the requests of one connection, one after the other.

    Replaces ``HttpProtocol.handle_one_request`` of eventlet, which has hard-coded replies for what
    it refuses, no bound on the time a head may take, and believes the first of several lengths.
    """

    unread = False
    """Set when the client may still be sending something that nobody will read."""

    served = False
    headers = None

    def setup(self) -> None:
        """Send each answer at once."""
        super().setup()
        try:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as problem:
            log.debug("connection gone before its first byte", reason=str(problem))

    def handle_one_request(self) -> None:
        """Read a head and answer it, or refuse it."""
        if not self._wait_for_first_byte():
            self.close_connection = True
            return
        if self._answer_by_heart():
            return
        self.headers = None
        try:
            with Timeout(bounds.HEAD_SECONDS, Refused(408)):
                self._read_head()
        except Refused as refusal:
            self._refuse(refusal)
            return
        except OSError:
            self.close_connection = True
            return
        self.conn_state[2] = wsgi.STATE_REQUEST
        self.served = True
        self._respond()

    def send_error(self, code: int, *_: object, **__: object) -> None:
        """Take what the standard library's parser refuses as every other refusal."""
        raise Refused(int(code))

    def get_environ(self) -> dict:
        """Give the application a handle on the connection."""
        environ = super().get_environ()
        environ[CONNECTION_KEY] = self
        return environ

    def finish(self) -> None:
        """Close the connection, in a way that lets the client read the last answer."""
        if self.unread:
            self._linger()
        # the standard library leaves the second open, and with it the socket, if the first
        # can't send what it still holds
        for file in (self.wfile, self.rfile):
            try:
                file.close()
            except OSError as problem:
                log.debug("connection lost", reason=str(problem))
        self.connection.close()

    def _wait_for_first_byte(self) -> bool:
        seconds = bounds.IDLE_SECONDS if self.served else bounds.HEAD_SECONDS
        try:
            with Timeout(seconds, False):
                return bool(self.rfile.peek(1))
        except OSError:
            pass
        return False

    def _answer_by_heart(self) -> bool:
        """Answer at once, if all of a plain request is here and its answer is known."""
        head = self.rfile.peek()
        self.conn_state[2] = wsgi.STATE_REQUEST
        response = self.server.app.answer_plain_get(head, self.client_address[0])
        if response is None:
            return False
        self.rfile.read(len(head))
        self.served = True
        self.close_connection = False
        try:
            self.connection.sendall(response)
        except OSError:
            self.close_connection = True
        return True

    def _read_head(self) -> None:
        line = self.rfile.readline(bounds.LONGEST_TARGET + 1)
        if _BLANK_LINE.fullmatch(line):
            line = self.rfile.readline(bounds.LONGEST_TARGET + 1)
        if len(line) > bounds.LONGEST_TARGET:
            raise Refused(414)
        if not _REQUEST_LINE.fullmatch(line):
            raise Refused(400)
        self.raw_requestline = line
        body_file, self.rfile = self.rfile, _HeadReader(self.rfile)
        try:
            self.parse_request()
        finally:
            self.rfile = body_file
        # parse_request makes one slash of several at the beginning
        self.path = self.requestline.split()[1]
        self._check_framing()

    def _check_framing(self) -> None:
        """Refuse heads that two servers in a row could understand in two ways."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) > 1 or (not hosts and self.request_version != "HTTP/1.0"):
            raise Refused(400, "Exactly one Host header is needed")
        lengths = self.headers.get_all("Content-Length", [])
        if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
            raise Refused(400, "The Content-Length is not one whole number")
        encodings = self.headers.get_all("Transfer-Encoding", [])
        if encodings and (lengths or self.request_version == "HTTP/1.0"):
            raise Refused(400, "Transfer-Encoding is not possible here")
        if encodings and [encoding.strip().lower() for encoding in encodings] != ["chunked"]:
            raise Refused(501)
        if self.headers.get("Expect", "100-continue").strip().lower() != "100-continue":
            raise Refused(417)

    def _respond(self) -> None:
        self.environ = self.get_environ()
        self.application = self.server.app
        try:
            self.handle_one_response()
        except OSError:
            self.close_connection = True

    def _refuse(self, refusal: Refused) -> None:
        self.close_connection = True
        self.unread = True
        request_id = request_id_from(self.headers and self.headers.get("X-Request-ID"))
        answer = refusal.answer(request_id)
        metrics.HTTP_REFUSED.labels(refusal.status).inc()
        log.info(
            "http request refused",
            status=refusal.status,
            reason=refusal.message,
            request_id=request_id,
            peer=self.client_address[0],
        )
        try:
            self.wfile.write(on_the_wire(answer, request_id, close=True))
            self.wfile.flush()
        except OSError:
            self.unread = False

    def _linger(self) -> None:
        """Read on for a moment: closing with unread bytes would reset the connection."""
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            with Timeout(bounds.LINGER_SECONDS, False):
                while self.connection.recv(64 * 1024):
                    pass
        except OSError:
            pass


def on_the_wire(answer: Answer, request_id: str, close: bool = False) -> bytes:
    """Return an answer with all its headers as HTTP has it."""
    body = answer.body
    length = b"" if answer.status in BODILESS else b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d %b\r\n%bX-Request-ID: %b\r\nDate: %b\r\n%b%b\r\n%b" % (
        answer.status,
        HTTPStatus(answer.status).phrase.encode(),
        _header_lines(answer.headers),
        request_id.encode(),
        _date(int(time.time())),
        length,
        b"Connection: close\r\n" if close else b"",
        body,
    )


@lru_cache(maxsize=4096)
def _header_lines(headers: Headers) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in (*headers, *SECURITY_HEADERS)]
    return "".join(lines).encode("latin-1")


@lru_cache(maxsize=2)
def _date(seconds: int) -> bytes:
    return wsgi.format_date_time(seconds).encode()
