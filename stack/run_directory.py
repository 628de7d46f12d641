"""``.run``: used by one command at a time, and emptied by ``gym down --data``."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.failures import Failure

LOCK = "lock"


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Hold the directory's lock for the duration of the block.

    Raises:
        Failure: another command holds it.
    """
    directory.mkdir(exist_ok=True)
    directory.chmod(0o700)
    with (directory / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure("another ./gym up or down is at work here") from None
        yield


def delete_data(directory: Path) -> None:
    """Delete everything except the lock, and the directories of running tests."""
    for path in directory.iterdir():
        if path.name.startswith("test-") or path.name == LOCK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
