"""Whether a request costs more as data grow: with a user's own history, and with everybody's.

Usage: ``.venv/bin/python -m benchmarks.growth [users ...]`` (1000 100000)

Starts a system of its own and fills its databases: a user with 10, one with 1,000 and one with
10,000 workouts, beside so many others. Each request is sent through the gateway over one
connection, to the three in turns, and no read finds its answer in a memory. Prints the median time
and the processor time of all processes, and the ratio of the largest to the smallest, which should
not be above 1.5, but for a whole history, which is as long as it is. Takes about three minutes.
"""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from statistics import median

from redis import Redis

from benchmarks.catalogue import tidy
from benchmarks.crowd import find_exercises, register
from benchmarks.filling import Databases, Filling, add_users, connected, fill
from benchmarks.quick import IN_EARNEST
from benchmarks.subjects import LONGER_ANSWERS, READS, WRITES, Bench, Subject
from benchmarks.usage import Usage
from stack.demo import Api
from stack.testing import running_system

OTHERS = (1_000, 100_000)
WORKOUTS = (10, 1_000, 10_000)
ROUNDS = 3
REQUESTS = 16
"""Of a kind and a user in each round: few, so that what disturbs the machine disturbs all three."""

MOST = 1.5


@dataclass
class Cell:
    """What was measured of one kind of request and one user.

    Attributes:
        seconds: of each request.
        cpu: seconds of all processes together.
    """

    seconds: list[float] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def p50(self) -> float:
        """The median in milliseconds."""
        return median(self.seconds) * 1000

    @property
    def cpu_each(self) -> float:
        """Milliseconds of processor time a request."""
        return self.cpu * 1000 / len(self.seconds)


Table = dict[str, list[Cell]]
"""For each kind of request a cell a user, the smallest first."""


def measure(bench: Bench, usage: Usage, subjects: list[Subject]) -> Table:
    """Measure every kind of request for every user."""
    table: Table = {name: [Cell() for _ in subjects] for name in (*READS, *WRITES)}
    usage.settle()
    for name, send in (READS | WRITES).items():
        for subject in subjects:
            subject.api.close()
            # connections, plans and the processes' own memories
            send(bench, subject)
        for _ in range(ROUNDS):
            for subject, cell in zip(subjects, table[name], strict=True):
                # the others' turns may last longer than the gateway keeps a connection at rest
                subject.api.close()
                if subject.added:
                    bench.tidy_up(subject)
                    usage.settle()
                with _counted(usage, cell, later=name in WRITES):
                    cell.seconds += [send(bench, subject) for _ in range(REQUESTS)]
    return table


@contextmanager
def _counted(usage: Usage, cell: Cell, later: bool) -> Iterator[None]:
    before = sum(usage.cpu_seconds().values())
    yield
    if later:
        usage.settle()
    cell.cpu += sum(usage.cpu_seconds().values()) - before


def make_subjects(url: str, databases: Databases, exercises: list[dict]) -> list[Subject]:
    """Register the users who are measured, and fill in their workouts."""
    subjects = []
    for workouts in WORKOUTS:
        api = Api(url)
        user = register(api, 0)
        api.token = user.token
        first = fill(databases, Filling(user.id, workouts=workouts), exercises)
        subjects.append(Subject(api, user.id, workouts, first))
    return subjects


def add_others(databases: Databases, users: int, exercises: list[dict]) -> None:
    """Add users with a small workout each."""
    if users:
        first = add_users(databases, users)
        fill(databases, Filling(first, users, exercises=2, sets=2), exercises)
    for engine in (databases.users, databases.workouts, databases.analytics):
        tidy(engine)


def show(others: int, table: Table) -> None:
    """Print what was measured beside so many other users."""
    print(f"\n{others:,} other users; ms p50 and ms CPU with so many own workouts\n")
    titles = [f"{workouts:,}" for workouts in WORKOUTS]
    print(_row("", titles))
    for name, cells in table.items():
        print(_row(name, [f"{cell.p50:.1f} {cell.cpu_each:6.1f}" for cell in cells]))
    sys.stdout.flush()


def show_ratios(smallest: Table, largest: Table) -> bool:
    """Print how much more the largest takes than the smallest, and tell if that is little."""
    print("\nlargest : smallest\n")
    print(_row("", ["p50", "CPU"]))
    few = True
    for name in smallest:
        one, other = smallest[name][0], largest[name][-1]
        ratios = [other.p50 / one.p50, other.cpu_each / one.cpu_each]
        few = few and (max(ratios) <= MOST or name in LONGER_ANSWERS)
        print(_row(name, [f"{ratio:.2f}{' grows' * (ratio > MOST)}" for ratio in ratios]))
    return few


def main(counts: list[int]) -> int:
    """Measure beside ever more users, and return 1 if something grows."""
    tables = []
    with (
        running_system(settings=IN_EARNEST, throwaway=False) as system,
        connected(system.environment) as databases,
    ):
        with closing(Api(system.url)) as api:
            exercises = find_exercises(api)
        redis = Redis("127.0.0.1", system.state.ports["redis"])
        bench = Bench(redis, [entry["id"] for entry in exercises])
        subjects = make_subjects(system.url, databases, exercises)
        usage, others = Usage(system), 0
        for users in counts:
            add_others(databases, users - others, exercises)
            others = users
            tables.append(measure(bench, usage, subjects))
            show(others, tables[-1])
            for subject in subjects:
                subject.api.close()
                bench.tidy_up(subject)
    return 0 if show_ratios(tables[0], tables[-1]) else 1


def _row(name: str, cells: list[str]) -> str:
    return f"{name:<36}" + "".join(f"{cell:>16}" for cell in cells)


if __name__ == "__main__":
    sys.exit(main([*map(int, sys.argv[1:])] or list(OTHERS)))
