"""The six services: how to run them, and their readiness."""

import hashlib
import http.client
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stack.layout import CHECKOUT, address_variable
from stack.programs import Program

CHECK_SECONDS = 2.0
MODULE = "services.run"
MIGRATION = "services.migrate"
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
    return Program(
        name=name or service,
        command=(sys.executable, "-m", MODULE, service),
        directory=CHECKOUT,
        # eventlet's own resolver is a fifth of what a start imports, and would keep the address of
        # a server that has moved
        environment={**environment, "PYTHONUNBUFFERED": "1", "EVENTLET_NO_GREENDNS": "yes"},
        code=fingerprint(service),
        # on a busy machine it takes some seconds until it ends because of a bad setting
        settle_seconds=5,
        whole_group=True,
    )


def fingerprint(service: str) -> str:
    """Return a hash of the files that a service runs from."""
    names = (*SHARED, "gateway" if service == "gateway" else f"services/{service}")
    files = [path for name in names for path in (CHECKOUT / name).rglob("*") if path.is_file()]
    files += (CHECKOUT / "services").glob("*.py")
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.suffix != ".pyc":
            digest.update(f"{path.relative_to(CHECKOUT)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


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
