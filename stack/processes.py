"""Finds processes in ``/proc``, and kills orphans."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from stack.layout import DIRECTORY_VARIABLE
from stack.waiting import wait_until

PROC = Path("/proc")
POSTGRES_SECONDS = 8.0
KILL_SECONDS = 5.0
POSTGRES = "postgres"
SHOWING_THEIR_WORK = (POSTGRES, "redis-server", "valkey-server")


def belonging_to(directory: Path) -> list[int]:
    """Return the processes that were started for a directory, whatever their parents are now."""
    mark = f"{DIRECTORY_VARIABLE}={directory}".encode()
    return [pid for pid in _all() if pid != os.getpid() and _belongs(pid, mark, directory)]


def works_in(pid: int, directory: Path) -> bool:
    """Return whether a process has a directory as its working directory."""
    try:
        return (PROC / str(pid) / "cwd").samefile(directory)
    except OSError:
        return False


def running_from(directory: Path) -> list[int]:
    """Return the processes whose executable is in a directory."""
    begin = f"{directory}/".encode()
    return [pid for pid in _all() if _words(pid)[0].startswith(begin)]


def tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    children: dict[int, list[int]] = {}
    for other in _all():
        children.setdefault(_parent(other), []).append(other)
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def send(pids: Iterable[int], number: int) -> None:
    """Send a signal to processes; those that have ended are ignored."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def end_all(directory: Path, spared: int | None = None) -> int:
    """Kill the processes of a directory; return how many there were.

    PostgreSQL gets SIGQUIT, an immediate shutdown: killed, it would leave shared memory behind.

    Args:
        directory: of the system.
        spared: id of a process to leave running.
    """

    def left() -> list[int]:
        return [pid for pid in belonging_to(directory) if pid != spared]

    pids = left()
    send(pids, signal.SIGCONT)
    send([pid for pid in pids if _name(pid) != POSTGRES], signal.SIGKILL)
    send([pid for pid in pids if _name(pid) == POSTGRES], signal.SIGQUIT)
    if not wait_until(lambda: not left(), POSTGRES_SECONDS):
        send(left(), signal.SIGKILL)
        wait_until(lambda: not left(), KILL_SECONDS)
    return len(pids)


def _all() -> list[int]:
    return [int(entry) for entry in os.listdir(PROC) if entry.isdecimal()]


def _belongs(pid: int, mark: bytes, directory: Path) -> bool:
    try:
        if mark in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
            return True
        # PostgreSQL and Redis overwrite their environment with a process title
        place = Path(os.readlink(PROC / str(pid) / "cwd"))
    except OSError:
        return False
    return _name(pid) in SHOWING_THEIR_WORK and place.is_relative_to(directory)


def _words(pid: int) -> list[bytes]:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return [b""]


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def _parent(pid: int) -> int:
    try:
        # the name, in parentheses, may contain any character
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0
