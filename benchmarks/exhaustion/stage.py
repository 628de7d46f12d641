"""Brings an attack, the second client and the look at the memory together."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from benchmarks.exhaustion.memory import Memory
from benchmarks.exhaustion.second import (
    ALL,
    FIRST,
    KINDS,
    LOGIN,
    PUBLIC,
    REMEMBERED,
    WRITE,
    Lifter,
    Line,
    Noted,
    SecondClient,
    newcomer,
)
from stack.failures import Failure
from stack.layout import CHECKOUT, SERVICES
from stack.system import System

SAMPLES = 250
"""Requests of the second client at rest, and at least as many during an attack."""

TIMES_ITS_REST = 5
LEAST_REST_MILLISECONDS = {LOGIN: 60} | dict.fromkeys((REMEMBERED, FIRST, PUBLIC, WRITE, ALL), 10)
"""A shorter time at rest counts as this: the system's twelve processes and the attacker share few
cores, and whoever waits for two or three others to use up their turns has waited for 10 ms. A
login takes 60 by the cost of bcrypt, and is too rare to have been seen at each rest."""

TIMES_ITS_MEMORY = 2
LEAST_REST_MIB = 32
"""Less memory at rest counts as this: a server that has done little yet holds next to nothing, and
what it fills by and by (PostgreSQL its 32 MB of buffers) is no attack."""

LONGEST_SECONDS = 100
AFTER_SECONDS = 5
LONGEST_CALMING_SECONDS = 20
PAUSE_SECONDS = 0.5
SWOLLEN = 1.5


@dataclass(frozen=True)
class Attack:
    """What is done to the system.

    Attributes:
        words: for people.
        needs: what an attacker must have.
        prepare: makes everything ready and returns what carries it out, and that returns what the
            attacker got.
    """

    words: str
    needs: str
    prepare: Callable[["Target"], Callable[[], Any]]


@dataclass
class Result:
    """What an attack did.

    Attributes:
        attack: which.
        rest: what the second client noted just before.
        during: and meanwhile.
        memory_rest: MiB of each part just before.
        memory_peak: the most meanwhile.
        memory_after: some seconds later; none if nobody waited for that.
        got: what the attacker got.
        ended: parts whose process is another than before.
    """

    attack: Attack
    rest: Noted
    during: Noted
    memory_rest: dict[str, float]
    memory_peak: dict[str, float]
    memory_after: dict[str, float]
    got: Any
    ended: list[str] = field(default_factory=list)

    def harm(self) -> list[str]:
        """Return what others, or the system, suffered; nothing is how it should be."""
        failed = [
            f"{number} x {kind}: {status or 'broken'}"
            for (kind, status), number in self.during.failures.items()
        ]
        return [
            *failed,
            *(f"{kind}: {numbers}" for kind, numbers in self.late().items()),
            *(f"{name}: {numbers}" for name, numbers in self.swollen().items()),
            *(f"{name} ended" for name in self.ended),
        ]

    @property
    def is_only_late(self) -> bool:
        """Whether some requests took too long, and nothing else happened."""
        return bool(self.late()) and len(self.late()) == len(self.harm())

    def late(self) -> dict[str, str]:
        """Return the kinds of requests whose p99 was too long, with the numbers."""
        found = {}
        for kind in (*KINDS, ALL):
            rest, during = (noted.percentile(0.99, kind) for noted in (self.rest, self.during))
            if during >= TIMES_ITS_REST * max(rest, LEAST_REST_MILLISECONDS[kind]):
                found[kind] = f"p99 {rest:.1f} -> {during:.1f} ms"
        return found

    def swollen(self) -> dict[str, str]:
        """Return the parts that held too much memory, with the numbers."""
        return {
            name: f"{self.memory_rest[name]:.0f} -> {peak:.0f} MiB"
            for name, peak in self.memory_peak.items()
            if peak >= TIMES_ITS_MEMORY * max(self.memory_rest[name], LEAST_REST_MIB)
        }


class Target:
    """A system as attackers see it.

    Args:
        system: which system.
    """

    def __init__(self, system: System):
        self.system = system
        parts = urlsplit(system.url)
        self._where = {"host": parts.hostname, "port": parts.port}
        self._numbers = count(1)

    def address(self) -> str:
        """Return an address that nobody has come from, as limits of others are no attack's."""
        number = next(self._numbers)
        return f"127.0.{1 + number // 250}.{1 + number % 250}"

    def line(self, address: str) -> Line:
        """Return a connection from an address."""
        return Line(self.system.url, address)

    def newcomer(self, address: str) -> Lifter:
        """Register somebody who comes from an address."""
        with closing(self.line(address)) as line:
            return newcomer(line)

    def asking(
        self,
        messages: list[str],
        times: int = 1,
        rate: float = 0,
        connections: int = 200,
        addresses: list[str] | None = None,
        together: int = 1,
    ) -> "Attacker":
        """Return an attacker who sends requests.

        Args:
            messages: the requests.
            times: how often to send all of them.
            rate: how many a second; 0 for as many as the connections take.
            connections: at the most.
            addresses: to come from, in turn; one that nobody has used unless given.
            together: how many at the same moment.
        """
        plan = {
            "messages": messages,
            "order": [*range(len(messages))] * times,
            "rate": rate,
            "connections": connections,
            "addresses": addresses or [self.address()],
            "together": together,
        }
        return Attacker("sender", self._where | plan)

    def holding(
        self,
        messages: list[str],
        connections: int,
        seconds: float,
        addresses: list[str],
        again: bool = False,
    ) -> "Attacker":
        """Return an attacker who opens connections, sends on each, and reads nothing.

        Args:
            messages: what to send, in turn.
            connections: how many.
            seconds: how long to keep them.
            addresses: to come from, in turn.
            again: whether to open another for each that was closed.
        """
        plan = {
            "messages": messages,
            "connections": connections,
            "seconds": seconds,
            "addresses": addresses,
            "again": again,
        }
        return Attacker("sender", self._where | plan)


class Attacker:
    """A process that has prepared what a plan says, and waits.

    Args:
        module: of this package.
        plan: see there.
    """

    def __init__(self, module: str, plan: dict):
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.exhaustion.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
        )
        self._process.stdin.write(json.dumps(plan) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "ready\n":
            raise Failure(f"the {module} did not get ready")

    def go(self) -> dict:
        """Let it begin, and return what came of it."""
        self.begin()
        return self.result()

    def begin(self) -> None:
        """Let it begin."""
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> dict:
        """Wait until it has done its work, and return what came of it."""
        try:
            out, _ = self._process.communicate(timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise Failure(f"an attacker had not ended after {LONGEST_SECONDS} s") from None
        if self._process.returncode:
            raise Failure("an attacker failed")
        return json.loads(out)


class Stage:
    """Carries attacks out on a system, one after the other.

    Args:
        system: which system.
        after_seconds: how long to wait for the last look at the memory; 0 for no such look.
    """

    def __init__(self, system: System, after_seconds: float = AFTER_SECONDS):
        self.system = system
        self.target = Target(system)
        self._second = SecondClient(system.url)
        self._memory = Memory(system)
        self._after_seconds = after_seconds
        self._second.use(SAMPLES)
        self._first = self._memory.mib()

    def carry_out(self, attack: Attack) -> Result:
        """Carry out an attack."""
        self._calm()
        carry_out = attack.prepare(self.target)
        rest = self._second.use(SAMPLES)
        pids, memory_rest = self._memory.pids(), self._memory.mib()
        with self._memory.watched() as peak:
            got, during = self._meanwhile(carry_out)
        after = {}
        if self._after_seconds:
            time.sleep(self._after_seconds)
            after = self._memory.mib()
        now = self._memory.pids()
        ended = [name for name, pid in pids.items() if now.get(name) != pid]
        return Result(attack, rest, during, memory_rest, peak, after, got, ended)

    def close(self) -> None:
        """Let the second client go."""
        self._second.close()

    def _meanwhile(self, carry_out: Callable[[], Any]) -> tuple[Any, Noted]:
        over, noted = threading.Event(), []
        using = threading.Thread(
            target=lambda: noted.append(self._second.use(SAMPLES, lambda: not over.is_set()))
        )
        using.start()
        try:
            got = carry_out()
        finally:
            over.set()
            using.join()
        return got, noted[0]

    def _calm(self) -> None:
        """Start anew what an attack has left swollen: the next one is judged by itself."""
        self.system.wait_ready(SERVICES)
        held = self._memory.mib()
        for name in SERVICES:
            if held[name] > SWOLLEN * self._first[name]:
                self.system.restart(name)
        deadline = time.monotonic() + LONGEST_CALMING_SECONDS
        while not self._second.is_served():
            if time.monotonic() > deadline:
                raise Failure("the system does not recover")
            time.sleep(PAUSE_SECONDS)
