"""A private Redis (or Valkey)."""

import socket
from pathlib import Path

from stack.layout import LOOPBACK
from stack.programs import Program
from stack.state import State

DIRECTORY = "redis"
CHECK_SECONDS = 2.0
SETTINGS = {
    "bind": LOOPBACK,
    "maxmemory": "64mb",
    # Whatever would expire soonest goes first: caches, long before a revoked token, which lives
    # as long as the token would have. Evicting the least used would drop revoked tokens as well,
    # and evicting nothing would refuse to revoke one when memory is full.
    "maxmemory-policy": "volatile-ttl",
    "appendonly": "no",
}


def program(state: State, server: Path) -> Program:
    """Describe the instance."""
    # a copy on disk now and then, and at the end, so that revoked tokens stay revoked
    settings = SETTINGS | {"save": "" if state.throwaway else "60 1"}
    options = [word for key, value in settings.items() for word in (f"--{key}", value)]
    directory = state.directory / DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    return Program(
        name="redis",
        command=(str(server), "--port", str(state.ports["redis"]), *options),
        directory=directory,
        group="servers",
    )


def accepts(host: str, port: int) -> bool:
    """Tell whether a Redis server answers."""
    try:
        with socket.create_connection((host, port), CHECK_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            # one that asks for a password or still reads its file begins with a minus
            return connection.recv(5) == b"+PONG"
    except OSError:
        return False
