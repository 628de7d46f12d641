"""The primary of all databases is lost with its disk, and its standby takes over, under load."""

import time

import pytest

from stack.backups.backing_up import back_up
from stack.progress import Progress
from stack.testing import SETTINGS, running_system
from tests.faults.checking import check
from tests.faults.lifters import WRITES, Crowd
from tests.scale.conftest import directory
from tests.scale.postgres import NEWEST, POSITION
from tests.scale.replicas import Pair
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(400)

LIFTERS = 6
BACK_SECONDS = 15
COUNTED_SECONDS = 30
SECONDS = 60


@pytest.fixture(scope="module")
def pair():
    with Pair() as pair:
        yield pair


@pytest.fixture(scope="module")
def system(pair):
    with running_system(settings=SETTINGS | pair.settings, directory=directory("pair")) as running:
        yield running


def test_nothing_is_lost_and_writing_goes_on(system, pair, tmp_path, capsys):
    with Crowd(system, lifters=LIFTERS) as crowd:
        eventually(lambda: crowd.has_done(150), SECONDS)
        [(before,)] = pair.ask(0, NEWEST, database="workout_db")
        lost_at = time.monotonic()
        pair.lose_primary()
        pair.promote()
        promoted_at = time.monotonic()
        eventually(lambda: crowd.seconds_until_good(promoted_at, *WRITES), SECONDS)
        written = len(crowd.answers)
        eventually(lambda: len(crowd.answers) > written + 150, SECONDS)
        back = crowd.seconds_until_good(promoted_at, *WRITES)
    assert back < BACK_SECONDS
    tally = check(crowd, COUNTED_SECONDS)
    assert (tally.lost, tally.doubled) == (0, 0)
    # the feed goes on where it was, and those who follow it with it
    [(after,)] = pair.ask(1, NEWEST, database="workout_db")
    assert after > before
    for database in ("analytics_db", "notifications_db"):
        eventually(
            lambda name=database: pair.ask(1, POSITION, database=name) == [(after,)], SECONDS
        )
    made = back_up(system.environment, tmp_path / "afterwards", Progress())
    assert made.dumps["workouts"].feed_position == after
    with capsys.disabled():
        print(
            f"\npromoted after {promoted_at - lost_at:.1f} s, first write {back:.1f} s later; "
            f"{len(crowd.answers)} requests, {dict(crowd.statuses)}, counted in "
            f"{tally.analytics_seconds:.1f} s"
        )
