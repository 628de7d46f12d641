"""Tells Docker whether the service in this container is ready: exit code 0 or 1.

Run with ``python -IS`` and importing next to nothing, as it runs every few seconds.
"""

import socket
import sys

PORTS = range(8080, 8086)
SECONDS = 3
REQUEST = b"GET /ready HTTP/1.0\r\nHost: localhost\r\n\r\n"
READY = b"200"


def is_ready(port: int) -> bool:
    """Ask the service at a port, if one listens there."""
    try:
        with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
            connection.sendall(REQUEST)
            return connection.recv(64).split(b" ")[1:2] == [READY]
    except OSError:
        return False


if __name__ == "__main__":
    # a container holds one service, so one of the ports is its own
    sys.exit(0 if any(is_ready(port) for port in PORTS) else 1)
