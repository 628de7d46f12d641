"""Lifters who are registered and train for a benchmark, through the public API."""

import random
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from stack.demo import Api
from stack.failures import Failure

PASSWORD = "correct horse battery"
LIFTERS = 12
WORKOUTS = 10
EXERCISES = 30
HEAVIEST = 300
"""Kilograms of the first lifter's record; each further one lifts one more, to be told apart."""

RECORD_SECONDS = 20


@dataclass
class Lifter:
    """A user, and what is known of them.

    Attributes:
        id: the user's id.
        email: to sign in with.
        token: to be signed in.
        record: kilograms of the heaviest set.
        workouts: the ids of the first workouts.
    """

    id: int
    email: str
    token: str
    record: int
    workouts: list[int] = field(default_factory=list)


@dataclass
class Crowd:
    """Those who only read, so that their answers stay the same, and those who write.

    Attributes:
        url: the gateway's base URL.
        exercises: ids of exercises that count repetitions.
        readers: lifters whose workouts stay as they are.
        writers: lifters whose workouts change.
    """

    url: str
    exercises: list[int]
    readers: list[Lifter]
    writers: list[Lifter]


def gather(url: str, lifters: int = LIFTERS) -> Crowd:
    """Register readers and writers, and have each log some workouts.

    Args:
        url: the gateway's base URL.
        lifters: how many readers, and how many writers.
    """
    chance = random.Random(lifters)
    with closing(Api(url)) as api:
        exercises = [entry["id"] for entry in find_exercises(api)]
        everybody = [register(api, HEAVIEST + number) for number in range(2 * lifters)]
        for lifter in everybody:
            _train(api, lifter, exercises, chance)
        for lifter in everybody:
            _wait_for_record(api, lifter)
    return Crowd(url, exercises, everybody[:lifters], everybody[lifters:])


def find_exercises(api: Api) -> list[dict]:
    """Return the first exercises of the catalogue whose sets have a weight and repetitions."""
    _, envelope = api.call("GET", "/api/exercises?limit=100&sort=name&measure=weight_reps")
    counted = envelope["data"]
    if len(counted) < EXERCISES:
        raise Failure("the catalogue has too few exercises")
    return counted[:EXERCISES]


def register(api: Api, record: int) -> Lifter:
    """Register somebody who is new."""
    email = f"bench-{time.time_ns()}@example.com"
    body = {"email": email, "password": PASSWORD, "name": "Bench"}
    user = _made(api.call("POST", "/api/users/register", body))
    return Lifter(user["id"], email, user["token"], record)


def log(api: Api, workout: dict) -> int:
    """Log a workout of whoever is signed in, and return its id."""
    return _made(api.call("POST", "/api/workouts", workout))["id"]


def make_workout(
    chance: random.Random,
    exercises: list[int],
    heaviest: float | None = None,
    days_ago: int | None = None,
) -> dict:
    """Return the body of a workout of 5 exercises with 4 sets each.

    Args:
        chance: chooses exercises, weights and repetitions.
        exercises: to choose from.
        heaviest: kilograms of the first exercise's last set, more than all others weigh.
        days_ago: its day; left out, one of the last eleven weeks.
    """
    done = [_exercise(chance, exercise) for exercise in chance.sample(exercises, 5)]
    if heaviest is not None:
        done[0]["sets"][-1]["weight"] = heaviest
    if days_ago is None:
        days_ago = chance.randint(1, 77)
    day = datetime.now(UTC).date() - timedelta(days=days_ago)
    return {
        "name": "Push day",
        "date": day.isoformat(),
        "duration_minutes": chance.randint(40, 90),
        "exercises": done,
    }


def _train(api: Api, lifter: Lifter, exercises: list[int], chance: random.Random) -> None:
    api.token = lifter.token
    for number in range(WORKOUTS):
        # what is waited for comes last
        heaviest = lifter.record if number == WORKOUTS - 1 else None
        lifter.workouts.append(log(api, make_workout(chance, exercises, heaviest)))


def _exercise(chance: random.Random, exercise_id: int) -> dict:
    weight = chance.randint(40, 140)
    sets = [{"reps": 8, "weight": weight / 2, "set_type": "warmup"}]
    sets += [
        {"reps": chance.randint(3, 12), "weight": weight + 2.5 * number, "rpe": 6 + number}
        for number in range(3)
    ]
    return {"exercise_id": exercise_id, "sets": sets}


def _wait_for_record(api: Api, lifter: Lifter) -> None:
    api.token = lifter.token
    deadline = time.monotonic() + RECORD_SECONDS
    while time.monotonic() < deadline:
        records = api.get("/api/stats/personal-records")["records"]
        if any(record.get("max_weight", {}).get("value") == lifter.record for record in records):
            return
        time.sleep(0.05)
    raise Failure(f"a record was not seen within {RECORD_SECONDS} s")


def _made(answer: tuple[int, dict]) -> dict:
    status, envelope = answer
    if status != HTTPStatus.CREATED:
        raise Failure(f"a benchmark's request was answered {status}: {envelope.get('errors')}")
    return envelope["data"][0]
