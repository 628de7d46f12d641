"""A receiver of webhooks on loopback, which answers as it is told to."""

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class Received:
    """A message that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event_id(self):
        return self.headers["webhook-id"]

    @property
    def content(self):
        return json.loads(self.body)


class WebhookReceiver:
    """Takes what is sent to it.

    Args:
        certificate: with its key, for https; None for http.

    Attributes:
        received: all messages, in order.
        status: what it answers.
        headers: of its answers.
        hold: called with each message before it is answered; one that waits makes it slow.
    """

    def __init__(self, certificate: Path | None = None):
        self.received: list[Received] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.hold: Callable[[Received], object] = lambda message: None
        receiver = self

        class Handler(_Handler):
            owner = receiver

        class Server(ThreadingHTTPServer):
            # many come at once
            request_queue_size = 512

        self._http = Server(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._is_safe = certificate is not None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self):
        port = self._http.server_address[1]
        return f"https://localhost:{port}/gym" if self._is_safe else f"http://127.0.0.1:{port}/gym"

    def of_type(self, event_type):
        """Return the messages of one type."""
        return [one for one in self.received if one.content["type"] == event_type]


class _Handler(BaseHTTPRequestHandler):
    owner: WebhookReceiver

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        message = Received(self.path, headers, body)
        self.owner.received.append(message)
        self.owner.hold(message)
        self.send_response(self.owner.status)
        for name, value in self.owner.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass
