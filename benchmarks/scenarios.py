"""What ``gym bench`` measures: for each scenario its requests, and what their answers must hold."""

import http.client
import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from urllib.parse import urlsplit

from benchmarks.crowd import PASSWORD, Crowd, Lifter, log, make_workout, register
from stack.demo import Api
from stack.failures import Failure

REQUESTS = 360
CONNECTIONS = 16
_PATHS_OF_FILES = re.compile(r'="(/app/[^"]+)"')
SETS = 20
"""Of a workout."""

LOGIN_CONNECTIONS = 4
"""More would only wait: signing in keeps a core busy for the time of one bcrypt."""

Make = Callable[[Crowd, random.Random], Iterator[dict]]
"""Yields requests as :mod:`benchmarks.load` takes them."""


@dataclass(frozen=True)
class Scenario:
    """One line of the table.

    Attributes:
        words: what is done.
        make: yields its requests, without an end.
        connections: how many ask at the same time.
        only_waits: what counts is the time from a write to its effect, not the single request.
    """

    words: str
    make: Make
    connections: int = CONNECTIONS
    only_waits: bool = False

    def requests(self, crowd: Crowd) -> list[dict]:
        """Return its requests."""
        return list(islice(self.make(crowd, random.Random(self.words)), REQUESTS))


def request(
    method: str,
    path: str,
    token: str = "",
    body: dict | None = None,
    status: int = 200,
    wanted: tuple[str, ...] = (),
    headers: tuple[str, ...] = (),
) -> dict:
    """Return a request as :mod:`benchmarks.load` takes it.

    Args:
        method: of HTTP.
        path: with its query.
        token: of whoever asks.
        body: a JSON value.
        status: which must be answered.
        wanted: what must stand in the answer.
        headers: further lines.
    """
    text = "" if body is None else json.dumps(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(text)}"]
    # the number comes last, so that all before it is the same each time
    before = "\r\n".join([*lines, "X-Request-ID: "])
    return {
        "before": before,
        "after": f"\r\n\r\n{text}",
        "status": status,
        "wanted": list(wanted),
    }


def _steady(url: str, path: str, token: str = "") -> dict:
    """Return a read whose answer must stay what it is now, to the letter."""
    return request("GET", path, token, wanted=(_data(url, path, token),))


@lru_cache(maxsize=4096)
def _data(url: str, path: str, token: str) -> str:
    return _get(url, path, token).partition(',"meta":')[0]


def _get(url: str, path: str, token: str = "") -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if answer.status != http.client.OK:
        raise Failure(f"GET {path} was answered {answer.status}: {text}")
    return text


def one_exercise(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Read one exercise."""
    while True:
        yield _steady(crowd.url, f"/api/exercises/{chance.choice(crowd.exercises)}")


def page_of_exercises(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Read a filtered page of exercises."""
    while True:
        difficulty = chance.choice(["beginner", "intermediate"])
        query = f"category=strength&difficulty={difficulty}&page={chance.randint(1, 2)}&limit=10"
        yield _steady(crowd.url, f"/api/exercises?{query}")


def file_of_the_page(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Read a file of the web app, as a browser does that has none of it."""
    paths = sorted(set(_PATHS_OF_FILES.findall(_get(crowd.url, "/"))))
    while True:
        asked = request(
            "GET",
            chance.choice(paths),
            headers=("Accept-Encoding: gzip, deflate, br",),
            wanted=("Content-Encoding: ", "immutable"),
        )
        yield asked | {"echo": "X-Request-ID: b%d\r\n"}


def sign_in(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Sign in with the right password."""
    while True:
        lifter = chance.choice(crowd.writers)
        body = {"email": lifter.email, "password": PASSWORD}
        wanted = ('"token":"ey', f'"email":"{lifter.email}"')
        yield request("POST", "/api/users/login", body=body, wanted=wanted)


def own_workouts(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Read the first page of one's own workouts."""
    while True:
        yield _steady(
            crowd.url, "/api/workouts?page=1&limit=10", chance.choice(crowd.readers).token
        )


def one_workout(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Read a whole workout of one's own."""
    while True:
        lifter = chance.choice(crowd.readers)
        yield _steady(crowd.url, f"/api/workouts/{chance.choice(lifter.workouts)}", lifter.token)


def records(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Read one's own records."""
    while True:
        yield _steady(crowd.url, "/api/stats/personal-records", chance.choice(crowd.readers).token)


def log_workout(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Log a workout."""
    while True:
        yield _log(crowd, chance, chance.choice(crowd.writers))


def one_set_more(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Save today's workout anew whenever a set of it is done, as many apps do."""
    with closing(Api(crowd.url)) as api:
        begun = [_begin_today(api, crowd, chance) for _ in range(CONNECTIONS)]
    while True:
        for count in range(1, SETS + 1):
            for path, token, exercises in begun:
                body = {"exercises": _first_sets(exercises, count)}
                yield request("PUT", path, token, body, wanted=('"exercises":',))


def _begin_today(api: Api, crowd: Crowd, chance: random.Random) -> tuple[str, str, list[dict]]:
    lifter = chance.choice(crowd.writers)
    api.token = lifter.token
    workout = make_workout(chance, crowd.exercises, days_ago=0)
    path = f"/api/workouts/{log(api, workout)}"
    return path, lifter.token, workout["exercises"]


def _first_sets(exercises: list[dict], count: int) -> list[dict]:
    kept = []
    for exercise in exercises:
        sets = exercise["sets"][:count]
        count -= len(sets)
        if sets:
            kept.append({**exercise, "sets": sets})
    return kept


def record_seen(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Log a workout with a new record, and look until the record is there."""
    with closing(Api(crowd.url)) as api:
        lifter = register(api, 0)
    while True:
        lifter.record += 1
        yield _log(crowd, chance, lifter, heaviest=1000 + lifter.record)
        seen = request(
            "GET",
            "/api/stats/personal-records",
            lifter.token,
            wanted=(f'"value":{1000 + lifter.record},',),
        )
        yield seen | {"until": True}


def mix(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    """Do all of it: 80 reads to 20 writes, by lifters whose every write outdates their reads."""
    while True:
        kinds = [one_exercise] * 5 + [page_of_exercises] * 3 + [_changing_page] * 3
        kinds += [_changing_workout] * 3 + [_changing_records] * 2 + [log_workout] * 3 + [_rename]
        chance.shuffle(kinds)
        for kind in kinds:
            yield next(kind(crowd, chance))


def _log(
    crowd: Crowd, chance: random.Random, lifter: Lifter, heaviest: float | None = None
) -> dict:
    body = make_workout(chance, crowd.exercises, heaviest)
    wanted = (f'"user_id":{lifter.id},', f'"date":"{body["date"]}"', '"rpe":8')
    return request("POST", "/api/workouts", lifter.token, body, 201, wanted)


def _changing_page(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    lifter = chance.choice(crowd.writers)
    wanted = (f'"user_id":{lifter.id},', '"total_items":')
    yield request("GET", "/api/workouts?page=1&limit=10", lifter.token, wanted=wanted)


def _changing_workout(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    lifter = chance.choice(crowd.writers)
    workout_id = chance.choice(lifter.workouts)
    wanted = (f'"data":[{{"id":{workout_id},"user_id":{lifter.id},', '"rpe":8')
    yield request("GET", f"/api/workouts/{workout_id}", lifter.token, wanted=wanted)


def _changing_records(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    lifter = chance.choice(crowd.writers)
    wanted = (f'"value":{lifter.record},',)
    yield request("GET", "/api/stats/personal-records", lifter.token, wanted=wanted)


def _rename(crowd: Crowd, chance: random.Random) -> Iterator[dict]:
    lifter = chance.choice(crowd.writers)
    workout_id, name = chance.choice(lifter.workouts), f"Renamed {chance.randint(1, 99)}"
    wanted = (f'"id":{workout_id},', f'"name":"{name}"')
    yield request("PUT", f"/api/workouts/{workout_id}", lifter.token, {"name": name}, 200, wanted)


SCENARIOS = {
    "exercise": Scenario("one exercise", one_exercise),
    "exercises": Scenario("page of exercises", page_of_exercises),
    "page": Scenario("a file of the web app", file_of_the_page),
    "login": Scenario("sign in", sign_in, LOGIN_CONNECTIONS),
    "workouts": Scenario("own workouts, page", own_workouts),
    "workout": Scenario("one workout", one_workout),
    "records": Scenario("records", records),
    "log": Scenario("log a workout, 5 × 4 sets", log_workout),
    "set": Scenario("one set more", one_set_more),
    "visible": Scenario("logged → record visible", record_seen, 1, only_waits=True),
    "mix": Scenario("the mix", mix),
    "mix-64": Scenario("the mix", mix, 64),
}
