"""Detects copies of a system's directory, which have the same files and secrets."""

from collections.abc import Mapping
from pathlib import Path

from stack.failures import Failure
from stack.layout import DATABASES
from stack.state import make_secrets, write_private

FILE_NAME = "place"
OF_A_RUNNING_DATABASE = "postgres/*/postmaster.pid"


def note_place(directory: Path) -> None:
    """Record path and inode of a directory. Moving it keeps the inode, copying does not."""
    write_private(directory / FILE_NAME, f"{directory.stat().st_ino} {directory}")


def original_of(directory: Path) -> Path | None:
    """Return the directory that this one is a copy of, or None if it is the original."""
    try:
        number, _, path = (directory / FILE_NAME).read_text().partition(" ")
    except FileNotFoundError:
        return None
    if Path(path) == directory or int(number) == directory.stat().st_ino:
        return None
    return Path(path)


def secrets_of(directory: Path, secrets: Mapping[str, str]) -> Mapping[str, str]:
    """Return a directory's secrets; a copy gets new ones, except the passwords of its databases.

    Raises:
        Failure: it was copied while its databases were running.
    """
    original = original_of(directory)
    if original is None:
        return secrets
    if any(directory.glob(OF_A_RUNNING_DATABASE)):
        raise Failure(
            f"{directory} is a copy of {original}, made while that was running: its databases are "
            "copied half before and half after what was written meanwhile, and can't be trusted.\n"
            f"To have a copy with the data: {original.parent}/gym down, copy again, and up in both."
            f"\nTo begin with empty databases here: {directory.parent}/gym down --data, then up."
        )
    databases = {name: secrets[name] for name in (*DATABASES, "postgres") if name in secrets}
    return make_secrets() | databases
