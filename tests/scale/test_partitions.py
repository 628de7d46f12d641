"""The tables of workouts, partitioned under load, and backups and erasures of them afterwards."""

import subprocess
import sys
import time
from contextlib import closing

import pytest

from benchmarks.crowd import find_exercises
from benchmarks.filling import Filling, connected, fill
from services import migrate
from stack.backups import restoring
from stack.backups.backing_up import back_up
from stack.demo import Api
from stack.layout import CHECKOUT
from stack.progress import Progress
from stack.testing import running_system
from tests.api.conftest import register
from tests.api.http_client import Client
from tests.faults.checking import check
from tests.faults.lifters import DONE, FIRST_USER, Crowd
from tests.scale.conftest import SAME, directory
from tests.scale.shown import Shown
from tests.scale.test_backups import settle, wait_until_calm
from tests.services.databases import address_of
from tests.stack.version_before import rows
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(900)

LIFTERS = 8
ANOTHER = "workouts-1"
OTHERS = (FIRST_USER - 10**6, 2 * FIRST_USER)
"""Whose workouts are copied before those of the lifters, and after."""

FILLED = {"users": 250, "workouts": 20}
SECONDS = 300
SLOWEST_SECONDS = 2
COUNTED_SECONDS = 60
PARTITIONED = "SELECT count(*) FROM pg_class WHERE relkind = 'p'"
TABLES = ("workouts", "workout_exercises", "exercise_sets")


@pytest.fixture(scope="module")
def big():
    """A system whose database of workouts holds those of many."""
    with running_system(settings=SAME, directory=directory("partitions")) as system:
        system.start_another("workouts", ANOTHER)
        with closing(Api(system.url)) as api:
            exercises = find_exercises(api)
        with connected(system.environment) as databases:
            for first in OTHERS:
                fill(databases, Filling(first, **FILLED), exercises)
        yield system


@pytest.fixture(scope="module")
def crowd(big):
    """Lifters who have been at work all the time."""
    return Crowd(big, LIFTERS)


@pytest.fixture(scope="module")
def settled(big):
    """An account with everything, of before."""
    return settle(big, 0)


@pytest.fixture(scope="module")
def partitioned(big, settled, crowd):
    """The same system afterwards, and what the command has said."""
    with crowd:
        eventually(lambda: crowd.has_done(200), SECONDS)
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "stack", "partition", "workouts"],
            env=big.environment,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        ended = time.monotonic()
        assert done.returncode == 0, done.stderr
        count = len(crowd.answers)
        eventually(lambda: len(crowd.answers) > count + 300, SECONDS)
    return big, done.stdout, (begun, ended)


def test_nothing_is_lost_and_nobody_waits_for_long(partitioned, crowd, capsys):
    system, said, (begun, ended) = partitioned
    assert rows(system, "workouts", PARTITIONED) == [(len(TABLES),)]
    assert {*crowd.statuses} <= {*DONE, 404}, crowd.statuses
    meanwhile = [each for each in crowd.answers if begun < each.end < ended]
    usual = [each.seconds for each in crowd.answers if each.end < begun]
    slowest = max(each.seconds for each in meanwhile)
    tally = check(crowd, COUNTED_SECONDS)
    with capsys.disabled():
        print(
            f"\n{said}{ended - begun:.1f} s; {len(meanwhile)} requests meanwhile, the slowest "
            f"{slowest:.2f} s, {max(usual):.2f} s before; {dict(crowd.statuses)}; lost, doubled: "
            f"{tally.lost}, {tally.doubled}; counted in {tally.analytics_seconds:.1f} s"
        )
    assert slowest < SLOWEST_SECONDS


def test_everything_is_shown_as_before_and_goes_on(partitioned, settled):
    system, *_ = partitioned
    before = settled.everything()
    # without what is in memories
    for name in ("workouts", ANOTHER):
        system.restart(name)
    assert settled.everything() == before
    shown = Shown(system, register(Client(system.url)).token)
    workout = shown.log(day="2025-05-01", name="New")
    changed = shown.change(workout, name="Renamed")
    wait_until_calm(shown)
    assert shown.ask("GET", f"/api/workouts/{workout['id']}") == [changed]


def test_the_database_is_migrated_as_before(partitioned):
    system, *_ = partitioned
    migrate.migrate("workouts", address_of(system, "workouts"))


def test_an_erased_user_leaves_nothing_and_takes_nothing_of_others(partitioned, crowd):
    system, *_ = partitioned
    user = register(Client(system.url))
    shown = Shown(system, user.token)
    for day in range(1, 8):
        shown.log(day=f"2025-05-0{day}")
    count = "SELECT count(*) FROM exercise_sets"
    [(before,)] = rows(system, "workouts", f"{count} WHERE user_id <> {user.id}")
    password = {"password": user.password}
    gone = Client(system.url).delete("/api/users/me", token=user.token, json=password)
    assert gone.status_code == 202, gone.text
    of_user = f"SELECT count(*) FROM workouts WHERE user_id = {user.id}"
    eventually(lambda: rows(system, "workouts", of_user) == [(0,)], COUNTED_SECONDS)
    eventually(
        lambda: rows(system, "workouts", "SELECT FROM erased_users WHERE erased_at IS NULL") == [],
        COUNTED_SECONDS,
    )
    assert rows(system, "workouts", count) == [(before,)]
    check(crowd, COUNTED_SECONDS)


def test_it_is_backed_up_and_restored(partitioned, settled, target, tmp_path):
    system, *_ = partitioned
    back_up(system.environment, tmp_path / "parts", Progress())
    target.stop_services()
    restoring.restore(target.environment, tmp_path / "parts", Progress(), replace=True)
    target.start_services()
    after = Shown(target, settled.token)
    for path, expected in settled.everything().items():
        assert after.content(path) == expected, path
    assert rows(target, "workouts", PARTITIONED) == [(len(TABLES),)]
    for table in TABLES:
        numbers = f"SELECT count(*), sum(id) FROM {table}"
        assert rows(target, "workouts", numbers) == rows(system, "workouts", numbers)
    after.log(day="2025-05-03", name="After")
