"""Finds the servers' programs on this machine."""

import glob
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stack.failures import Failure

OLDEST_POSTGRES = 15
OLDEST_RABBITMQ = (3, 10)
# an ordinary user's PATH often lacks the last ones
PLACES = f"{os.environ.get('PATH', '')}:/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin"


@dataclass(frozen=True)
class Programs:
    """Paths of the servers' programs; None if missing.

    Attributes:
        postgres: the directory that has ``postgres`` and ``initdb``.
        redis: the server program of Redis or Valkey.
        rabbitmq: the directory that has ``rabbitmq-server`` and ``rabbitmqctl``.
        epmd: the program by which Erlang nodes find each other.
    """

    # Any: None where a server is given from outside, or its package has to be installed
    postgres: Path | Any
    redis: Path | Any
    rabbitmq: Path | Any
    epmd: Path | Any


def find_programs() -> Programs:
    """Find the programs of all servers."""
    return Programs(find_postgres(), find_redis(), find_rabbitmq(), find_epmd())


def find_postgres() -> Path | None:
    """Return the directory of programs of the newest PostgreSQL, if it is new enough."""
    candidates = {Path(path) for path in glob.glob("/usr/lib/postgresql/*/bin")}
    if on_path := _which("postgres"):
        candidates.add(on_path.resolve().parent)
    versions = {
        directory: _postgres_version(directory)
        for directory in candidates
        if (directory / "postgres").exists() and (directory / "initdb").exists()
    }
    fitting = [place for place, version in versions.items() if version >= OLDEST_POSTGRES]
    return max(fitting, key=versions.__getitem__, default=None)


def postgres_for(data: Path, newest: Path) -> Path:
    """Return the directory of programs of the version that created a data directory.

    Args:
        data: the data directory; need not exist yet.
        newest: the programs for a new one.
    """
    try:
        made_by = int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return newest
    if _postgres_version(newest) == made_by:
        return newest
    own = Path(f"/usr/lib/postgresql/{made_by}/bin")
    if not (own / "postgres").exists():
        raise Failure(
            f"the data in {data} are PostgreSQL {made_by}'s, and that is not installed; install "
            f"it (apt-get install postgresql-{made_by})"
        )
    return own


def find_redis() -> Path | None:
    """Return the server program of Redis or Valkey."""
    return _which("redis-server") or _which("valkey-server")


def find_rabbitmq() -> Path | None:
    """Return the directory of RabbitMQ's own programs, if it is new enough.

    Not a distribution's wrappers in ``/usr/sbin``: these change the user first.
    """
    candidates = ["/usr/lib/rabbitmq/bin", *glob.glob("/usr/lib/rabbitmq/lib/*/sbin")]
    candidates += glob.glob("/opt/rabbitmq*/sbin")
    if on_path := _which("rabbitmq-server"):
        candidates.append(str(on_path.resolve().parent))
    versions = {Path(place): rabbitmq_version(Path(place)) for place in candidates}
    fitting = [place for place, version in versions.items() if version >= OLDEST_RABBITMQ]
    return max(fitting, key=versions.__getitem__, default=None)


def find_epmd() -> Path | None:
    """Return Erlang's program by which nodes find each other."""
    if on_path := _which("epmd"):
        return on_path
    found = sorted(glob.glob("/usr/lib/erlang/erts-*/bin/epmd"))
    return Path(found[-1]) if found else None


def rabbitmq_version(directory: Path) -> tuple[int, ...]:
    """Return the version of the RabbitMQ that a directory of programs belongs to.

    It stands in the name of one of its plugins; asking the program itself takes seconds.
    """
    server = (directory / "rabbitmq-server").resolve()
    if not server.is_file():
        return ()
    for plugin in server.parent.parent.glob("plugins/rabbit-*"):
        if found := re.match(r"rabbit-(\d+)\.(\d+)", plugin.name):
            return int(found[1]), int(found[2])
    return ()


@cache
def _postgres_version(directory: Path) -> int:
    try:
        answer = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"(\d+)[.\d]*", answer)
    return int(found[1]) if found else 0


def _which(name: str) -> Path | None:
    found = shutil.which(name, path=PLACES)
    return Path(found) if found else None
