"""A thin HTTP client for the tests, which can also send what no client would."""

import socket
from urllib.parse import urlsplit

import requests

SECONDS = 20
CHUNK = 4096
ENDLESS = frozenset({"/api/events"})
"""Paths whose answers go on until the client leaves: of these the beginning is read."""


class Client:
    """Sends requests to one base URL, and holds each answer against ``check``."""

    def __init__(self, base_url, session=None, check=None):
        self.base_url = base_url
        self.session = session or requests.Session()
        self.check = check

    def request(self, method, path, *, token=None, headers=None, **options):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        is_endless = urlsplit(path).path in ENDLESS
        answer = self.session.request(
            method,
            self.base_url + path,
            headers=headers,
            timeout=SECONDS,
            stream=is_endless,
            **options,
        )
        if is_endless and answer.headers.get("Content-Type", "").startswith("text/event-stream"):
            # what requests itself would do with all of it
            answer._content = next(answer.iter_content(CHUNK), b"")
            answer.close()
        if self.check:
            self.check(answer)
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, json=None, **options):
        return self.request("POST", path, json=json, **options)

    def put(self, path, json=None, **options):
        return self.request("PUT", path, json=json, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def connect(self, seconds=SECONDS, source=""):
        """Open a bare connection, from another address of this machine if one is given."""
        address = urlsplit(self.base_url)
        return socket.create_connection(
            (address.hostname, address.port), seconds, source_address=(source, 0)
        )

    def raw(self, data, *, end=True, seconds=SECONDS):
        """Send bytes, and return all that comes back until the server closes the connection."""
        with self.connect(seconds) as connection:
            try:
                connection.sendall(data)
                if end:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            return read_all(connection)


def read_all(connection):
    """Return what a connection still brings."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:
        pass
    return received
