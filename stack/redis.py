"""Two private servers of Redis (or Valkey): a cache, and the counters."""

import socket
from pathlib import Path

from stack.layout import LOOPBACK
from stack.programs import SERVERS_STAGE, Program
from stack.state import State

CHECK_SECONDS = 2.0
SETTINGS = {
    # caches: the least recently used keys are evicted
    "redis": {"maxmemory": "64mb", "maxmemory-policy": "allkeys-lru", "save": ""},
    # Rate limits and revoked tokens: not evicted, so that nobody can push them out. When it is
    # full, the gateways count in memory. Snapshots keep tokens revoked after a restart.
    "redis-counters": {"maxmemory": "32mb", "maxmemory-policy": "noeviction", "save": "60 1"},
}


def program(state: State, server: Path, name: str) -> Program:
    """Describe one of the two servers."""
    settings = {"bind": LOOPBACK, "appendonly": "no", **SETTINGS[name]}
    if state.throwaway:
        settings["save"] = ""
    options = [word for key, value in settings.items() for word in (f"--{key}", value)]
    directory = state.directory / name
    directory.mkdir(parents=True, exist_ok=True)
    return Program(
        name=name,
        command=(str(server), "--port", str(state.ports[name]), *options),
        directory=directory,
        stage=SERVERS_STAGE,
    )


def accepts(host: str, port: int) -> bool:
    """Return whether a Redis server replies to PING."""
    try:
        with socket.create_connection((host, port), CHECK_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            # an error reply (NOAUTH, LOADING) begins with a minus
            return connection.recv(5) == b"+PONG"
    except OSError:
        return False
