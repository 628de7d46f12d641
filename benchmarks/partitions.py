"""What partitions of the workouts' tables by user cost and give, against tables without.

Usage: ``.venv/bin/python -m benchmarks.partitions [workouts]`` (200,000)

Starts servers of its own and no services, fills a database, and partitions the tables of a copy of
it. Runs the services' own statements on one connection to each, in turns. Prints the least and the
median time and the processor time of PostgreSQL, how much is written to its log, what the
statements take of a new connection, the sizes, and how long VACUUM takes when a tenth of the rows
was changed. With 200,000 workouts it takes about ten minutes.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, text

from benchmarks.filling import Filling, fill_workouts
from schemas.loading import load
from schemas.workouts import NewWorkout
from services.migrate import migrate
from services.partitioning.steps import partition
from services.process.settings import DatabaseAddress, Settings
from services.transport.postgres.engine import make_engine
from services.transport.postgres.statements import Fetch, Pooled, run
from services.workouts import last_sets, reads, writes
from services.workouts.rules import Plan, plan_creation
from stack.system import System
from stack.testing import running_system

WORKOUTS = 200_000
OF_EACH = 100
"""Workouts of each user."""

EXERCISES = 30
ROUNDS = 25
REQUESTS = 40
"""Of a kind and a database in each round."""

WARMING_UP = 100
"""Users whose requests are not measured."""

USERS_CHANGED = 10
"""Of so many users one has all workouts changed, before VACUUM is measured."""

BIG = ("workouts", "workout_exercises", "exercise_sets")
NEW_USER = 10_000_000
TICKS = os.sysconf("SC_CLK_TCK")

Request = Callable[[Fetch, int, int], object]
"""Of a user, with a number."""


@dataclass
class Side:
    """One of the two databases.

    Attributes:
        name: what it is called.
        engine: for what is not measured.
        connection: on which statements are measured.
        pid: the process of that at the server.
    """

    name: str
    engine: Engine
    connection: Pooled
    pid: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    log_bytes: dict[str, float] = field(default_factory=dict)

    @property
    def fetch(self) -> Fetch:
        """What runs a statement on the measured connection."""
        return lambda statement, **values: run(self.connection, statement, values)

    def ask(self, statement: str) -> Any:
        """Return the one value that a statement returns."""
        with self.engine.connect() as connection:
            return connection.execute(text(statement)).scalar_one()

    def measure(self, name: str, request: Request, users: Iterator[int], numbers: Any) -> None:
        """Measure some requests of a kind."""
        position, cpu = self.ask("SELECT pg_current_wal_insert_lsn()"), _cpu_seconds(self.pid)
        for _ in range(REQUESTS):
            user, number = next(users), next(numbers)
            begun = time.perf_counter()
            request(self.fetch, user, number)
            self.seconds.setdefault(name, []).append(time.perf_counter() - begun)
        self.cpu[name] = self.cpu.get(name, 0) + _cpu_seconds(self.pid) - cpu
        written = self.ask(f"SELECT pg_current_wal_insert_lsn() - '{position}'::pg_lsn")
        self.log_bytes[name] = self.log_bytes.get(name, 0) + float(written)


def make_plan() -> Plan:
    """Plan a workout of five exercises with four sets."""
    catalogue = [
        {"id": key, "name": f"Exercise {key}", "rep_type": "count", "measure": "weight_reps"}
        | {"is_active": True}
        for key in range(1, 6)
    ]
    one = {"reps": 8, "weight": 82.5, "rpe": 8.5}
    exercises = [{"exercise_id": key, "sets": [one] * 4} for key in range(1, 6)]
    given = {"name": "Push day", "date": "2026-11-01", "exercises": exercises}
    values = load(NewWorkout(), given)
    return plan_creation(values, catalogue)


def make_requests(users: int) -> dict[str, Request]:
    """Return what is measured, by its name."""
    plan = make_plan()
    page = {"days": (None, None), "sort": [("date", "desc")], "page": 1, "limit": 20}

    def workout_of(user: int, number: int) -> int:
        return 1 + (user - 1) * OF_EACH + number % OF_EACH

    return {
        "a logged workout": lambda fetch, user, _: writes.insert(fetch, NEW_USER + user, plan),
        "a page of workouts": lambda fetch, user, _: reads.list_page(fetch, user, **page),
        "one workout": lambda fetch, user, number: reads.get_shown(
            fetch, workout_of(user, number), user
        ),
        "last time of 5 exercises": lambda fetch, user, _: last_sets.last_sets(
            fetch, user, range(1, 6)
        ),
        "20 workouts, to be counted": lambda fetch, user, number: reads.get_many(
            fetch,
            [workout_of(user, number + more) for more in range(20)],
            to_count=True,
            user_ids=[user] * 20,
        ),
        "the same, of anybody": lambda fetch, user, number: reads.get_many(
            fetch, [workout_of(user, number + more) for more in range(20)], to_count=True
        ),
        "a renamed workout": lambda fetch, user, number: writes.update(
            fetch, user, workout_of(user, number), Plan({"name": f"No. {number}"}, None)
        ),
    }


def measure(sides: list[Side], workouts: int) -> None:
    """Measure all kinds of requests in turns."""
    users = workouts // OF_EACH
    for name, request in make_requests(users).items():
        for side in sides:
            # the plan, and what a session keeps of each partition
            for user in range(1, WARMING_UP + 1):
                request(side.fetch, user, 0)
        walks = [(_users(users), count()) for _ in sides]
        for number in range(ROUNDS):
            order = list(zip(sides, walks, strict=True))
            for side, (walk, numbers) in order[:: 1 if number % 2 else -1]:
                side.measure(name, request, walk, numbers)


def _users(users: int) -> Iterator[int]:
    """Return users again and again, each far from the one before."""
    return ((number * 7_919) % users + 1 for number in count())


def show(sides: list[Side]) -> None:
    """Print what was measured of requests."""
    print(f"\n{'ms, tables without and with partitions':<40}{'least':>14}{'median':>14}", end="")
    print(f"{'CPU':>14}{'':>7}{'log, kB':>14}")
    for name in sides[0].seconds:
        columns = [
            [f"{min(side.seconds[name]) * 1e3:.2f}" for side in sides],
            [f"{median(side.seconds[name]) * 1e3:.2f}" for side in sides],
            [f"{_cpu_each(side, name):.2f}" for side in sides],
            [f"{side.log_bytes[name] / len(side.seconds[name]) / 1e3:.1f}" for side in sides],
        ]
        ratio = _cpu_each(sides[1], name) / _cpu_each(sides[0], name)
        cells = [f"{', '.join(pair):>14}" for pair in columns]
        print(f"{name:<40}{''.join(cells[:3])}{f'({ratio:.2f})':>7}{cells[3]}")


def _cpu_each(side: Side, name: str) -> float:
    return side.cpu[name] * 1000 / len(side.seconds[name])


def show_first_use(address: DatabaseAddress, side: Side, workouts: int) -> None:
    """Print what a new connection takes for the first use of all statements."""
    requests = make_requests(workouts // OF_EACH)
    with _connected(address) as (connection, pid):
        fetch = lambda statement, **values: run(connection, statement, values)  # noqa: E731
        before, cpu, begun = _own_kilobytes(pid), _cpu_seconds(pid), time.perf_counter()
        for request in requests.values():
            request(fetch, 2, 0)
        seconds, cpu = time.perf_counter() - begun, _cpu_seconds(pid) - cpu
        for user in range(1, 200):
            for request in requests.values():
                request(fetch, user, 0)
        kilobytes = _own_kilobytes(pid) - before
    print(
        f"{side.name}: first use of {len(requests)} statements on a connection: "
        f"{seconds * 1e3:.0f} ms, {cpu * 1e3:.0f} ms CPU; it grows by {kilobytes / 1e3:.1f} MB"
    )


def show_sizes_and_vacuum(side: Side) -> None:
    """Print sizes, and how long VACUUM takes of all, and of the slowest table alone."""
    tables = f"FROM pg_class WHERE relkind = 'r' AND relname ~ '^({'|'.join(BIG)})'"
    sizes = [
        side.ask(f"SELECT pg_size_pretty(sum({size}(oid))) {tables}")
        for size in ("pg_table_size", "pg_indexes_size")
    ]
    print(f"{side.name}: tables {sizes[0]}, indexes {sizes[1]}")
    with side.engine.begin() as connection:
        for table in BIG:
            connection.execute(
                text(f"UPDATE {table} SET notes = '-' WHERE user_id % {USERS_CHANGED} = 0")
            )
    took = {}
    for table in side.ask(f"SELECT array_agg(relname::text) {tables}"):
        begun = time.perf_counter()
        _alone(side.engine, f"VACUUM {table}")
        took[table] = time.perf_counter() - begun
    longest = max(took, key=lambda table: took[table])
    print(
        f"{side.name}: VACUUM {sum(took.values()):.1f} s in all, at most "
        f"{took[longest]:.1f} s of one table ({longest})"
    )


@contextmanager
def _connected(address: DatabaseAddress) -> Iterator[tuple[Pooled, int]]:
    engine = make_engine(address, 1)
    connection: Pooled = engine.raw_connection()
    connection.dbapi_connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            [(pid,)] = cursor.fetchall()
        yield connection, pid
    finally:
        connection.close()
        engine.dispose()


def _cpu_seconds(pid: int) -> float:
    # the scheduler's own count, as ticks are too coarse
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _own_kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def make_sides(
    system: System, workouts: int, stack: ExitStack
) -> list[tuple[Side, DatabaseAddress]]:
    """Fill a database, copy it, and partition the copy as an operator would."""
    one = Settings.from_environment(system.environment).databases["workouts"]
    other = replace(one, name="in_parts")
    migrate("workouts", one)
    engine = create_engine(one.url, poolclass=NullPool)
    catalogue = [{"id": key, "name": f"Exercise {key}"} for key in range(1, EXERCISES + 1)]
    with _timed("filled"):
        fill_workouts(engine, Filling(1, workouts // OF_EACH, OF_EACH), catalogue)
    outside = create_engine(replace(one, name="postgres").url, poolclass=NullPool)
    _alone(outside, f"CREATE DATABASE {other.name} TEMPLATE {one.name}")
    with _timed("partitioned"):
        partition(other, partial(print, flush=True))
    sides = []
    for name, address in (("without", one), ("with", other)):
        engine = create_engine(address.url, poolclass=NullPool)
        _alone(engine, "VACUUM ANALYZE")
        _alone(engine, "CHECKPOINT")
        sides.append((Side(name, engine, *stack.enter_context(_connected(address))), address))
    return sides


@contextmanager
def _timed(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"{what} in {time.monotonic() - begun:.0f} s", flush=True)


def _alone(engine: Engine, statement: str) -> None:
    """Run a statement outside of a transaction."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


def main(workouts: int) -> None:
    """Measure with so many workouts."""
    with running_system((), throwaway=False) as system, ExitStack() as stack:
        sides = make_sides(system, workouts, stack)
        measure([side for side, _ in sides], workouts)
        show([side for side, _ in sides])
        for side, address in sides:
            show_first_use(address, side, workouts)
        for side, _ in sides:
            show_sizes_and_vacuum(side)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else WORKOUTS)
