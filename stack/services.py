"""The six services: how to run them, and their readiness."""

import hashlib
import http.client
import json
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stack.layout import CHECKOUT, SERVICES, address_variable
from stack.programs import SCRIPTS, Program

CHECK_SECONDS = 2.0
MODULE = "services.run"
SOCKET = "fork-server.sock"
FORK_SERVER = "fork-server"
"""The part that forks the services, see ``services/fork_server.py``."""

ACT_AT_IMPORT = ("GYM_FAILPOINTS", "LD_PRELOAD")
"""Variables that a process heeds before it could be forked with them."""

MIGRATION = "services.migrate"
INTERPRETER = {
    "PYTHONUNBUFFERED": "1",
    # eventlet's own resolver is a fifth of what a start imports, and would keep the address of a
    # server that has moved
    "EVENTLET_NO_GREENDNS": "yes",
}
SHARED = (
    "schemas",
    "services/dependencies",
    "services/transport",
    "services/observability",
    "services/process",
    "services/migrations_environment",
)


@dataclass(frozen=True)
class Readiness:
    """The result of ``GET /ready``.

    Attributes:
        ready: whether it can work.
        detail: the missing or degraded parts.
    """

    ready: bool
    detail: str = ""


def program(service: str, environment: Mapping[str, str], name: str | None = None) -> Program:
    """Describe one process of a service.

    Args:
        service: its name.
        environment: all its variables.
        name: the part's name, if the service has several processes.
    """
    name = name or service
    return Program(
        name=name,
        command=(sys.executable, "-m", MODULE, service),
        directory=CHECKOUT,
        environment={**environment, **INTERPRETER},
        files={f"{SCRIPTS}/{name}.json": _fork_request(service, environment)},
        code=fingerprint(service),
        # on a busy machine it takes some seconds until it ends because of a bad setting
        settle_seconds=5,
        whole_group=True,
    )


def fork_server(directory: Path) -> Program:
    """Describe the process that services are forked from.

    Args:
        directory: of the system, where its socket is.
    """
    return Program(
        name=FORK_SERVER,
        command=(sys.executable, "-m", "services.fork_server", str(directory)),
        directory=CHECKOUT,
        environment=INTERPRETER,
        code=fingerprint(*SERVICES),
    )


def can_fork(directory: Path) -> bool:
    """Return whether the fork server of a directory is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        try:
            # a relative path, as the address of a socket has at most 107 bytes
            with chdir(directory):
                connection.connect(SOCKET)
        except OSError:
            return False
    return True


def fingerprint(*services: str) -> str:
    """Return a hash of the files that services run from."""
    own = ["gateway" if service == "gateway" else f"services/{service}" for service in services]
    parts = [_digest("services", "*.py"), *(_digest(name, "**/*") for name in (*SHARED, *own))]
    return hashlib.sha256(b"".join(parts)).hexdigest()


# once for a command: seven programs have most of the files in common
@cache
def _digest(directory: str, pattern: str) -> bytes:
    digest = hashlib.sha256()
    for path in sorted((CHECKOUT / directory).glob(pattern)):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(CHECKOUT)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.digest()


def ask(address: str) -> Readiness:
    """Request ``/ready`` of the service at an address."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host or "localhost", int(port), timeout=CHECK_SECONDS)
    try:
        connection.request("GET", "/ready")
        response = connection.getresponse()
        return _read(response.status, response.read())
    except (OSError, http.client.HTTPException):
        return Readiness(False, "does not answer")
    finally:
        connection.close()


def reachable_address(environment: Mapping[str, str], service: str) -> str:
    """Return the address of a service as seen from this machine."""
    host, _, port = environment[address_variable(service)].rpartition(":")
    return f"127.0.0.1:{port}" if host in ("", "0.0.0.0") else f"{host}:{port}"


def _fork_request(service: str, environment: Mapping[str, str]) -> str:
    """Return what the fork server is asked with; nothing if the service can't be forked."""
    if any(name in environment for name in ACT_AT_IMPORT):
        return ""
    return json.dumps({"service": service, "environment": dict(environment)})


def _read(status: int, body: bytes) -> Readiness:
    notes = list(_notes(body))
    if status == http.HTTPStatus.OK:
        return Readiness(True, ", ".join(notes))
    return Readiness(False, ", ".join(notes) or f"answers {status}")


def _notes(body: bytes) -> Iterator[str]:
    try:
        answer = json.loads(body)
        degraded = [part for entry in answer["data"] for part in entry.get("degraded", [])]
        errors = answer.get("errors", [])
        missing = [part for entry in errors for part in entry["details"]["missing"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        # the response is not one of our services'
        return
    if degraded:
        yield f"without {', '.join(degraded)}"
    if missing:
        yield f"waits for {', '.join(missing)}"
