"""What a backup says of itself: ``manifest.json``, without which it is incomplete."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from stack.failures import Failure
from stack.layout import CHECKOUT, DATABASE_OF
from stack.state import write_private

FILE_NAME = "manifest.json"
FORMAT = 1
PIECE = 1 << 20


@dataclass(frozen=True)
class Dump:
    """The copy of one database.

    Attributes:
        file: its name in the directory.
        bytes: its size.
        sha256: of its content.
        revision: the last migration of the database.
        postgresql: the major version of the server.
        taken_at: the moment whose state it has.
        feed_position: the last change of workouts that it knows of; None if it follows none.
    """

    file: str
    bytes: int
    sha256: str
    revision: str
    postgresql: int
    taken_at: str
    feed_position: int | None


@dataclass(frozen=True)
class Manifest:
    """A complete backup.

    Attributes:
        begun_at: when it was begun. All that was acknowledged before is in it.
        dumps: of all databases, by service.
    """

    begun_at: str
    dumps: Mapping[str, Dump]

    def write(self, directory: Path) -> None:
        """Write it, as the last thing of a backup."""
        dumps = {service: asdict(dump) for service, dump in self.dumps.items()}
        content = {"format": FORMAT, "begun_at": self.begun_at, "databases": dumps}
        write_private(directory / FILE_NAME, json.dumps(content, indent=2) + "\n")


def read(directory: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        Failure: there is none, or it is none that this version can read.
    """
    path = directory / FILE_NAME
    try:
        content = json.loads(path.read_text())
        if content["format"] > FORMAT:
            raise Failure(f"{path} was written by a newer version")
        dumps = {service: Dump(**dump) for service, dump in content["databases"].items()}
        manifest = Manifest(content["begun_at"], dumps)
    except FileNotFoundError:
        raise Failure(f"{directory} is no complete backup: it has no {FILE_NAME}") from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as problem:
        raise Failure(f"{path} can't be read: {problem}") from None
    if missing := DATABASE_OF.keys() - dumps.keys():
        raise Failure(f"{path} has no database of {', '.join(sorted(missing))}")
    return manifest


def check(directory: Path, manifest: Manifest) -> None:
    """Check that a backup is whole, and not of a newer version.

    Raises:
        Failure: something is missing, damaged or newer; the message names all of it.
    """
    wrong = [
        problem
        for service, dump in manifest.dumps.items()
        for problem in _problems(directory / dump.file, service, dump)
    ]
    if wrong:
        raise Failure("the backup can't be restored:\n" + "\n".join(f"  {line}" for line in wrong))


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def latest_revision(service: str) -> str:
    """Return the last migration of a service that this version has: files begin with theirs."""
    versions = CHECKOUT / "services" / service / "migrations" / "versions"
    return max(path.name.partition("_")[0] for path in versions.glob("[0-9]*.py"))


def _problems(path: Path, service: str, dump: Dump) -> Iterable[str]:
    if service not in DATABASE_OF:
        yield f"{dump.file}: there is no service {service} in this version"
        return
    if dump.revision > latest_revision(service):
        yield (
            f"{dump.file}: of a newer version: its last migration is {dump.revision}, "
            f"this version knows those up to {latest_revision(service)}"
        )
    if not path.is_file():
        yield f"{dump.file}: missing"
    elif (size := path.stat().st_size) != dump.bytes:
        yield f"{dump.file}: damaged: it has {size:,} bytes instead of {dump.bytes:,}"
    elif hash_of(path) != dump.sha256:
        yield f"{dump.file}: damaged: its SHA-256 is another one"
