"""A network between a service and a server, which can be split."""

import selectors
import socket
import threading
from contextlib import suppress

from stack.layout import LOOPBACK

PIECE = 64 * 1024
LOOK_SECONDS = 0.05


class Network:
    """Takes connections to a server and passes on what comes, until it is split.

    While it is split nothing passes, in neither direction, and nobody is told: no connection is
    refused, reset or closed. When it is whole again what was sent meanwhile arrives, as TCP sends
    it again.

    Args:
        port: of the server.
    """

    def __init__(self, port):
        self._server = port
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port = self._listening.getsockname()[1]
        self._is_whole = threading.Event()
        self._is_whole.set()
        self._has_ended = False

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *problem):
        self._has_ended = True
        self._is_whole.set()
        self._listening.close()

    def split(self):
        self._is_whole.clear()

    def heal(self):
        self._is_whole.set()

    def lead_to(self, port):
        """Have connections that are made from now on lead to another server, as an address may."""
        self._server = port

    def _accept(self):
        while not self._has_ended:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        self._is_whole.wait()
        with (
            client,
            suppress(OSError),
            socket.create_connection((LOOPBACK, self._server)) as server,
        ):
            self._pass_on(client, server)

    def _pass_on(self, client, server):
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while not self._has_ended:
                for key, _ in selector.select(LOOK_SECONDS):
                    self._is_whole.wait()
                    piece = key.fileobj.recv(PIECE)
                    if not piece:
                        return
                    key.data.sendall(piece)
