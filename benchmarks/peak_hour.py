"""The busiest hour of the week, as people train: Monday from seven, one set at a time.

Usage: ``.venv/bin/python -m benchmarks.peak_hour [--users 100000] [--speed 1] [--minutes 10]
[--at-the-end]``

Starts a system of its own and fills its databases with users. How many of them train and how is
what real exports of Strong and Hevy show (808 workouts): 4.7 of 100 workouts of a week begin on
Monday between seven and eight in the evening, half of them take 77 minutes or more, with 18 sets of
5 exercises. The app reads what a lifter did the last time, saves the workout after each set, or
once at the end, and shows the records. Who was training already goes on.

Time passes ``--speed`` times as fast: 100,000 users at 6 are the load of 600,000. Requests are sent
when they are due, however long those before them take, and their time runs from then on. At the end
the workouts that are stored and counted are compared with what was acknowledged.
"""

import argparse
import asyncio
import json
import math
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import Engine, text

from benchmarks.catalogue import tidy
from benchmarks.crowd import find_exercises
from benchmarks.filling import Databases, Filling, add_users, connected, fill
from benchmarks.quick import IN_EARNEST
from benchmarks.usage import PARTS, Usage
from services import auth
from services.process.settings import Settings
from stack.demo import Api
from stack.testing import running_system

WORKOUTS_A_WEEK = 3
SHARE_OF_PEAK_HOUR = 0.047
MINUTES = 77
SETS = 18
EXERCISES = 5

BEFORE = 3
"""Workouts that each of them has logged before."""

GATHERING_SECONDS = 300
"""In which those who train already save what they have done so far: more writes than later."""

CONNECTIONS = 256
SILENCE_SECONDS = 30
COUNTED_SECONDS = 60
READING, LAST_TIME, FIRST_SET, SET, RECORDS = (
    "workouts, page",
    "last time of 5 exercises",
    "first set (POST)",
    "one set more (PUT)",
    "records, first read",
)
KINDS = (READING, LAST_TIME, FIRST_SET, SET, RECORDS)


@dataclass
class Measured:
    """What was due in the hour, after those who trained already were gathered.

    Attributes:
        seconds: of each answer from the moment it was due, by kind.
        failures: answers that were not as wanted, by what they were.
        begun: when the hour began; until then nothing is noted.
        has_ended: whether it is over.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: Counter[str] = field(default_factory=Counter)
    begun: float = math.inf
    has_ended: bool = False

    def note(self, kind: str, due: float, status: int) -> None:
        """Note an answer that has just come."""
        if due < self.begun or self.has_ended:
            return
        self.seconds[kind].append(time.monotonic() - due)
        if status not in (200, 201):
            self.failures[f"{kind}: {status or 'no answer'}"] += 1


class Pool:
    """Connections to the gateway that are kept."""

    def __init__(self, url: str):
        self._place = urlsplit(url)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def ask(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Send a request; return the status, 0 if none came, and the body."""
        async with self._places:
            while True:
                is_new = not self._free
                try:
                    streams = await self._connect() if is_new else self._free.pop()
                    exchange = _exchange(*streams, head, body)
                    answer = await asyncio.wait_for(exchange, SILENCE_SECONDS)
                except (OSError, EOFError, TimeoutError) as problem:
                    # the gateway may close what rests just when it is used again
                    if is_new or isinstance(problem, TimeoutError):
                        return 0, b""
                    continue
                self._free.append(streams)
                return answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._place.hostname, self._place.port)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, body: bytes
) -> tuple[int, bytes]:
    writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return int(answer[9:12]), await reader.readexactly(int(length or 0))


@dataclass(frozen=True)
class Habit:
    """How all of them train.

    Attributes:
        pause: seconds between two sets.
        each_set: whether the app saves after each set, instead of once at the end.
    """

    pause: float
    each_set: bool


@dataclass
class Lifter:
    """Somebody who trains in that hour.

    Attributes:
        id: the user's id.
        token: to be signed in.
        exercises: the ids of what they do.
        saved: the number of sets of the workout as it was last acknowledged; 0 for none.
    """

    id: int
    token: str
    exercises: list[int]
    saved: int = 0
    _workout: int = 0

    def body_of(self, sets: int) -> bytes:
        """Return the workout as it is after so many sets."""
        done: dict[int, list[dict]] = {}
        for number in range(sets):
            exercise = self.exercises[number * EXERCISES // SETS]
            done.setdefault(exercise, []).append({"reps": 5 + number % 4, "weight": 60 + number})
        exercises = [{"exercise_id": each, "sets": done[each]} for each in done]
        return json.dumps({"date": time.strftime("%Y-%m-%d"), "exercises": exercises}).encode()

    async def ask(
        self, pool: Pool, measured: Measured, kind: str, target: str, body: bytes = b""
    ) -> tuple[int, bytes]:
        """Send a request of this lifter's."""
        head = (
            f"{target} HTTP/1.1\r\nHost: gym\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\n"
        )
        due = time.monotonic()
        status, answer = await pool.ask(head.encode(), body)
        measured.note(kind, due, status)
        return status, answer

    async def save(self, pool: Pool, measured: Measured, sets: int) -> None:
        """Save the workout with so many sets."""
        if self._workout:
            target = f"PUT /api/workouts/{self._workout}"
            status, _ = await self.ask(pool, measured, SET, target, self.body_of(sets))
        else:
            status, answer = await self.ask(
                pool, measured, FIRST_SET, "POST /api/workouts", self.body_of(sets)
            )
            if status == 201:
                self._workout = json.loads(answer)["data"][0]["id"]
        if status in (200, 201):
            self.saved = sets

    async def begin(self, pool: Pool, measured: Measured) -> None:
        """Open the app in the gym."""
        await self.ask(pool, measured, READING, "GET /api/workouts?limit=10")
        ids = ",".join(map(str, self.exercises))
        await self.ask(pool, measured, LAST_TIME, f"GET /api/exercises/last?ids={ids}")

    async def go_on(self, pool: Pool, measured: Measured, done: int, habit: Habit) -> None:
        """Do the sets that are left, and look at the records."""
        for sets in range(done + 1, SETS + 1):
            if habit.each_set or sets == SETS:
                await self.save(pool, measured, sets)
            await asyncio.sleep(random.uniform(0.5, 1.5) * habit.pause)
        await self.ask(pool, measured, RECORDS, "GET /api/stats/personal-records")


async def train(
    url: str, lifters: list[Lifter], options: argparse.Namespace, usage: Usage
) -> tuple[Measured, float, dict[str, float]]:
    """Let the time pass; return what was measured, its seconds and the processor time by part."""
    pool, measured = Pool(url), Measured()
    habit = Habit(MINUTES * 60 / SETS / options.speed, not options.at_the_end)
    at_once = round(len(lifters) * MINUTES / (MINUTES + options.minutes))
    tasks = []
    for number, lifter in enumerate(lifters[:at_once]):
        tasks.append(asyncio.create_task(_join(lifter, pool, measured, habit)))
        if habit.each_set and number % 10 == 0:
            await asyncio.sleep(GATHERING_SECONDS * 10 / at_once)
    before = usage.cpu_seconds()
    begun = measured.begun = time.monotonic()
    seconds = options.minutes * 60 / options.speed
    coming = sorted(random.uniform(0, seconds) for _ in lifters[at_once:])
    for due, lifter in zip(coming, lifters[at_once:], strict=True):
        await asyncio.sleep(max(begun + due - time.monotonic(), 0))
        tasks.append(asyncio.create_task(_come(lifter, pool, measured, habit)))
    await asyncio.sleep(max(begun + seconds - time.monotonic(), 0))
    measured.has_ended = True
    taken, after = time.monotonic() - begun, usage.cpu_seconds()
    # once is not enough: before Python 3.12 wait_for() may swallow it if its answer comes just then
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=1)
    return measured, taken, {part: after[part] - before[part] for part in PARTS}


async def _join(lifter: Lifter, pool: Pool, measured: Measured, habit: Habit) -> None:
    done = random.randrange(1, SETS)
    if habit.each_set:
        await lifter.save(pool, measured, done)
    await asyncio.sleep(random.random() * habit.pause)
    await lifter.go_on(pool, measured, done, habit)


async def _come(lifter: Lifter, pool: Pool, measured: Measured, habit: Habit) -> None:
    await lifter.begin(pool, measured)
    await lifter.go_on(pool, measured, 0, habit)


def make_lifters(
    first_user: int, count: int, exercises: list[dict], environment: Mapping[str, str]
) -> list[Lifter]:
    """Return so many of the users who were filled in, signed in."""
    settings, now = Settings.from_environment(environment), time.time()
    lifters = []
    for user_id in range(first_user, first_user + count):
        user = {"id": user_id, "email": "", "name": "", "role": "user"}
        chosen = [each["id"] for each in random.sample(exercises, EXERCISES)]
        lifters.append(Lifter(user_id, auth.issue(user, settings, now), chosen))
    return lifters


def compare(databases: Databases, lifters: list[Lifter], first_workout: int) -> str:
    """Return in a line how many of the acknowledged workouts have other sets."""
    statement = "SELECT user_id, max(set_count) FROM workouts WHERE id >= :first GROUP BY user_id"
    stored = _pairs(databases.workouts, statement, first_workout)
    saved = {lifter.id: lifter.saved for lifter in lifters if lifter.saved}
    # a request that was broken off at the end may have been carried out: one set more
    others = sum(not sets <= stored.get(user, 0) <= sets + 1 for user, sets in saved.items())
    return f"{len(saved):,} workouts were acknowledged, {others} of them have other sets"


def uncounted(databases: Databases, first_workout: int) -> int:
    """Return how many workouts analytics has not counted as they are now."""
    now = _pairs(
        databases.workouts, "SELECT id, version FROM workouts WHERE id >= :first", first_workout
    )
    counted = _pairs(
        databases.analytics,
        "SELECT workout_id, version FROM processed_workouts WHERE workout_id >= :first",
        first_workout,
    )
    return sum(counted.get(workout) != version for workout, version in now.items())


def wait_until_counted(databases: Databases, first_workout: int) -> str:
    """Wait until analytics has counted everything, and return how long that took."""
    begun = time.monotonic()
    while left := uncounted(databases, first_workout):
        if time.monotonic() - begun > COUNTED_SECONDS:
            return f"{left:,} were not counted after {COUNTED_SECONDS} s"
        time.sleep(0.5)
    return f"all were counted {time.monotonic() - begun:.0f} s after the last request"


def _pairs(engine: Engine, statement: str, first: int) -> dict[int, int]:
    with engine.connect() as connection:
        rows = connection.execute(text(statement), {"first": first})
        return {row[0]: row[1] for row in rows}


def show(measured: Measured, taken: float, cpu: Mapping[str, float]) -> None:
    """Print what was measured in the hour."""
    print(f"{'':26}{'a second':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'most ms':>9}")
    for kind in filter(measured.seconds.get, KINDS):
        in_order = sorted(measured.seconds[kind])
        places = (0.5, 0.95, 0.99, 1)
        times = [in_order[min(int(len(in_order) * p), len(in_order) - 1)] * 1000 for p in places]
        columns = "".join(f"{each:>9.1f}" for each in times)
        print(f"{kind:26}{len(in_order) / taken:>10.1f}{columns}")
    print("processors busy: ", end="")
    print(", ".join(f"{part} {seconds / taken:.2f}" for part, seconds in cpu.items()))
    print(f"not as wanted: {dict(measured.failures) or 'nothing'}")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=100_000, help="how many there are")
    parser.add_argument("--speed", type=float, default=1, help="how many times as fast time passes")
    parser.add_argument("--minutes", type=float, default=10, help="of the hour that are measured")
    parser.add_argument("--at-the-end", action="store_true", help="workouts are saved once")
    return parser


def main() -> None:
    """Measure, and print it."""
    options = make_parser().parse_args()
    beginning = options.users * WORKOUTS_A_WEEK * SHARE_OF_PEAK_HOUR / 60
    count = round(beginning * (MINUTES + options.minutes))
    with (
        running_system(settings=IN_EARNEST, throwaway=False) as system,
        connected(system.environment) as databases,
    ):
        with closing(Api(system.url)) as api:
            exercises = find_exercises(api)
        first_user = add_users(databases, options.users)
        fill(databases, Filling(first_user, count, BEFORE), exercises)
        others = Filling(first_user + count, options.users - count, exercises=2, sets=2)
        last = fill(databases, others, exercises) + others.users - 1
        for engine in (databases.users, databases.workouts, databases.analytics):
            tidy(engine)
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("CHECKPOINT"))
        # commits wait behind what the kernel has still to write
        os.sync()
        lifters = make_lifters(first_user, count, exercises, system.environment)
        usage = Usage(system)
        measured, taken, cpu = asyncio.run(train(system.url, lifters, options, usage))
        print(
            f"{options.users:,} users at {options.speed:g} times the speed: "
            f"{options.minutes:g} minutes in {taken:.0f} s, {count:,} lifters"
        )
        show(measured, taken, cpu)
        print(f"{compare(databases, lifters, last + 1)}; {wait_until_counted(databases, last + 1)}")


if __name__ == "__main__":
    main()
