"""Where a database is read from that has replicas, which follow it by streaming replication."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from psycopg2.extensions import get_wait_callback, set_wait_callback

from services.dependencies.database import Database
from services.process import budgets
from services.process.settings import SETTINGS_KEY, Settings
from services.transport.postgres.statements import Statement
from stack.layout import LOOPBACK
from tests.scale.replicas import Pair
from tests.waiting import eventually

PORT = Statement("SELECT inet_server_port()")
WRITE = Statement("INSERT INTO written VALUES (:number)")
LAST = Statement("SELECT max(number), inet_server_port() FROM written")
SLOWLY = Statement("SELECT max(number), inet_server_port(), pg_sleep(0.3) FROM written")
NAME = "workout_db"
SECONDS = 20


@pytest.fixture(scope="module")
def pair():
    with Pair(synchronous=False) as pair:
        make_table(pair)
        yield pair


@pytest.fixture
def database(pair):
    with opened(pair, 0, [1]) as database:
        eventually(lambda: last(database)[1] == pair.ports[1], SECONDS)
        yield database


def make_table(pair):
    pair.ask(0, "CREATE TABLE written (number integer)", database=NAME)
    pair.ask(0, "INSERT INTO written VALUES (0)", database=NAME)


@contextmanager
def opened(pair, primary, replicas, user="postgres"):
    """Give the dependency of a database whose primary and replicas are those servers."""
    variables = pair.settings | {
        "WORKOUT_DB_HOST": LOOPBACK,
        "WORKOUT_DB_PORT": str(pair.ports[primary]),
        "WORKOUT_DB_REPLICAS": ",".join(f"{LOOPBACK}:{pair.ports[each]}" for each in replicas),
    }
    address = replace(Settings.from_environment(variables).databases["workouts"], user=user)
    before = get_wait_callback()
    database = Database("workouts")
    settings = SimpleNamespace(databases={"workouts": address})
    database.container = SimpleNamespace(config={SETTINGS_KEY: settings})
    database.setup()
    try:
        yield database
    finally:
        database.stop()
        set_wait_callback(before)


@contextmanager
def paused(pair):
    """Let the replica receive what is written, and show nothing of it."""
    pair.ask(1, "SELECT pg_wal_replay_pause()")
    eventually(lambda: pair.ask(1, "SELECT pg_get_wal_replay_pause_state()") == [("paused",)])
    try:
        yield
    finally:
        pair.ask(1, "SELECT pg_wal_replay_resume()")


def last(database):
    """Return the last number, and the port of the server that told it."""
    [found] = database.reading(lambda fetch: fetch(LAST))
    return found


def test_what_was_just_written_is_read_and_replicas_take_their_share(pair, database):
    ports = set()
    for number in range(1, 500):
        database.fetch(WRITE, number=number)
        shown, port = last(database)
        assert shown == number
        ports.add(port)
    eventually(lambda: last(database) == (499, pair.ports[1]), SECONDS)
    assert ports <= {*pair.ports}


def test_one_that_stands_still_is_read_until_something_is_written(pair, database):
    number, _ = last(database)
    with paused(pair):
        eventually(lambda: last(database) == (number, pair.ports[1]), SECONDS)
        for later in range(number + 1, number + 200):
            database.fetch(WRITE, number=later)
            assert last(database) == (later, pair.ports[0])
        time.sleep(2 * budgets.REPLICA_BEHIND_SECONDS[1])
        assert last(database) == (later, pair.ports[0])
    eventually(lambda: last(database) == (later, pair.ports[1]), SECONDS)


def test_the_primary_answers_while_one_is_away(pair, database):
    number, _ = last(database)
    pair.kill(1)
    assert last(database) == (number, pair.ports[0])
    database.fetch(WRITE, number=number + 1)
    assert last(database) == (number + 1, pair.ports[0])
    pair.start(1)
    eventually(lambda: last(database) == (number + 1, pair.ports[1]), SECONDS)


def test_one_that_is_frozen_is_waited_for_once(pair, database):
    number, _ = last(database)
    frozen = backends(pair)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert last(database) == (number, pair.ports[0])
        assert time.monotonic() - begun < budgets.REPLICA_SECONDS + 1
        begun = time.monotonic()
        for _ in range(50):
            assert last(database) == (number, pair.ports[0])
        assert time.monotonic() - begun < budgets.REPLICA_SECONDS
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    eventually(lambda: last(database) == (number, pair.ports[1]), SECONDS)


def backends(pair):
    """Return the processes of the replica: its first one, and those of its connections."""
    rows = pair.ask(
        1,
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
        "AND pid <> pg_backend_pid()",
    )
    return [pair.postmaster(1), *(pid for (pid,) in rows)]


def test_a_read_that_the_replay_cancels_is_answered_by_the_primary(pair, database):
    pair.ask(1, "ALTER SYSTEM SET max_standby_streaming_delay = 0", "SELECT pg_reload_conf()")
    number, _ = last(database)
    places = []

    def read(fetch):
        [(_, port)] = fetch(LAST)
        places.append(port)
        # the replay can't take the lock of the table that this statement reads
        threading.Timer(0.1, lock).start()
        [(shown, _, _)] = fetch(SLOWLY)
        return shown

    def lock():
        pair.ask(0, "LOCK TABLE written IN ACCESS EXCLUSIVE MODE; ANALYZE", database=NAME)

    assert database.reading(read) == number
    assert places == [pair.ports[1], pair.ports[0]]
    pair.ask(1, "ALTER SYSTEM RESET max_standby_streaming_delay", "SELECT pg_reload_conf()")


def test_what_a_read_raises_itself_is_no_failure_of_the_replica(pair, database):
    def read(fetch):
        raise LookupError(fetch(PORT)[0][0])

    for _ in range(2):
        with pytest.raises(LookupError, match=str(pair.ports[1])):
            database.reading(read)


def test_a_role_without_privileges_reads_from_it_too(pair):
    pair.ask(0, "CREATE ROLE plain LOGIN", "GRANT SELECT ON written TO plain", database=NAME)
    wait_until_followed(pair, 1)
    with opened(pair, 0, [1], user="plain") as database:
        eventually(lambda: last(database)[1] == pair.ports[1], SECONDS)


def test_a_primary_among_the_replicas_is_no_replica(pair):
    with opened(pair, 0, [0]) as database:
        assert last(database)[1] == pair.ports[0]
    # nor is a standby that is taken for the primary asked for more than a read
    with opened(pair, 1, [1]) as database:
        assert last(database)[1] == pair.ports[1]


def test_one_of_several_that_is_behind_leaves_the_reads_to_the_others():
    with Pair(synchronous=False, standbys=2) as trio:
        make_table(trio)
        with opened(trio, 0, [1, 2]) as database:
            eventually(lambda: last(database)[1] == trio.ports[1], SECONDS)
            eventually(lambda: last(database)[1] == trio.ports[2], SECONDS)
            with paused(trio):
                database.fetch(WRITE, number=1)
                eventually(lambda: last(database) == (1, trio.ports[2]), SECONDS)
                assert trio.ports[1] not in {last(database)[1] for _ in range(50)}


def test_one_that_was_promoted_by_mistake_is_not_read_any_more():
    with Pair(synchronous=False) as pair:
        make_table(pair)
        with opened(pair, 0, [1]) as database:
            eventually(lambda: last(database)[1] == pair.ports[1], SECONDS)
            pair.promote()
            pair.ask(1, "INSERT INTO written VALUES (7)", database=NAME)
            for number in range(1, 5):
                database.fetch(WRITE, number=number)
                assert last(database) == (number, pair.ports[0])


def test_one_that_is_left_on_the_timeline_of_a_lost_primary_is_not_read():
    with Pair(synchronous=False, standbys=2) as trio:
        make_table(trio)
        wait_until_followed(trio, 1)
        trio.kill(1)
        # the other one alone gets this, which is lost with the primary
        trio.ask(0, "INSERT INTO written SELECT -n FROM generate_series(1, 9999) n", database=NAME)
        wait_until_followed(trio, 2)
        trio.lose_primary()
        trio.start(1)
        trio.promote(1)
        with opened(trio, 1, [2]) as database:
            database.fetch(WRITE, number=1)
            assert has_replayed(trio, 2, written_by(trio, 1))
            assert last(database) == (1, trio.ports[1])


def test_one_that_goes_on_with_the_new_primary_is_read_again():
    with Pair(synchronous=False, standbys=2) as trio:
        make_table(trio)
        trio.ask(0, "CREATE ROLE plain LOGIN", "GRANT SELECT ON written TO plain", database=NAME)
        for number in (1, 2):
            wait_until_followed(trio, number)
        trio.lose_primary()
        trio.promote(1)
        source = f"host={LOOPBACK} port={trio.ports[1]} user=postgres"
        trio.ask(2, f"ALTER SYSTEM SET primary_conninfo = '{source}'", "SELECT pg_reload_conf()")
        with opened(trio, 1, [2]) as database:
            database.fetch(WRITE, number=1)
            eventually(lambda: last(database) == (1, trio.ports[2]), SECONDS)
        # a role without privileges is told the timeline as of the latest restartpoint
        trio.ask(1, "CHECKPOINT")
        wait_until_followed(trio, 2, primary=1)
        trio.ask(2, "CHECKPOINT")
        with opened(trio, 1, [2], user="plain") as database:
            eventually(lambda: last(database) == (1, trio.ports[2]), SECONDS)


def wait_until_followed(pair, number, primary=0):
    """Wait until a standby has replayed what its primary has written."""
    position = written_by(pair, primary)
    eventually(lambda: has_replayed(pair, number, position), SECONDS)


def written_by(pair, number):
    [(position,)] = pair.ask(number, "SELECT pg_current_wal_flush_lsn()::text")
    return position


def has_replayed(pair, number, position):
    return pair.ask(number, f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == [(True,)]
