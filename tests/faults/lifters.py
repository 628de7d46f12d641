"""Lifters: clients that log workouts while things break, and remember what they were promised.

A lifter insists: it sends a write again until it is acknowledged, and only then goes on. So at
each moment it knows exactly what must be there, with at most one write under way.
"""

import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass

import requests
from urllib3.exceptions import NewConnectionError

from services.auth import issue
from services.process.settings import Settings
from tests.accounts import open_account
from tests.services.logbook import ago, body, lift, one

CLIENT_SECONDS = 20
INSISTING_SECONDS = 60
PAUSE_SECONDS = 0.02
AFTER_FAILURE_SECONDS = 0.1
EXERCISES = (1, 2, 3, 6)
BROKEN = 0
"""In the place of a status: the connection broke, as it does when the gateway itself is killed."""

DONE = (200, 201)
NOT_NOW = (BROKEN, 409, 503, 504)
FIRST_USER = 10**12


@dataclass(frozen=True)
class Answered:
    """What came of one request."""

    at: float
    seconds: float
    what: str
    status: int

    @property
    def end(self):
        return self.at + self.seconds


class Lifter:
    """One client, with a user of its own.

    Args:
        system: the running system.
        others: the base URLs of further gateways.
        user_id: the user, if it is one who has another client, too.
    """

    def __init__(self, system, others=(), user_id=None):
        self.random = random.Random()
        self.urls = [system.url, *others]
        self.user_id = user_id or FIRST_USER + random.randrange(10**9)
        open_account(system, self.user_id)
        user = {"id": self.user_id, "email": "l@example.com", "name": None, "role": "user"}
        token = issue(user, Settings.from_environment(system.environment), time.time())
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.answers = []
        self.workouts = {}
        self.wrong = []

    # -- requests ------------------------------------------------------------------------------

    def ask(self, what, method, path, json=None, headers=None):
        """Send a request; return its status and its data, or the errors."""
        at = time.monotonic()
        status, content = BROKEN, {}
        for _ in self.urls:
            try:
                answer = self.session.request(
                    method, self.urls[0] + path, json=json, headers=headers, timeout=CLIENT_SECONDS
                )
                status, content = answer.status_code, answer.json()
                break
            except requests.ConnectionError as problem:
                # as a load balancer does, it goes to another gateway when one does not listen
                self.urls.append(self.urls.pop(0))
                if not isinstance(getattr(problem.args[0], "reason", None), NewConnectionError):
                    break
        self.answers.append(Answered(at, time.monotonic() - at, what, status))
        return status, content.get("errors") or content.get("data")

    def insist(self, what, method, path, json=None, headers=None, fine=DONE):
        """Send a write until it is done; return the last status and data."""
        end = time.monotonic() + INSISTING_SECONDS
        tries = 0
        while True:
            tries += 1
            status, data = self.ask(what, method, path, json, headers)
            if status in fine or (tries > 1 and method == "DELETE" and status == 404):
                return status, data
            if status not in NOT_NOW or time.monotonic() > end:
                raise AssertionError(f"{method} {path}: {status} {data} after {tries} tries")
            time.sleep(AFTER_FAILURE_SECONDS)

    # -- what a lifter does --------------------------------------------------------------------

    def create(self):
        key = {"Idempotency-Key": uuid.uuid4().hex}
        _, (workout,) = self.insist("create", "POST", "/api/workouts", self.make_body(), key)
        self.workouts[workout["id"]] = workout
        return workout

    def edit(self):
        workout_id = self._any()
        path = f"/api/workouts/{workout_id}"
        _, (workout,) = self.insist("edit", "PUT", path, self.make_body())
        self.workouts[workout_id] = workout

    def remove(self):
        workout_id = self._any()
        self.insist("delete", "DELETE", f"/api/workouts/{workout_id}")
        del self.workouts[workout_id]

    def read(self):
        """Read one's own writes."""
        workout_id = self._any()
        status, data = self.ask("read", "GET", f"/api/workouts/{workout_id}")
        if status in DONE and data != [self.workouts[workout_id]]:
            self.wrong.append(("stale", workout_id, data, self.workouts[workout_id]))
        elif status not in (*DONE, *NOT_NOW):
            self.wrong.append((status, workout_id, data))

    def look_at_list(self):
        status, data = self.ask("list", "GET", "/api/workouts?limit=100&sort=created_at:desc")
        if status in DONE:
            shown = {item["id"]: item["version"] for item in data}
            known = {key: workout["version"] for key, workout in self.workouts.items()}
            newest = dict(sorted(known.items(), reverse=True)[:100])
            if len(shown) != len(newest) or (len(known) < 100 and shown != known):
                self.wrong.append(("stale list", shown, known))

    def look_at_stats(self):
        self.ask("stats", "GET", "/api/stats/personal-records")

    def search(self):
        self.ask("search", "GET", "/api/exercises?limit=5")

    def step(self):
        """Do one thing."""
        acts = [self.create] * 6 + [self.search] + [self.look_at_stats] * 2
        if self.workouts:
            acts += [self.edit] * 4 + [self.remove] + [self.read] * 4 + [self.look_at_list] * 2
        self.random.choice(acts)()

    def _any(self):
        return self.random.choice(list(self.workouts))

    def make_body(self):
        pick = self.random
        lifts = [
            lift(
                exercise_id,
                *(
                    one(
                        pick.randint(0, 12),
                        pick.choice([None, pick.randint(0, 400) / 2]),
                        pick.choice(["kg", "lb"]),
                        set_type=pick.choice(["normal", "warmup"]),
                    )
                    for _ in range(pick.randint(1, 4))
                ),
            )
            for exercise_id in pick.sample(EXERCISES, pick.randint(0, 3))
        ]
        return body(
            ago(pick.randint(0, 80)),
            *lifts,
            name=uuid.uuid4().hex,
            duration_minutes=pick.choice([None, 45, 60]),
        )


class Crowd:
    """Lifters at work, each in a thread of its own.

    Args:
        system: the running system.
        lifters: how many.
        others: the base URLs of further gateways.
    """

    def __init__(self, system, lifters=8, others=()):
        self.lifters = [Lifter(system, others) for _ in range(lifters)]
        self.problems = []
        self._enough = threading.Event()
        self._threads = []

    def __enter__(self):
        self._threads = [
            threading.Thread(target=self._work, args=(lifter,), daemon=True)
            for lifter in self.lifters
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *problem):
        self._enough.set()
        for thread in self._threads:
            thread.join(INSISTING_SECONDS + CLIENT_SECONDS)
        if problem[0] is None:
            assert not self.problems, self.problems[0]

    @classmethod
    def of(cls, *lifters):
        """Make a crowd of lifters that there are."""
        crowd = cls(None, lifters=0)
        crowd.lifters = [*lifters]
        return crowd

    @property
    def answers(self):
        return [answer for lifter in self.lifters for answer in list(lifter.answers)]

    @property
    def statuses(self):
        return Counter(answer.status for answer in self.answers)

    @property
    def worst_seconds(self):
        return max(answer.seconds for answer in self.answers)

    def seconds_until_good(self, since, *whats):
        """Return how long after a moment the first request sent after it was answered well."""
        ends = [
            answer.end
            for answer in self.answers
            if answer.status in DONE and answer.end > since and (not whats or answer.what in whats)
        ]
        assert ends, f"nothing good came after it: {self.statuses}"
        return min(ends) - since

    def has_done(self, count):
        """Tell whether so many writes have been acknowledged."""
        return sum(a.status in DONE and a.what in WRITES for a in self.answers) >= count

    def _work(self, lifter):
        try:
            while not self._enough.is_set():
                lifter.step()
                time.sleep(PAUSE_SECONDS)
        except BaseException as problem:
            self.problems.append(problem)


WRITES = ("create", "edit", "delete")
