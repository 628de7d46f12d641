"""Users who are measured, and each kind of request that is measured with them."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from redis import Redis

from benchmarks.crowd import EXERCISES, log, make_workout
from stack.demo import Api
from stack.failures import Failure

SEEN_SECONDS = 10
HEAVY = 1_000
"""Kilograms, far above what is filled in."""


@dataclass
class Subject:
    """A user who is measured.

    Attributes:
        api: signed in as the user.
        id: the user's id.
        workouts: how many were filled in.
        first_workout: the id of the oldest; the others' follow it.
        added: ids of those that were logged since, and will be deleted.
    """

    api: Api
    id: int
    workouts: int
    first_workout: int
    added: list[int] = field(default_factory=list)


class Bench:
    """Sends the requests.

    Args:
        redis: the system's, which is emptied to make a read the first one.
        exercises: ids of the exercises that are done.
    """

    def __init__(self, redis: Redis, exercises: list[int]):
        self.redis = redis
        self.exercises = exercises
        self.chance = random.Random(1)
        self.heaviest = HEAVY

    def page(self, subject: Subject) -> float:
        """Read the first page of one's own workouts."""
        took, answer = self._read(subject, "/api/workouts?page=1&limit=10")
        _check(len(answer) == min(10, subject.workouts), "the page is not full")
        return took

    def workout(self, subject: Subject) -> float:
        """Read a whole workout."""
        wanted = subject.first_workout + self.chance.randrange(subject.workouts)
        took, [answer] = self._read(subject, f"/api/workouts/{wanted}")
        _check(answer["id"] == wanted and len(answer["exercises"]) == 5, "the workout is not whole")
        return took

    def last(self, subject: Subject) -> float:
        """Read what was done the last time of each exercise."""
        ids = ",".join(map(str, self.exercises))
        took, answer = self._read(subject, f"/api/exercises/last?ids={ids}")
        _check(len(answer) == len(self.exercises), "an exercise is missing")
        return took

    def records(self, subject: Subject) -> float:
        """Read all records."""
        took, [answer] = self._read(subject, "/api/stats/personal-records")
        _check(len(answer["records"]) == EXERCISES, "records are missing")
        return took

    def history(self, subject: Subject) -> float:
        """Read the history of one exercise, as far as it is shown if nothing is said."""
        return self._read_history(subject, "")

    def whole_history(self, subject: Subject) -> float:
        """Read the whole history of one exercise."""
        return self._read_history(subject, "?range=all")

    def records_of_exercise(self, subject: Subject) -> float:
        """Read the records of one exercise, with their sets."""
        took, [answer] = self._read(subject, self._path("records"))
        _check(len(answer["records"]) > 0, "records are missing")
        return took

    def rep_maxes(self, subject: Subject) -> float:
        """Read the rep maxes of one exercise."""
        took, [answer] = self._read(subject, self._path("rep-maxes"))
        _check(answer["best_e1rm"] is not None, "the estimate is missing")
        return took

    def muscles(self, subject: Subject) -> float:
        """Read the sets by muscle of as many weeks as all who are measured have trained in."""
        took, [answer] = self._read(subject, "/api/stats/muscles?weeks=2")
        _check(any(week["muscles"] for week in answer["weeks"]), "the muscles are missing")
        return took

    def log_today(self, subject: Subject) -> float:
        """Log a workout of today."""
        return self._log(subject, 0)

    def log_earlier(self, subject: Subject) -> float:
        """Log a workout in the middle of the history."""
        return self._log(subject, subject.workouts // 2)

    def record_today(self, subject: Subject) -> float:
        """Log a record today, and see it."""
        return self._see_record(subject, 0)

    def record_earlier(self, subject: Subject) -> float:
        """Log what would have been a record in the middle of the history, and see it."""
        return self._see_record(subject, subject.workouts // 2)

    def tidy_up(self, subject: Subject) -> None:
        """Delete what was logged, so that the user stays as small as before."""
        for workout_id in subject.added:
            status, _ = subject.api.call("DELETE", f"/api/workouts/{workout_id}")
            _check(status == HTTPStatus.OK, f"a deletion was answered {status}")
        subject.added.clear()

    def _read_history(self, subject: Subject, query: str) -> float:
        took, [answer] = self._read(subject, self._path("history") + query)
        _check(answer["data_points"] and answer["stats"]["lifetime_sets"], "the history is empty")
        return took

    def _path(self, what: str) -> str:
        return f"/api/stats/exercise/{self.exercises[0]}/{what}"

    def _read(self, subject: Subject, path: str) -> tuple[float, list]:
        # without its version no answer is served from a memory, and each kind has its own
        self.redis.flushdb()
        begun = time.perf_counter()
        status, envelope = subject.api.call("GET", path)
        took = time.perf_counter() - begun
        _check(status == HTTPStatus.OK, f"GET {path} was answered {status}")
        return took, envelope["data"]

    def _log(self, subject: Subject, days_ago: int, heaviest: float | None = None) -> float:
        body = make_workout(self.chance, self.exercises, heaviest, days_ago)
        begun = time.perf_counter()
        subject.added.append(log(subject.api, body))
        return time.perf_counter() - begun

    def _see_record(self, subject: Subject, days_ago: int) -> float:
        self.heaviest += 1
        self._log(subject, days_ago, self.heaviest)
        begun = time.perf_counter()
        while time.perf_counter() < begun + SEEN_SECONDS:
            records = subject.api.get("/api/stats/personal-records")["records"]
            if any(
                record.get("max_weight", {}).get("value") == self.heaviest for record in records
            ):
                return time.perf_counter() - begun
            time.sleep(0.001)
        raise Failure(f"a record was not seen within {SEEN_SECONDS} s")


Measured = Callable[[Bench, Subject], float]
READS: dict[str, Measured] = {
    "own workouts, page": Bench.page,
    "one workout": Bench.workout,
    "last time of each exercise": Bench.last,
    "records": Bench.records,
    "history of an exercise": Bench.history,
    "records of an exercise": Bench.records_of_exercise,
    "rep maxes of an exercise": Bench.rep_maxes,
    "sets by muscle": Bench.muscles,
    "history of an exercise, all": Bench.whole_history,
}
LONGER_ANSWERS = {"history of an exercise, all"}
"""Of these the answer itself is longer for who has done more: they are measured, but not judged."""

WRITES: dict[str, Measured] = {
    "log a workout, today": Bench.log_today,
    "log a workout, back-dated": Bench.log_earlier,
    "logged → record visible": Bench.record_today,
    "logged → record visible, back-dated": Bench.record_earlier,
}


def _check(truth: bool, what: str) -> None:
    if not truth:
        raise Failure(what)
