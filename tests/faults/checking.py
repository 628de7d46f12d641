"""The check in which every fault ends: all that was acknowledged is there once, and counted."""

import time
from collections import Counter
from dataclasses import dataclass

from tests.faults.lifters import BROKEN, DONE
from tests.services.logbook import today
from tests.services.recount import SEED_REP_TYPES, Recount
from tests.waiting import eventually

ANALYTICS_SECONDS = 10
ALLOWED = {200, 201, 409, 503, 504}


@dataclass
class Tally:
    """What a check found."""

    lost: int
    doubled: int
    analytics_seconds: float | None = None


def check(crowd, seconds=ANALYTICS_SECONDS, statuses=frozenset()):
    """Compare what the lifters were promised with what is there.

    Args:
        crowd: the lifters, no longer at work.
        seconds: how long after the last write analytics may take.
        statuses: allowed besides the usual ones.
    """
    begun = time.monotonic()
    wrong = [problem for lifter in crowd.lifters for problem in lifter.wrong]
    assert not wrong, wrong[0]
    # a DELETE whose answer was lost had been done when it was sent again
    seen = {a.status for a in crowd.answers if (a.what, a.status) != ("delete", 404)}
    assert seen <= ALLOWED | statuses, crowd.statuses
    lost = doubled = 0
    for lifter in crowd.lifters:
        names = Counter(everything(lifter))
        promised = {workout["name"] for workout in lifter.workouts.values()}
        lost += len(promised - names.keys())
        doubled += sum(names.values()) - len(names)
        assert names.keys() <= promised, "something is there that was deleted or overwritten"
    assert (lost, doubled) == (0, 0)
    for lifter in crowd.lifters:
        assert_counted(lifter, begun + seconds)
    return Tally(lost, doubled, time.monotonic() - begun)


def everything(lifter):
    """Return the names of all workouts of a lifter, once for each time that it is there."""
    names, page = [], 1
    while True:
        path = f"/api/workouts?limit=100&page={page}&sort=created_at"
        status, data = fetch(lifter, path)
        assert status in DONE, data
        names += [item["name"] for item in data]
        if len(data) < 100:
            return names
        page += 1


def fetch(lifter, path):
    """Ask until there is an answer other than an outage."""
    return eventually(lambda: _answer(lifter, path), seconds=10)


def _answer(lifter, path):
    status, data = lifter.ask("check", "GET", path)
    assert status not in (BROKEN, 503, 504), data
    return status, data


def assert_counted(lifter, end):
    """Compare the analytics of a lifter with an independent recount."""
    wait_until_counted(lifter, lifter.workouts.values(), SEED_REP_TYPES, end)


def wait_until_counted(lifter, workouts, rep_types, end):
    """Wait until the analytics of a lifter equal an independent recount.

    Args:
        lifter: whose.
        workouts: all that the lifter has.
        rep_types: how the repetitions of each exercise count, by its id.
        end: when they must, on the monotonic clock.
    """
    recount = Recount(workouts, rep_types, today())
    records = recount.personal_records()
    progress = {period: recount.progress(period) for period in ("weekly", "monthly")}
    histories = {
        exercise_id: recount.exercise_history(exercise_id, "all")
        for exercise_id in rep_types
        if exercise_id in recount.names
    }

    def compare():
        _, (found,) = fetch(lifter, "/api/stats/personal-records")
        assert found == records
        for period, expected in progress.items():
            _, (found,) = fetch(lifter, f"/api/stats/progress?period={period}")
            assert found == expected
        for exercise_id, expected in histories.items():
            path = f"/api/stats/exercise/{exercise_id}/history?range=all"
            _, (found,) = fetch(lifter, path)
            assert found["data_points"] == expected["data_points"]
            assert found["stats"] == expected["stats"]
        return True

    eventually(compare, seconds=max(end - time.monotonic(), 0.5))
