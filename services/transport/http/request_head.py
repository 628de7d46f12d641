"""The head of a request, read strictly: what is refused depends on its bytes, never on the pieces.

A bare CR ends no line, no line goes on in the next one, and whatever two servers in a row could
understand in two ways is refused.
"""

import re
from ipaddress import IPv6Address
from typing import TypeGuard

from services.transport.http import limits
from services.transport.http.messages import Head, Refused

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_REQUEST_LINE = _TOKEN + rb" [^\x00-\x20\x7f]++ HTTP/(\d{1,10})\.\d{1,10}\r?\n"
_HEADER_LINE = _TOKEN + rb":[^\r\n\x00]*+\r?\n"
_IS_REQUEST_LINE = re.compile(_REQUEST_LINE)
_IS_HEADER_LINE = re.compile(_HEADER_LINE)
_BLANK_LINES = (b"\n", b"\r\n")
_WHOLE = re.compile(_REQUEST_LINE + rb"((?:" + _HEADER_LINE + rb")*+)\r?\n")
_LENGTH = re.compile(r"\d{1,1000}", re.ASCII)
_HOST = re.compile(
    r"(?:\[([0-9A-Fa-f:.]{2,45})\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*+)(?::[0-9]{0,5})?"
)
_NEWEST = 1
"""The newest major version of HTTP that is spoken here."""


class HeadReader:
    """Finds the end of a head that may come in pieces, having judged each of its lines."""

    __slots__ = ("_begin", "_headers", "_left", "_searched", "_skipped", "_started")

    def __init__(self) -> None:
        self._begin = self._searched = 0
        self._left = limits.LARGEST_HEAD
        self._headers = 0
        self._skipped = self._started = False

    def find_end(self, received: bytes, ended: bool) -> int | None:
        """Return where the head ends, or None if it has not ended yet.

        Args:
            received: everything from the head's first byte on; what was there before, still is.
            ended: whether nothing more will come.

        Raises:
            Refused: it is not a head, or one beyond our bounds.
        """
        if not self._begin and _is_small_and_good(whole := _WHOLE.match(received)):
            return whole.end()
        while (newline := received.find(b"\n", self._searched)) >= 0:
            line = received[self._begin : newline + 1]
            self._begin = self._searched = newline + 1
            if self._is_last(line):
                return self._begin
        self._searched = len(received)
        self._check_length(len(received) - self._begin)
        if ended:
            raise Refused(400)
        return None

    def _is_last(self, line: bytes) -> bool:
        self._check_length(len(line))
        if self._started:
            return self._is_end_of_headers(line)
        if line in _BLANK_LINES and not self._skipped:
            self._skipped = True
        else:
            _check_request_line(line)
            self._started = True
        return False

    def _is_end_of_headers(self, line: bytes) -> bool:
        self._left -= len(line)
        self._headers += 1
        if self._left < 0:
            raise Refused(431)
        if line in _BLANK_LINES:
            return True
        if not _IS_HEADER_LINE.fullmatch(line):
            raise Refused(400)
        if self._headers > limits.MOST_HEADERS:
            raise Refused(431)
        return False

    def _check_length(self, length: int) -> None:
        longest = limits.LONGEST_HEADER if self._started else limits.LONGEST_TARGET
        if length > longest:
            raise Refused(431 if self._started else 414)


def parse(head: bytes) -> Head:
    """Take apart a head whose lines have been judged."""
    lines = head.decode("latin-1").lstrip("\r\n").split("\n")
    method, target, version = lines[0].split(" ")
    major, minor = version[len("HTTP/") :].split(".")
    headers: dict[str, list[str]] = {}
    for line in lines[1:-2]:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.strip(" \t\r"))
    return Head(method, target, (int(major), int(minor)), headers)


def check_framing(head: Head) -> None:
    """Refuse what leaves open for whom a request is, or where it ends.

    Raises:
        Refused: that is so, or the client expects what we don't know.
    """
    headers, is_old = head.headers, head.version == (1, 0)
    hosts = headers.get("host", ())
    if len(hosts) > 1 or not (hosts or is_old):
        raise Refused(400, "Exactly one Host header is needed")
    if not all(map(is_host, hosts)):
        raise Refused(400, "The Host is not a name or address with or without a port")
    lengths = headers.get("content-length", ())
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise Refused(400, "The Content-Length is not one whole number")
    encodings = headers.get("transfer-encoding", ())
    if encodings and (lengths or is_old):
        raise Refused(400, "Transfer-Encoding is not possible here")
    if encodings and [encoding.lower() for encoding in encodings] != ["chunked"]:
        raise Refused(501)
    if any(expected.lower() != "100-continue" for expected in headers.get("expect", ())):
        raise Refused(417)


def is_host(text: str) -> bool:
    """Whether a Host is a name, which may be empty, or an address, with or without a port."""
    found = _HOST.fullmatch(text)
    return found is not None and (found[1] is None or _is_ipv6(found[1]))


def keeps_bounds(length: int, headers: int) -> bool:
    """Whether a head surely keeps all bounds, whatever its lines are; almost all do."""
    return (
        length <= min(limits.LONGEST_TARGET, limits.LONGEST_HEADER)
        and headers <= limits.MOST_HEADERS
    )


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _is_small_and_good(whole: re.Match[bytes] | None) -> TypeGuard[re.Match[bytes]]:
    return (
        whole is not None
        and keeps_bounds(whole.end(), whole[2].count(b"\n"))
        and int(whole[1]) <= _NEWEST
    )


def _check_request_line(line: bytes) -> None:
    found = _IS_REQUEST_LINE.fullmatch(line)
    if found is None:
        raise Refused(400)
    if int(found[1]) > _NEWEST:
        raise Refused(505)
