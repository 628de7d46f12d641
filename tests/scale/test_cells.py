"""Two cells behind one gateway: who is where, and buckets of users that move under load."""

import itertools
import re
import signal
import time
from contextlib import suppress

import psycopg2
import pytest

from services.process.cells import ARRIVED, ARRIVING, GONE, LEAVING
from services.process.settings import Settings
from services.restoring import emptying
from services.restoring.connecting import CannotRestore
from stack.backups.backing_up import back_up
from stack.failures import Failure
from stack.progress import Progress
from stack.testing import SETTINGS, running_system
from tests.faults.checking import check
from tests.faults.lifters import DONE, WRITES, Crowd, Lifter
from tests.scale import cells
from tests.scale.cells import (
    CELL,
    ask,
    begin_command,
    begin_second_cell,
    process_of,
    run_command,
    user_in,
)
from tests.scale.conftest import directory
from tests.services.logbook import ago, body, lift, one
from tests.stack.version_before import rows
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(600)

MOVED, STAYING, EMPTY = 17, 18, 19
"""Buckets: one moves under load, one stays, one moves before anybody is in it."""

NUMBERS = itertools.count(100)
"""Of the users who are at work while something breaks."""

MOVING = {LEAVING, ARRIVING, ARRIVED}
LOOK_SECONDS = 0.02
TRIES = 10

LIFTERS = 5
SECONDS = 20
COUNTED_SECONDS = 60
WRITES_BEFORE = 60
WRITES_AFTER = 30
CELLS = ("", CELL)
KEPT = {"workouts": "workouts", "analytics": "processed_workouts"}
"""By service, a table with a row for each workout."""


@pytest.fixture(scope="module")
def system():
    with running_system(settings=SETTINGS | cells.SETTINGS, directory=directory("cells")) as system:
        begin_second_cell(system)
        run_command(system, "prepare")
        yield system


@pytest.fixture(scope="module")
def emptied(system):
    """Have the bucket that nobody is in yet be in the second cell."""
    run_command(system, "move", str(EMPTY), CELL)


def make_body(weight):
    return body(ago(3), lift(1, one(5, weight)), name=f"{weight} kg")


def rows_of(system, user_id, cell):
    """Return how many rows a user has in the databases of a cell, by service."""
    return {
        service: ask(
            system, service, f"SELECT count(*) FROM {table} WHERE user_id = {user_id}", cell=cell
        )[0][0]
        for service, table in KEPT.items()
    }


def log(lifter, weight):
    status, (made,) = lifter.ask("create", "POST", "/api/workouts", make_body(weight))
    assert status in DONE, made
    return made


def heaviest(lifter):
    _, (found,) = lifter.ask("stats", "GET", "/api/stats/personal-records")
    assert "records" in found, found
    return max(each["max_weight"]["value"] for each in found["records"])


def wait_until_counted(lifter, weight):
    def is_counted():
        assert heaviest(lifter) == weight
        return True

    eventually(is_counted, SECONDS)


@pytest.mark.parametrize(("bucket", "cell", "other"), [(STAYING, "", CELL), (EMPTY, CELL, "")])
def test_a_user_is_served_by_the_cell_that_has_the_bucket(system, emptied, bucket, cell, other):
    lifter = Lifter(system, user_id=user_in(bucket))
    made = log(lifter, 100)
    wait_until_counted(lifter, 100)
    path = f"/api/workouts/{made['id']}"
    assert lifter.ask("read", "GET", path) == (200, [made])
    assert lifter.ask("edit", "PUT", path, {"name": "heavy"})[0] == 200
    assert lifter.ask("list", "GET", "/api/workouts")[1][0]["name"] == "heavy"
    assert rows_of(system, lifter.user_id, cell) == dict.fromkeys(KEPT, 1)
    assert rows_of(system, lifter.user_id, other) == dict.fromkeys(KEPT, 0)


def test_an_administrator_sees_workouts_of_all_cells(system, emptied):
    lifters = [Lifter(system, user_id=user_in(bucket, 50)) for bucket in (STAYING, EMPTY)]
    administrator = Lifter(system, user_id=user_in(EMPTY, 51))
    rows(system, "users", f"UPDATE users SET role = 'admin' WHERE id = {administrator.user_id}")
    for lifter in lifters:
        made = log(lifter, 100)
        path = f"/api/workouts/{made['id']}"
        assert administrator.ask("read", "GET", path) == (200, [made])
    assert administrator.ask("read", "GET", "/api/workouts/9007199254740991")[0] == 404


def move(system, bucket, cell):
    return run_command(system, "move", str(bucket), cell or "first")


def test_a_bucket_moves_there_and_back_under_load_and_loses_nothing(system, capsys):
    moving = [Lifter(system, user_id=user_in(MOVED, each)) for each in range(LIFTERS)]
    staying = [Lifter(system, user_id=user_in(STAYING, each + 1)) for each in range(2)]
    told, crowd = [], Crowd.of(*moving, *staying)
    with crowd:
        for cell in (CELL, ""):
            writes = sum(answer.what in WRITES for answer in crowd.answers)
            eventually(lambda enough=writes + WRITES_BEFORE: crowd.has_done(enough), SECONDS)
            begun = time.monotonic()
            printed = move(system, MOVED, cell)
            seconds = time.monotonic() - begun
            pauses = [longest_pause(lifter) for lifter in moving]
            fenced = re.search(r"([\d.]+) s without writes", printed)[1]
            told.append(f"{seconds:.1f} s, fenced {fenced} s, longest pauses {pauses}")
            for lifter in moving:
                rows = [
                    rows_of(system, lifter.user_id, each)["workouts"]
                    for each in (cell, other(cell))
                ]
                assert rows[0] > 0
                assert rows[1] == 0
    tally = check(crowd, COUNTED_SECONDS)
    with capsys.disabled():
        print(f"\nmoved: {told}; {crowd.statuses}; counted after {tally.analytics_seconds:.1f} s")


def other(cell):
    return "" if cell else CELL


def longest_pause(lifter):
    """Return the most seconds that a write of a lifter took."""
    return max(answer.seconds for answer in list(lifter.answers) if answer.what in WRITES)


def test_what_would_have_but_one_cell_is_no_backup(system, emptied, tmp_path):
    with pytest.raises(Failure, match="in other cells") as refusal:
        back_up(system.environment, tmp_path / "backup", Progress())
    assert "docs/backup.md" in str(refusal.value)
    addresses = Settings.from_environment(system.environment).databases
    with pytest.raises(CannotRestore, match="in other cells"):
        emptying.check(addresses, replace=True)


def kill_mover(system, process):
    process.kill()


def kill_services(service):
    return lambda system, process: [system.kill(process_of(service, cell)) for cell in CELLS]


def kill_part(name):
    return lambda system, process: system.kill(name)


FAULTS = {
    "the mover killed": kill_mover,
    "workouts of both cells killed": kill_services("workouts"),
    "analytics of both cells killed": kill_services("analytics"),
    "RabbitMQ killed": kill_part("rabbitmq"),
    "workout-db of both cells killed": kill_part("workout-db"),
    "analytics-db of both cells killed": kill_part("analytics-db"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_breaks_while_a_bucket_moves_loses_nothing(system, fault, capsys):
    crowd = Crowd.of(*(Lifter(system, user_id=user_in(MOVED, next(NUMBERS))) for _ in range(5)))
    cell = CELL if states(system)[0] != GONE else ""
    with crowd:
        eventually(lambda: crowd.has_done(WRITES_BEFORE), SECONDS)
        broken = move_on(system, cell, FAULTS[fault])
        done = sum(answer.what in WRITES and answer.status in DONE for answer in crowd.answers)
        eventually(lambda: crowd.has_done(done + WRITES_AFTER), SECONDS)
    tally = check(crowd, COUNTED_SECONDS)
    assert len(broken) > 1
    assert (states(system)[0] == GONE) == bool(cell)
    with capsys.disabled():
        print(f"\n{fault}, {sorted(map(str, broken))}")
        print(f"{len(crowd.answers)} {crowd.statuses} worst {crowd.worst_seconds:.1f} {tally}")


def move_on(system, cell, fault):
    """Move the bucket, and break something in each pair of states that it has in the two cells.

    Returns:
        These pairs.
    """
    broken = set()
    for _ in range(TRIES):
        process = begin_command(system, "move", str(MOVED), cell or "first")
        while process.poll() is None:
            found = states(system)
            if MOVING & {*found} and found not in broken:
                broken.add(found)
                with suppress(Failure):
                    fault(system, process)
            time.sleep(LOOK_SECONDS)
        printed, _ = process.communicate()
        if process.returncode == 0:
            return broken
        assert process.returncode in (1, -signal.SIGKILL), printed
    raise AssertionError(printed)


def states(system):
    """Return what the moved bucket is in each cell, as far as it can be asked."""
    query = f"SELECT state FROM bucket_states WHERE bucket = {MOVED}"
    try:
        found = [ask(system, "workouts", query, cell=cell) for cell in CELLS]
    except psycopg2.OperationalError:
        return (None, None)
    return tuple(rows[0][0] if rows else None for rows in found)
