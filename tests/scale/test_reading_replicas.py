"""All services on a primary with a replica that is paused, killed and started again under load."""

import threading
import time
from contextlib import contextmanager

import pytest

from stack.testing import SETTINGS, running_system
from tests.faults.checking import check
from tests.faults.lifters import DONE, Crowd, Lifter
from tests.scale.conftest import directory
from tests.scale.replicas import Pair
from tests.services.logbook import ago, body, lift, one
from tests.services.observability.test_metrics import value
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(400)

WATCHERS = 4
LIFTERS = 6
EXERCISE = 1
DAY = ago(3)
PAUSED_SECONDS = 1.0
FOLLOWING_SECONDS = 1.5
UNDER_LOAD_SECONDS = 20
COUNTED_SECONDS = 30
SECONDS = 60


class Watcher(Lifter):
    """A client that looks everywhere at what it has just written, and then again."""

    def step(self):
        self.create()
        self.look_at_list()
        self.read()
        eventually(lambda: self.heaviest() == self.weight, SECONDS)
        # what one read has shown all others show, whether they were cached before or not
        for _ in range(2):
            self.must_show("records", self.heaviest(), self.weight)
            self.must_show("history", self.in_history(), self.weight)
            self.must_show("progress", self.in_progress(), len(self.workouts))
            self.must_show("calendar", self.in_calendar(), len(self.workouts))
            self.look_at_list()
            self.read()

    @property
    def weight(self):
        return 50 + len(self.workouts)

    def make_body(self):
        return body(DAY, lift(EXERCISE, one(5, self.weight + 1)), name=f"{self.weight + 1} kg")

    def look(self):
        """Read what was not kept, in both databases."""
        number = self.random.randrange(10**4)
        self.ask("list", "GET", f"/api/workouts?page={number}")
        self.stats(f"calendar?year={1970 + number % 50}")
        return True

    def must_show(self, what, shown, known):
        if shown != known:
            self.wrong.append((f"stale {what}", shown, known))

    def heaviest(self):
        (found,) = self.stats("personal-records")
        weights = (each.get("max_weight") for each in found["records"])
        return max((weight["value"] for weight in weights if weight), default=0)

    def in_history(self):
        (history,) = self.stats(f"exercise/{EXERCISE}/history?range=all")
        return max(point["max_weight"] for point in history["data_points"])

    def in_progress(self):
        (progress,) = self.stats("progress?period=weekly")
        return sum(week["total_workouts"] for week in progress["weeks"])

    def in_calendar(self):
        (calendar,) = self.stats(f"calendar?year={DAY[:4]}")
        return sum(day["workouts"] for day in calendar["days"])

    def stats(self, path):
        status, data = self.ask("stats", "GET", f"/api/stats/{path}")
        assert status in DONE, data
        return data


@pytest.fixture(scope="module")
def pair():
    with Pair(synchronous=False) as pair:
        yield pair


@pytest.fixture(scope="module")
def system(pair):
    settings = SETTINGS | pair.settings_to_read
    with running_system(settings=settings, directory=directory("replicas")) as running:
        yield running


def answered(system, place, *services):
    """Return how many reads a place has answered."""
    return sum(
        value(system, service, "gym_replica_reads_total", place=place)
        for service in services or ("workouts", "analytics")
    )


@contextmanager
def stopping_and_going_on(pair):
    """Have the replica's replay stand still most of the time."""
    enough = threading.Event()

    def work():
        while not enough.is_set():
            pair.ask(1, "SELECT pg_wal_replay_pause()")
            enough.wait(PAUSED_SECONDS)
            pair.ask(1, "SELECT pg_wal_replay_resume()")
            enough.wait(FOLLOWING_SECONDS)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_nobody_sees_less_than_was_written_while_the_replay_stops(system, pair, capsys):
    crowd = Crowd.of(*(Watcher(system) for _ in range(WATCHERS)))
    with stopping_and_going_on(pair), crowd:
        time.sleep(UNDER_LOAD_SECONDS)
    tally = check(crowd, COUNTED_SECONDS)
    assert (tally.lost, tally.doubled) == (0, 0)
    assert set(crowd.statuses) <= {*DONE}
    counts = [answered(system, place) for place in ("replica", "primary")]
    assert all(counts)
    with capsys.disabled():
        print(f"\nreplay stopped and gone on: {len(crowd.answers)} requests, {shown(counts)}")


@pytest.mark.parametrize("service", ["workouts", "analytics"])
def test_reads_reach_a_replica_that_follows(system, pair, service):
    lifter = Watcher(system)
    lifter.create()
    eventually(lambda: lifter.heaviest() == lifter.weight, SECONDS)
    name = {"workouts": "workout_db", "analytics": "analytics_db"}[service]
    # it may be left alone for what was before
    known = answered(system, "replica", service)
    eventually(lambda: lifter.look() and answered(system, "replica", service) > known, SECONDS)
    before = answered(system, "replica", service), transactions(pair, name)
    for number in range(1, 51):
        # a value of its own each, so that nothing that was kept answers
        paths = {
            "workouts": f"/api/workouts?limit={number}",
            "analytics": f"/api/stats/progress?period=weekly&weeks={number}",
        }
        assert lifter.ask(service, "GET", paths[service])[0] in DONE
    assert answered(system, "replica", service) - before[0] > 40
    eventually(lambda: transactions(pair, name) - before[1] > 80, SECONDS)


def transactions(pair, name):
    statement = f"SELECT xact_commit FROM pg_stat_database WHERE datname = '{name}'"
    return pair.ask(1, statement)[0][0]


def test_no_request_fails_while_it_is_killed_and_back(system, pair, capsys):
    before = [answered(system, place) for place in ("replica", "primary")]
    with Crowd(system, lifters=LIFTERS) as crowd:
        eventually(lambda: crowd.has_done(100), SECONDS)
        pair.kill(1)
        answers = len(crowd.answers)
        eventually(lambda: len(crowd.answers) > answers + 500, SECONDS)
        while_away = [answered(system, place) for place in ("replica", "primary")]
        pair.start(1)
        eventually(lambda: answered(system, "replica") > while_away[0] + 50, SECONDS)
    assert set(crowd.statuses) <= {*DONE}
    tally = check(crowd, COUNTED_SECONDS)
    assert (tally.lost, tally.doubled) == (0, 0)
    counts = [
        answered(system, place) - known
        for place, known in zip(("replica", "primary"), before, strict=True)
    ]
    with capsys.disabled():
        print(
            f"\nkilled and back: {len(crowd.answers)} requests, {dict(crowd.statuses)}, slowest "
            f"{crowd.worst_seconds:.2f} s, {shown(counts)}"
        )


def shown(counts):
    replica, primary = counts
    return f"{replica / (replica + primary):.0%} of {replica + primary:.0f} reads by the replica"
