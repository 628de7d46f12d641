"""What a system's processes have used, by what the kernel tells of them."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from stack.layout import DATABASES, SERVICES
from stack.processes import PROC
from stack.services import FORK_SERVER
from stack.system import System

GATEWAY, POSTGRESQL = "gateway", "PostgreSQL"
PARTS = {
    GATEWAY: (GATEWAY,),
    "services": tuple(name for name in SERVICES if name != GATEWAY),
    POSTGRESQL: tuple(DATABASES),
    "RabbitMQ": ("rabbitmq", "epmd"),
    "Redis": ("redis",),
}
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
CALM_SECONDS = 0.25
CALM = 0.1
"""Of a core: brokers and timers never sleep."""

LONGEST_SETTLING_SECONDS = 5


class Usage:
    """The processor time of a system's parts, with all that their processes started."""

    def __init__(self, system: System):
        there = system.supervisor.parts()
        # servers may be given from outside
        self._part_of = {
            system.pid(name): part for part in PARTS for name in PARTS[part] if name in there
        }
        # a version before may have no fork server
        ours = [name for name in (*SERVICES, FORK_SERVER) if name in there]
        self._services = {name: system.pid(name) for name in ours}

    def cpu_seconds(self) -> dict[str, float]:
        """Return what each part has used since it was started."""
        processes = dict(_processes())
        used = dict.fromkeys(PARTS, 0.0)
        for pid, (_, seconds) in processes.items():
            while pid in processes and pid not in self._part_of:
                pid = processes[pid][0]
            if pid in self._part_of:
                used[self._part_of[pid]] += seconds
        return used

    def settle(self) -> None:
        """Wait until the system rests: work that it left for later belongs to what came before."""
        deadline = time.monotonic() + LONGEST_SETTLING_SECONDS
        before = sum(self.cpu_seconds().values())
        while time.monotonic() < deadline:
            time.sleep(CALM_SECONDS)
            after = sum(self.cpu_seconds().values())
            if after - before <= CALM * CALM_SECONDS:
                return
            before = after

    def memory_mib(self) -> dict[str, float]:
        """Return the proportional set size of each service's process and the fork server's."""
        return {name: _proportional_kib(pid) / 1024 for name, pid in self._services.items()}


def _processes() -> Iterator[tuple[int, tuple[int, float]]]:
    """Yield every process with its parent and its time, with that of children that have ended."""
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (fields := _stat(entry)):
            yield int(entry.name), (int(fields[1]), sum(map(int, fields[11:15])) * TICK_SECONDS)


def _stat(entry: Path) -> list[str]:
    try:
        # the name, in brackets, may hold anything
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _proportional_kib(pid: int) -> int:
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        name, _, size = line.partition(":")
        if name == "Pss":
            return int(size.split()[0])
    return 0
