"""Sending one message over a connection of its own, to an address that was checked.

No client of HTTP that we know is told the address to connect to and the name to ask for apart, and
keeps to limits of time and size besides. What is needed is little: one request, and of the response
its status and one header. So a redirect is a status like others, and no proxy is asked.
"""

import os
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import NamedTuple

import eventlet

from schemas.version import VERSION
from services.notifications.rules.addresses import Target
from services.process import budgets

_END_OF_HEAD = b"\r\n\r\n"
_READ_AT_ONCE = 4096


class NotDelivered(Exception):
    """An attempt got no response; the message says why, in one sentence for the owner."""


class Response(NamedTuple):
    """What is needed of a response.

    Attributes:
        retry_after: the value of ``Retry-After``; None without one.
    """

    status: int
    retry_after: str | None


Look = Callable[[Target], list[str]]
"""Returns the addresses that may be connected to, or raises :class:`NotDelivered`."""


class Sender:
    """Sends messages.

    Args:
        look: finds the addresses of a target.
    """

    def __init__(self, look: Look):
        self._look = look
        self._context = ssl.create_default_context()

    def send(self, target: Target, headers: Mapping[str, str], body: bytes) -> Response:
        """Send a message, and return the response.

        Raises:
            NotDelivered: there was none within the limits of time and size.
        """
        late = NotDelivered(f"No response within {budgets.DELIVERY_SECONDS} seconds")
        with eventlet.Timeout(budgets.DELIVERY_SECONDS, late):
            connection = self._connect(target, self._look(target))
            try:
                connection.sendall(_request(target, headers, body))
                return _read(connection)
            except (OSError, ssl.SSLError) as problem:
                raise NotDelivered(f"The connection broke: {_named(problem)}") from None
            finally:
                connection.close()

    def _connect(self, target: Target, addresses: list[str]) -> socket.socket:
        problem: Exception = OSError()
        for address in addresses:
            try:
                return self._connect_to(target, address)
            except OSError as failure:
                problem = failure
        raise NotDelivered(f"No connection: {_named(problem)}")

    def _connect_to(self, target: Target, address: str) -> socket.socket:
        connection = socket.create_connection(
            (address, target.port), timeout=budgets.DELIVERY_CONNECT_SECONDS
        )
        connection.settimeout(None)
        if target.scheme != "https":
            return connection
        try:
            return self._context.wrap_socket(connection, server_hostname=target.host)
        except BaseException:
            connection.close()
            raise


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = {
        "Host": target.authority,
        "User-Agent": f"Gym-Tracker/{VERSION}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Accept": "*/*",
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {target.path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def _read(connection: socket.socket) -> Response:
    received = b""
    while True:
        head, end, rest = received.partition(_END_OF_HEAD)
        if end:
            response = _parsed(head)
            if response.status >= 200:
                return response
            # an interim response, such as 103
            received = rest
        elif len(received) > budgets.LARGEST_DELIVERY_RESPONSE:
            raise NotDelivered("The head of the response is too large")
        elif more := connection.recv(_READ_AT_ONCE):
            received += more
        else:
            raise NotDelivered("The connection ended without a response")


def _parsed(head: bytes) -> Response:
    first, *lines = head.split(b"\r\n")
    words = first.split(b" ", 2)
    is_status = len(words) > 1 and len(words[1]) == 3 and words[1].isdigit()
    if not is_status or not words[0].startswith(b"HTTP/1.") or words[1] < b"100":
        raise NotDelivered("The response is no HTTP")
    pairs = (line.partition(b":") for line in lines)
    named = {name.strip().lower(): value.strip() for name, _, value in pairs}
    retry_after = named.get(b"retry-after")
    return Response(int(words[1]), None if retry_after is None else retry_after.decode("latin-1"))


def _named(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"the certificate is not valid ({problem.verify_message})"
    if isinstance(problem, ssl.SSLError):
        return f"TLS failed ({problem.reason or 'the connection ended'})"
    if isinstance(problem, TimeoutError):
        return "it took too long"
    code = getattr(problem, "errno", None)
    return os.strerror(code) if code else type(problem).__name__
