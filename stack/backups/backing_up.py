"""``gym backup``: copies all databases into a directory, while all services run."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from stack.backups import snapshots
from stack.backups.databases import program, run, variables
from stack.backups.manifest import FILE_NAME, Dump, Manifest, hash_of
from stack.backups.snapshots import Snapshot
from stack.failures import Failure
from stack.progress import Progress


def back_up(environment: Mapping[str, str], directory: Path, progress: Progress) -> Manifest:
    """Copy all databases.

    Args:
        environment: has the addresses of the databases.
        directory: is made; may exist if it is empty.
        progress: shows the steps.

    Returns:
        The manifest. All that was acknowledged before the call is in the backup.

    Raises:
        Failure: the directory is not empty, or a database can't be read. Nothing is left in it.
    """
    _make(directory)
    begun_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    dumps = {}
    try:
        with snapshots.taken(environment) as taken:
            for service, snapshot in taken.items():
                dumps[service] = _dump(service, snapshot, environment, directory, progress)
        manifest = Manifest(begun_at, dumps)
        manifest.write(directory)
        _sync(directory)
    except BaseException:
        _delete(directory)
        raise
    return manifest


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise Failure(f"{directory} is not empty; each backup needs a directory of its own")
    except OSError as problem:
        raise Failure(f"{directory}: {problem.strerror}") from None


def _dump(
    service: str,
    snapshot: Snapshot,
    environment: Mapping[str, str],
    directory: Path,
    progress: Progress,
) -> Dump:
    where = variables(service, environment)
    path = directory / f"{service}.dump"
    # nobody else may read it: it has password hashes and whatever people have written
    path.touch(mode=0o600, exist_ok=False)
    command: list[str | Path] = [
        program("pg_dump", snapshot.postgresql),
        "--format=custom",
        f"--snapshot={snapshot.name}",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        f"--file={path.absolute()}",
    ]
    with progress.step(f"Copying {where['PGDATABASE']}") as step:
        run(command, where, step, f"{where['PGDATABASE']} can't be copied")
        _sync(path)
        return Dump(
            file=path.name,
            bytes=path.stat().st_size,
            sha256=hash_of(path),
            revision=snapshot.revision,
            postgresql=snapshot.postgresql,
            taken_at=snapshot.taken_at,
            feed_position=snapshot.feed_position,
        )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete(directory: Path) -> None:
    for path in (*directory.glob("*.dump"), *directory.glob(f"{FILE_NAME}*")):
        with suppress(OSError):
            path.unlink()
