"""How much memory each part of a system holds, by what the kernel tells."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from stack.processes import PROC
from stack.system import System

EVERY_SECONDS = 0.2


class Memory:
    """The proportional set size of a system's parts, each with all that it started.

    Args:
        system: which system.
    """

    def __init__(self, system: System):
        self._system = system

    def pids(self) -> dict[str, int]:
        """Return the process of each part that runs."""
        parts = self._system.supervisor.parts()
        return {name: part["pid"] for name, part in parts.items() if part["pid"]}

    def mib(self) -> dict[str, float]:
        """Return what each part holds now."""
        return _held(self.pids())

    @contextmanager
    def watched(self) -> Iterator[dict[str, float]]:
        """Look often; what is given has the most that each part held, and is filled meanwhile."""
        pids, most, ended = self.pids(), {}, threading.Event()

        def look() -> None:
            while not ended.wait(EVERY_SECONDS):
                for name, mib in _held(pids).items():
                    most[name] = max(mib, most.get(name, 0.0))

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield most
        finally:
            ended.set()
            watcher.join()


def _held(pids: dict[str, int]) -> dict[str, float]:
    parents = dict(_parents())
    part_of = {pid: name for name, pid in pids.items()}
    held = dict.fromkeys(pids, 0.0)
    for pid in parents:
        above = pid
        while above in parents and above not in part_of:
            above = parents[above]
        if above in part_of:
            held[part_of[above]] += _proportional_mib(pid)
    return held


def _parents() -> Iterator[tuple[int, int]]:
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                # the name, in brackets, may hold anything
                after_name = (entry / "stat").read_text().rpartition(")")[2]
                yield int(entry.name), int(after_name.split()[1])


def _proportional_mib(pid: int) -> float:
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            name, _, size = line.partition(":")
            if name == "Pss":
                return int(size.split()[0]) / 1024
    return 0.0
