"""Sixteen processes of a service on forty connections of its database, by a PgBouncer."""

import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager

import pytest

from services.transport.postgres.connecting import connect
from services.transport.postgres.sessions import missing_settings
from stack.backups.backing_up import back_up
from stack.layout import CHECKOUT
from stack.progress import Progress
from stack.testing import SETTINGS
from tests.faults.checking import check
from tests.faults.lifters import DONE, WRITES, Crowd
from tests.scale.pgbouncer import pooled_system, shown
from tests.services.databases import address_of
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(900)

PROCESSES = 16
CONNECTIONS = 40
LIFTERS = 48
"""More than there are connections; each has one request under way."""

FEW_LIFTERS = 12
BACK_SECONDS = 15
COUNTED_SECONDS = 60
SECONDS = 120
LOOK_SECONDS = 0.02
COUNT = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
        AND application_name <> 'the test'
"""


@pytest.fixture(scope="module")
def pooled():
    with pooled_system("pooled", CONNECTIONS, SETTINGS) as (system, pooler):
        for number in range(1, PROCESSES):
            system.start_another("workouts", f"workouts-{number}")
        yield system, pooler


def own_session(system, service):
    """Connect to the server of a database, and be told apart from services."""
    return connect(address_of(system, service), application_name="the test")


class Sessions:
    """How many sessions PostgreSQL has of a service's database, looked at all the time."""

    def __init__(self, system, service):
        self.most = 0
        self._connection = own_session(system, service)
        self._connection.autocommit = True
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *problem):
        self._enough.set()
        self._thread.join()
        self._connection.close()

    def _look(self):
        with self._connection.cursor() as cursor:
            while not self._enough.wait(LOOK_SECONDS):
                cursor.execute(COUNT)
                self.most = max(self.most, cursor.fetchone()[0])


@contextmanager
def locked_workouts(system):
    """Have whoever reads or writes workouts wait."""
    with closing(own_session(system, "workouts")) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE workouts IN ACCESS EXCLUSIVE MODE")
        yield
        holder.rollback()


def run(system, *command):
    return subprocess.run(
        [sys.executable, "-m", *command],
        env=system.environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_sessions_have_the_settings_of_the_role(pooled):
    system, _ = pooled
    address = address_of(system, "workouts")
    # neither has options
    for place in (address, address.pooler):
        with closing(connect(place)) as connection:
            assert missing_settings(connection) == []


def test_a_service_does_not_start_on_sessions_that_nothing_bounds(pooled):
    system, pooler = pooled
    address = address_of(system, "notifications")
    with closing(connect(address)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"ALTER ROLE CURRENT_USER IN DATABASE {address.name} RESET ALL")
    pooler.ask(f"RECONNECT {address.name}")
    eventually(lambda: "statement_timeout" in _missing(address.pooler), SECONDS)
    refused = run(system, "services.run", "notifications")
    assert refused.returncode == 2
    assert "lacks settings of the role (statement_timeout" in refused.stdout + refused.stderr
    pooler.ask(f"RECONNECT {address.name}")
    eventually(lambda: _missing(address.pooler) == [], SECONDS)
    system.stop("notifications")
    system.start("notifications")


def test_a_backup_goes_to_the_servers_themselves(pooled, tmp_path):
    system, _ = pooled
    made = back_up(system.environment, tmp_path / "pooled", Progress())
    assert "workouts" in made.dumps


def _missing(address):
    with closing(connect(address)) as connection:
        connection.autocommit = True
        return missing_settings(connection)


def test_more_requests_than_connections(pooled, capsys):
    system, pooler = pooled
    with Sessions(system, "workouts") as sessions:
        with Crowd(system, LIFTERS) as crowd:
            eventually(lambda: crowd.has_done(300), SECONDS)
            with locked_workouts(system):
                waiting = eventually(lambda: _waiting(pooler), SECONDS)
            eventually(lambda: crowd.has_done(900), SECONDS)
        tally = check(crowd, COUNTED_SECONDS)
    assert sessions.most == CONNECTIONS
    assert (tally.lost, tally.doubled) == (0, 0)
    _show(
        capsys,
        f"{shown(pooler.version)}: {len(crowd.answers)} requests on {sessions.most} connections, "
        f"{waiting} clients waited for one, {dict(crowd.statuses)}, counted in "
        f"{tally.analytics_seconds:.1f} s",
    )


def _waiting(pooler):
    """Return how many transactions wait while all sessions of workouts are taken; fail if none."""
    [pool] = [pool for pool in pooler.ask("SHOW POOLS") if pool["database"] == "workout_db"]
    assert pool["sv_active"] == CONNECTIONS, pool
    assert pool["cl_waiting"] > 0, pool
    return pool["cl_waiting"]


def test_a_pooler_that_was_killed(pooled, capsys):
    system, pooler = pooled
    with Sessions(system, "workouts") as sessions, Crowd(system, FEW_LIFTERS) as crowd:
        eventually(lambda: crowd.has_done(150), SECONDS)
        pooler.kill()
        eventually(lambda: crowd.statuses[503], SECONDS)
        pooler.start()
        back = _seconds_until_back(crowd)
    assert sessions.most <= CONNECTIONS
    tally = check(crowd, COUNTED_SECONDS)
    assert (tally.lost, tally.doubled) == (0, 0)
    _show(capsys, f"pooler killed: {_in_words(back, crowd, tally)}")


def test_a_server_that_was_killed(pooled, capsys):
    system, _ = pooled
    with Crowd(system, FEW_LIFTERS) as crowd:
        eventually(lambda: crowd.has_done(150), SECONDS)
        system.kill("workout-db")
        eventually(lambda: crowd.statuses[503], SECONDS)
        system.wait_ready(["workout-db"])
        back = _seconds_until_back(crowd)
    tally = check(crowd, COUNTED_SECONDS)
    assert (tally.lost, tally.doubled) == (0, 0)
    _show(capsys, f"server killed: {_in_words(back, crowd, tally)}")


def test_tables_that_are_partitioned_meanwhile(pooled, capsys):
    system, _ = pooled
    with Crowd(system, FEW_LIFTERS) as crowd:
        eventually(lambda: crowd.has_done(150), SECONDS)
        done = run(system, "services.partitioning", "workouts")
        assert done.returncode == 0, done.stderr
        written = len(crowd.answers)
        eventually(lambda: len(crowd.answers) > written + 300, SECONDS)
    tally = check(crowd, COUNTED_SECONDS)
    assert {*crowd.statuses} <= {*DONE, 404}, crowd.statuses
    _show(
        capsys, f"{done.stdout}{dict(crowd.statuses)}, lost, doubled: {tally.lost}, {tally.doubled}"
    )


def _seconds_until_back(crowd):
    """Return how long it takes from now to a write that is acknowledged, and let much follow."""
    now = time.monotonic()
    seconds = eventually(lambda: crowd.seconds_until_good(now, *WRITES), SECONDS)
    assert seconds < BACK_SECONDS
    written = len(crowd.answers)
    eventually(lambda: len(crowd.answers) > written + 300, SECONDS)
    return seconds


def _in_words(back, crowd, tally):
    return (
        f"first write {back:.1f} s after it was back; {len(crowd.answers)} requests, "
        f"{dict(crowd.statuses)}, counted in {tally.analytics_seconds:.1f} s"
    )


def _show(capsys, text):
    with capsys.disabled():
        print(f"\n{text}")
