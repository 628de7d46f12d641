"""``gym export``: writes a user's workouts to a file, part by part."""

import os
import stat
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from stack.calls import Services
from stack.failures import Failure
from stack.histories.accounts import user_id_of
from stack.progress import for_people

STANDARD_OUTPUT = "-"
MEGABYTE = 1_000_000


def main(amqp_uri: str, options: Namespace) -> None:
    """Write the file.

    Args:
        amqp_uri: of the broker.
        options: as of :func:`stack.histories.options.of_export`.

    Raises:
        Failure: there is no such account, or the file is there or can't be written.
    """
    with Services(amqp_uri) as services, _opened(options.file, options.force) as output:
        user_id = user_id_of(services, options.email)
        query = {"format": options.format}
        query |= {
            name: getattr(options, name)
            for name in ("date_from", "date_to")
            if getattr(options, name)
        }
        size = 0
        with for_people().step("Exporting") as step:
            for part in _parts(services, user_id, query):
                size += output.write(part)
                step.tick(f"{size / MEGABYTE:.1f} MB")
    if options.file != STANDARD_OUTPUT:
        print(f"{options.file}: {size:,} bytes")


def _parts(services: Services, user_id: int, query: dict[str, str]) -> Iterator[bytes]:
    cursor: dict[str, Any] | None = None
    while True:
        part = services.call("workouts", "export", user_id, cursor, **query)
        yield part["text"].encode()
        cursor = part["next"]
        if cursor is None:
            return


@contextmanager
def _opened(name: str, is_forced: bool) -> Iterator[BinaryIO]:
    """Open what is written to; a file has its name only once it is whole."""
    if name == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    try:
        if _is_device(path):
            with path.open("wb") as output:
                yield output
            return
        _check_is_free(path, is_forced)
        # of a link what it leads to is replaced
        with _in_place_of(path.resolve(), is_forced) as output:
            yield output
    except OSError as problem:
        raise Failure(f"{name} can't be written: {problem.strerror or problem}") from None


def _is_device(path: Path) -> bool:
    # such as /dev/stdout or a named pipe, which must not be replaced
    return path.exists() and not (path.is_file() or path.is_dir())


@contextmanager
def _in_place_of(path: Path, is_forced: bool) -> Iterator[BinaryIO]:
    # readable for its owner alone: a history is nobody else's business
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as output:
            yield output
            output.flush()
            os.fsync(output.fileno())
        # somebody may have made it meanwhile
        _check_is_free(path, is_forced)
        if path.exists():
            os.chmod(part, stat.S_IMODE(path.stat().st_mode))
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)


def _check_is_free(path: Path, is_forced: bool) -> None:
    if path.is_dir():
        raise Failure(f"{path} is a directory")
    if path.exists() and not is_forced:
        raise Failure(f"{path} is there already; --force replaces it")
