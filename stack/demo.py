"""``gym demo``: logs two years of workouts through the public API, and shows the statistics.

The plan is made from a fixed seed, every workout has an idempotency key, and every weight an
external id, so running the demo again adds nothing.
"""

import http.client
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote, urlsplit

from stack.failures import Failure
from stack.progress import Progress, Step

SEED = 20250216
WEEKS = 104
ACCOUNT = {
    # not that of earlier demos, whose workouts have the same idempotency keys
    "email": "demo.athlete@gym.com",
    "password": "two-years-of-iron",
    "name": "Demo Lifter",
}
ANALYTICS_SECONDS = 30
REQUEST_SECONDS = 30
CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
BAR_WIDTH = 40

BENCH, SQUAT, DEADLIFT, PULL_UPS, RUNNING, PLANK = range(1, 7)
ASSISTED_PULL_UPS = "Assisted Pull-ups"
PLAN: list[tuple[str, int, list[tuple[int | str, float, int]]]] = [
    ("Push day", 0, [(BENCH, 60.0, 5), (PLANK, 0, 60)]),
    ("Leg day", 2, [(SQUAT, 80.0, 5), (PLANK, 0, 75)]),
    ("Pull day", 4, [(DEADLIFT, 100.0, 4), (PULL_UPS, 0, 6), (ASSISTED_PULL_UPS, 30.0, 8)]),
    ("Long run", 5, [(RUNNING, 0, 5000)]),
]
"""Name, day of the week, and exercises with their first weight (kg) and repetitions, seconds or
metres. Exercises by name have another id in every database."""

SUPERSET = (PULL_UPS, ASSISTED_PULL_UPS)
RUN_SECONDS = 1800

WEEKS_BETWEEN_WEIGHTS = 4
LAST_WEIGHT = 82.5

GAIN = 0.0045
"""Relative gain of weight per week at the beginning; it decreases over time."""


class Api:
    """A client of the gateway that keeps its connection.

    Args:
        url: the gateway's base URL.

    Raises:
        Failure: the URL is invalid.
    """

    def __init__(self, url: str):
        try:
            parts = urlsplit(url)
            make = CONNECTIONS[parts.scheme]
            self._connection = make(parts.hostname or "", parts.port, timeout=REQUEST_SECONDS)
        except (KeyError, ValueError):
            raise Failure(f"{url} is no URL such as http://localhost:8080") from None
        self._url, self._path = url, parts.path.rstrip("/")
        self.token = ""

    def call(
        self, method: str, path: str, body: dict | None = None, key: str | None = None
    ) -> tuple[int, dict]:
        """Send a request and return its status and its envelope.

        Raises:
            Failure: there is no response, or none of a gateway.
        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key:
            headers["Idempotency-Key"] = key
        text = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, self._path + path, text, headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException) as problem:
            raise Failure(f"{self._url} does not answer: {problem}") from None
        except ValueError:
            raise Failure(f"{self._url} is no gym tracker: {answer.status}, no JSON") from None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, path: str) -> dict:
        """Return the first item of a response."""
        status, envelope = self.call("GET", path)
        if status != http.client.OK:
            raise Failure(f"GET {path} was answered {status}: {envelope['errors'][0]['message']}")
        return envelope["data"][0]


def main(url: str) -> None:
    """Log the lifter's workouts and print the statistics.

    Args:
        url: the gateway's base URL.

    Raises:
        Failure: the gateway refused something.
    """
    with closing(Api(url)) as api:
        _run(api)


def _run(api: Api) -> None:
    _sign_in(api)
    assisted = api.get(f"/api/exercises/search?q={quote(ASSISTED_PULL_UPS)}")["id"]
    workouts = list(plan(datetime.now(UTC).date(), {ASSISTED_PULL_UPS: assisted}))
    shown = Progress(sys.stderr)
    with shown.step("logging two years of workouts") as step:
        for number, workout in enumerate(workouts, start=1):
            _log(api, workout)
            step.tick(f"{number} of {len(workouts)}")
    _weigh(api, datetime.now(UTC).date())
    with shown.step("waiting for the numbers") as step:
        _wait_for_numbers(api, workouts, step)
    _show(api)


def plan(today: date, ids: dict[str, int]) -> Iterator[dict]:
    """Make the lifter's workouts up to today, oldest first.

    Args:
        today: the last day.
        ids: of the exercises that :data:`PLAN` has by name.
    """
    chance = random.Random(SEED)
    monday = today - timedelta(days=today.weekday())
    strength = 1.0
    for week in range(WEEKS):
        strength *= 1 + GAIN * (1 - week / WEEKS) + chance.uniform(-0.002, 0.002)
        for name, weekday, exercises in PLAN:
            day = monday - timedelta(weeks=WEEKS - 1 - week) + timedelta(days=weekday)
            skipped = chance.random() < 0.08
            if day <= today and not skipped:
                yield {
                    "name": name,
                    "date": day.isoformat(),
                    "duration_minutes": chance.randint(35, 80),
                    "exercises": [
                        {"exercise_id": ids.get(str(exercise), exercise)}
                        | _exercise(chance, strength, exercise, weight, size)
                        for exercise, weight, size in exercises
                    ],
                }


def _exercise(
    chance: random.Random, strength: float, exercise: int | str, weight: float, size: int
) -> dict:
    if exercise == RUNNING:
        return {"sets": [{"distance_m": size, "duration_seconds": round(RUN_SECONDS / strength)}]}
    if exercise in SUPERSET:
        # the stronger, the less is taken off
        done = {"reps": round(size * strength * chance.uniform(0.9, 1.1))}
        help_needed = {"weight": _plates(weight / strength**2)} if weight else {}
        return {"superset": 1, "sets": [done | help_needed] * 3}
    if not weight:
        held = round(size * strength * chance.uniform(0.9, 1.1))
        return {"sets": [{"duration_seconds": held}] * 3}
    top = _plates(weight * strength * chance.uniform(0.95, 1.02))
    sets = [{"reps": 8, "weight": _plates(top * 0.5), "set_type": "warmup"}]
    sets += [{"reps": size, "weight": top, "rpe": chance.choice([7.5, 8, 8.5, 9])}] * 3
    sets += [{"reps": size + 3, "weight": _plates(top * 0.8), "set_type": "backoff"}]
    return {"sets": sets}


def _plates(weight: float) -> float:
    return round(weight / 2.5) * 2.5


def _sign_in(api: Api) -> None:
    status, envelope = api.call("POST", "/api/users/register", ACCOUNT)
    if status == http.client.CONFLICT:
        credentials = {name: ACCOUNT[name] for name in ("email", "password")}
        status, envelope = api.call("POST", "/api/users/login", credentials)
    if status >= http.client.BAD_REQUEST:
        raise Failure(f"the demo lifter can't sign in: {envelope['errors'][0]['message']}")
    api.token = envelope["data"][0]["token"]


def _log(api: Api, workout: dict) -> None:
    key = f"demo-{workout['date']}"
    status, envelope = api.call("POST", "/api/workouts", workout, key)
    if status != http.client.CREATED:
        message = envelope["errors"][0]["message"]
        raise Failure(f"the workout of {workout['date']} was answered {status}: {message}")


def _weigh(api: Api, today: date) -> None:
    """Tell the lifter's weight of every fourth week."""
    chance = random.Random(SEED)
    for ago in range(WEEKS - WEEKS % WEEKS_BETWEEN_WEIGHTS, -1, -WEEKS_BETWEEN_WEIGHTS):
        day = today - timedelta(days=today.weekday(), weeks=ago)
        weight = {
            "kind": "weight",
            "value": round(LAST_WEIGHT - 0.04 * ago + chance.uniform(-0.4, 0.4), 1),
            "unit": "kg",
            "measured_at": f"{day}T06:30:00Z",
            "external_id": f"demo-{day}",
        }
        status, envelope = api.call("PUT", "/api/measurements", weight)
        if status >= http.client.BAD_REQUEST:
            message = envelope["errors"][0]["message"]
            raise Failure(f"the weight of {day} was answered {status}: {message}")


def _wait_for_numbers(api: Api, workouts: list[dict], step: Step) -> None:
    expected = sum(workout["exercises"][0]["exercise_id"] == BENCH for workout in workouts)
    deadline = time.monotonic() + ANALYTICS_SECONDS
    while time.monotonic() < deadline:
        stats = api.get(f"/api/stats/exercise/{BENCH}/history")["stats"]
        if stats["lifetime_workouts"] >= expected:
            return
        step.tick()
        time.sleep(0.2)
    raise Failure("analytics has not counted the workouts yet; look at ./gym logs analytics")


def _show(api: Api) -> None:
    print("\nPersonal records")
    for record in api.get("/api/stats/personal-records")["records"]:
        print(f"  {record['exercise_name']}")
        for kind in ("max_weight", "max_reps", "max_volume"):
            if kind in record:
                print(f"    {_record(kind, record[kind])}")
    _show_rep_maxes(api)
    history = api.get(f"/api/stats/exercise/{BENCH}/history?range=1year&unit=month")
    print(f"\n{history['exercise_name']}, heaviest set of each month, kg")
    _bars({point["date"][:7]: point["max_weight"] for point in history["data_points"]})
    print(f"  last 30 days against the 30 before: {history['stats']['trend_30d']}")
    progress = api.get("/api/stats/progress?weeks=12")
    print("\nVolume of the last 12 weeks, kg × repetitions")
    _bars({week["week_start"]: week["total_volume"] for week in progress["weeks"]})
    _, weights = api.call("GET", "/api/measurements?kind=weight&limit=3")
    latest = ", ".join(f"{each['value']} on {each['measured_at'][:10]}" for each in weights["data"])
    print(f"\nBody weight, kg: {latest}")


def _show_rep_maxes(api: Api) -> None:
    shown = api.get(f"/api/stats/exercise/{BENCH}/records")
    for record in shown["records"]:
        if record["kind"] == "best_e1rm":
            made_by = record["set"]
            print(f"\n{shown['exercise_name']}, estimated one-rep max")
            print(
                f"  {record['value']:,} {record['unit']} by {record['formula']}, "
                f"from {made_by['reps']} × {made_by['weight']:,} {made_by['unit']} "
                f"on {record['achieved_date']}"
            )
    shown = api.get(f"/api/stats/exercise/{BENCH}/rep-maxes")
    print("  heaviest for so many repetitions, and what the estimate allows")
    for row in shown["rep_maxes"]:
        heaviest, estimated = row["at_least"], row["estimated"]
        if heaviest and estimated:
            lifted = f"{heaviest['weight']:,} {heaviest['unit']}"
            print(f"  {row['reps']:>4} {lifted:>12} {estimated['weight']:>9,} {estimated['unit']}")


def _record(kind: str, record: dict) -> str:
    name = kind.removeprefix("max_")
    before = f", before {record['previous']:,}" if record["previous"] is not None else ""
    value = f"{record['value']:,} {record['unit']}"
    return f"{name:<7} {value:>16}  on {record['achieved_date']}{before}"


def _bars(values: dict[str, float]) -> None:
    most = max(values.values(), default=0) or 1
    for label, value in values.items():
        print(f"  {label:<11}{'█' * round(BAR_WIDTH * value / most):<{BAR_WIDTH}} {value:,}")
