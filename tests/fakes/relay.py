"""A way to a server on which the server's data can stop in the middle."""

import socket
import threading
from contextlib import suppress


class Relay:
    """Passes on what a client and a server send each other, up to a text of the server's.

    From there on nothing of the server arrives any more, though all connections stay open.

    Args:
        address: of the server.
        last: the text of the server that is the last to arrive.
    """

    def __init__(self, address: tuple[str, int], last: bytes):
        self._address = address
        self._last = last
        self.has_stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._address)
                self._open += [client, server]
                for work in self._pass_on, self._pass_back:
                    threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _pass_on(self, client, server):
        with suppress(OSError):
            while data := client.recv(2**16):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _pass_back(self, client, server):
        with suppress(OSError):
            while data := server.recv(2**16):
                before, found, _ = data.partition(self._last)
                if not self.has_stopped.is_set():
                    client.sendall(before + found)
                if found:
                    self.has_stopped.set()
            client.shutdown(socket.SHUT_WR)
