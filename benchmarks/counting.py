"""What counting a workout costs, however many there were before, and however many come at once.

Usage: ``.venv/bin/python -m benchmarks.counting [workouts a measurement]``

Starts servers of its own and no services, fills the analytics database, and prints the CPU time
that this process and its PostgreSQL backend took a workout, in milliseconds: for new workouts in
batches of several sizes, for renamed ones, and for ones whose sets were changed. Each workout has 5
exercises with 4 sets, on some day of the last 80.
"""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text

from services.analytics.processing import apply
from services.migrate import migrate
from services.process.settings import Settings
from services.transport.postgres.statements import fetch
from stack.testing import running_system

HISTORIES = (10, 1_000, 10_000)
BATCHES = (1, 10, 50)
WORKOUTS = 200
EXERCISES = 30
USERS_AT_ONCE = 3
FILLING = 200
SEED = 20250216
TICKS = os.sysconf("SC_CLK_TCK")

Work = Callable[[Connection, list[dict]], None]


class Lifters:
    """Makes workouts of users; a whole number of them are in the history before."""

    def __init__(self) -> None:
        self.chance = random.Random(SEED)
        self.today = datetime.now(UTC).date()
        self.last_id = 0

    def workout(self, user_id: int, days: int = 80) -> dict:
        """Return a new workout on some day of the last ones, as the workouts service gives it."""
        self.last_id += 1
        day = self.today - timedelta(days=self.chance.randrange(days))
        return {
            "id": self.last_id,
            "user_id": user_id,
            "version": 1,
            "date": day.isoformat(),
            "duration_minutes": 60,
            "exercises": [
                self.exercise(place, exercise_id)
                for place, exercise_id in enumerate(self.chance.sample(range(1, EXERCISES + 1), 5))
            ],
        }

    def exercise(self, place: int, exercise_id: int) -> dict:
        """Return an exercise of four sets, the first a warm-up."""
        base = self.chance.randrange(40, 140, 5)
        return {
            "exercise_id": exercise_id,
            "exercise_name": f"Exercise {exercise_id}",
            "rep_type": "count",
            "order_index": place + 1,
            "sets": [
                {
                    "id": self.last_id * 20 + place * 4 + number,
                    "set_number": number,
                    "reps": self.chance.randint(3, 12),
                    "weight": base + 2.5 * number,
                    "unit": "kg",
                    "set_type": "warmup" if number == 1 else "normal",
                    "rpe": 4.5 + number,
                    "notes": None,
                }
                for number in range(1, 5)
            ],
        }

    def renamed(self, workout: dict) -> dict:
        """Return a later version of a workout with the same exercises."""
        return {**workout, "version": workout["version"] + 1}

    def changed(self, workout: dict) -> dict:
        """Return a later version of a workout, one of whose exercises has other sets."""
        first, *others = workout["exercises"]
        other = self.exercise(0, first["exercise_id"])
        return {**self.renamed(workout), "exercises": [other, *others]}


def count(connection: Connection, workouts: list[dict]) -> None:
    """Count a batch, as the service does."""
    apply(partial(fetch, connection), workouts, {})


def portions(workouts: list[dict], size: int) -> Iterator[list[dict]]:
    """Cut a list in batches."""
    return (workouts[first : first + size] for first in range(0, len(workouts), size))


def measured(engine: Engine, workouts: list[dict], size: int, work: Work) -> tuple[float, float]:
    """Return the milliseconds of Python and of PostgreSQL a workout."""
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        connection.rollback()
        begun = time.process_time(), backend_seconds(pid)
        for batch in portions(workouts, size):
            with connection.begin():
                work(connection, batch)
        ended = time.process_time(), backend_seconds(pid)
    here, there = (1000 * (ended[i] - begun[i]) / len(workouts) for i in (0, 1))
    return here, there


def backend_seconds(pid: int) -> float:
    """Return the CPU time that a process took."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main(workouts: int = WORKOUTS, work: Work = count) -> None:
    """Measure and print."""
    lifters = Lifters()
    with running_system(services=()) as system:
        address = Settings.from_environment(system.environment).databases["analytics"]
        migrate("analytics", address)
        # one connection, so that every statement is prepared but once
        engine = create_engine(address.url, pool_size=1, max_overflow=0)
        print(f"{'history':>8} {'':12} {'batch':>6} {'Python':>8} {'PostgreSQL':>11}   (ms CPU)")
        for history in HISTORIES:
            users = range(history * 100, history * 100 + USERS_AT_ONCE)
            fill(engine, lifters, users, history, work)
            new = []
            for size in BATCHES:
                new = [lifters.workout(lifters.chance.choice(users)) for _ in range(workouts)]
                report(history, "new", size, measured(engine, new, size, work))
            renamed = list(map(lifters.renamed, new))
            report(history, "renamed", 10, measured(engine, renamed, 10, work))
            changed = list(map(lifters.changed, renamed))[: workouts // 4]
            report(history, "changed", 1, measured(engine, changed, 1, work))


def fill(engine: Engine, lifters: Lifters, users: range, history: int, work: Work) -> None:
    """Give each user a history, over as many days as it has workouts."""
    for user_id in users:
        workouts = [lifters.workout(user_id, max(80, history)) for _ in range(history)]
        for batch in portions(workouts, FILLING):
            with engine.begin() as connection:
                work(connection, batch)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def report(history: int, kind: str, size: int, found: tuple[float, float]) -> None:
    """Print a line."""
    print(f"{history:8,} {kind:12} {size:6} {found[0]:8.2f} {found[1]:11.2f}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
