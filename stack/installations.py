"""Virtual environments that are complete, or not there.

Each is made in a directory of its own below ``.venvs/``, as scripts that pip installs contain their
path and can't be moved. A mark is written when it is complete, and only then ``.venv`` is linked to
it. So an interrupted installation changes nothing, and running processes keep their environment.
"""

import fcntl
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stack import processes
from stack.waiting import wait_until

LINK = ".venv"
DIRECTORY = ".venvs"
WHOLE = "whole"
LOCK = "lock"
KILL_SECONDS = 5.0
UNREACHABLE = re.compile(r"Retry\(total=0.* after connection broken by|Could not fetch URL")


def content(checkout: Path) -> str | None:
    """Return the content mark of the installed environment, or None if there is none."""
    return _content(checkout / LINK)


def python(checkout: Path) -> Path:
    """Return its Python, by a path that stays valid when ``.venv`` is linked to a newer one."""
    return (checkout / LINK).resolve() / "bin" / "python"


def take(checkout: Path, wanted: str) -> bool:
    """Link ``.venv`` to the environment with a content, if there is one."""
    if content(checkout) == wanted:
        return True
    if not any(_content(path) == wanted for path in _environments(checkout)):
        return False
    with _alone(checkout):
        # another process may have deleted it meanwhile
        found = [path for path in _environments(checkout) if _content(path) == wanted]
        if found:
            _lead(checkout, found[0])
        return bool(found)


def replace(
    checkout: Path,
    wanted: str,
    build: Callable[[Path], None],
    name: str = "",
    is_current: Callable[[str], bool] = lambda content: False,
) -> None:
    """Make an environment, unless another process has just done that.

    Args:
        checkout: the project's directory.
        wanted: the content.
        build: makes the environment in the directory that is passed.
        name: prefix of that directory's name.
        is_current: returns whether another environment, given its content, is kept.
    """
    with _alone(checkout):
        _clear(checkout, is_current)
        if content(checkout) == wanted:
            return
        prefix = f"{name}-" if name else ""
        fresh = Path(tempfile.mkdtemp(dir=checkout / DIRECTORY, prefix=prefix))
        fresh.chmod(0o755)
        build(fresh)
        (fresh / WHOLE).write_text(wanted)
        _lead(checkout, fresh)


def extend(checkout: Path, name: str, build: Callable[[Path], None]) -> None:
    """Add something to the installed environment, unless that was done.

    Args:
        checkout: the project's directory.
        name: recorded when ``build`` is done, so that an interrupted one is repeated.
        build: adds it to the environment that is passed.
    """
    with _alone(checkout):
        environment = (checkout / LINK).resolve()
        if not (environment / name).exists():
            build(environment)
            record(environment, name)


def record(environment: Path, name: str) -> None:
    """Note that something is in an environment, which :func:`extend` need not add."""
    (environment / name).touch()


def explain_pip(output: str) -> str | None:
    """Return why pip failed, in one line, if its own message is misleading."""
    if not UNREACHABLE.search(output):
        return None
    return (
        "the package index could not be reached; look at the network (a proxy: HTTPS_PROXY), or "
        "name an index that can be reached (PIP_INDEX_URL) or a directory of packages "
        "(PIP_NO_INDEX=1 PIP_FIND_LINKS=directory), and try again"
    )


def _content(environment: Path) -> str | None:
    try:
        return (environment / WHOLE).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _lead(checkout: Path, environment: Path) -> None:
    link = checkout / LINK
    if link.is_dir() and not link.is_symlink():
        # of an earlier version
        link.rename(tempfile.mkdtemp(dir=checkout / DIRECTORY, prefix="before-"))
    new = checkout / DIRECTORY / "link"
    new.unlink(missing_ok=True)
    new.symlink_to(environment.relative_to(checkout))
    new.replace(link)


def _environments(checkout: Path) -> list[Path]:
    try:
        entries = list((checkout / DIRECTORY).iterdir())
    except FileNotFoundError:
        return []
    return [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]


def _clear(checkout: Path, is_current: Callable[[str], bool]) -> None:
    """Delete unfinished environments, and outdated ones that no process runs from."""
    linked = (checkout / LINK).resolve()
    for entry in _environments(checkout):
        made_of = _content(entry)
        if entry == linked or (made_of is not None and is_current(made_of)):
            continue
        users = processes.running_from(entry)
        if made_of is None:
            # left by a killed process; no other one is at work, as we have the lock
            processes.send(users, signal.SIGKILL)

            def is_left(place: Path = entry) -> bool:
                return not processes.running_from(place)

            wait_until(is_left, KILL_SECONDS)
        elif users:
            continue
        shutil.rmtree(entry)


@contextmanager
def _alone(checkout: Path) -> Iterator[None]:
    (checkout / DIRECTORY).mkdir(exist_ok=True)
    with (checkout / DIRECTORY / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
