"""Partitioning the tables of workouts: while others write, broken off, abandoned, and later."""

import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import NullPool, create_engine, text

from services import migrate
from services.dependencies.erasure.tables import Held
from services.partitioning import checking, copying, exchanging, layout, mirroring, steps
from services.partitioning.connecting import CannotPartition, connected
from services.partitioning.layout import TABLES
from stack.layout import CHECKOUT
from tests.services.databases import address_of, empty_database
from tests.services.workouts.test_version_before import INSERT
from tests.waiting import eventually

FIRST_THAT_CAN_BE_PARTITIONED = "0018"
EXERCISES = """[{"exercise_id": 6, "exercise_name": "Plank", "rep_type": "time", "order_index": 1,
    "sets": [{"set_number": 1, "reps": 60, "unit": "kg", "set_type": "normal"},
             {"set_number": 2, "reps": 50, "unit": "kg", "set_type": "normal"}]}]"""
USERS = range(1, 41)
SCRIBES = 4
CHANGES = (
    "UPDATE workouts SET version = version + 1 WHERE user_id = :user_id",
    "UPDATE workout_exercises SET exercise_name = exercise_name || '' WHERE user_id = :user_id",
    "DELETE FROM workout_exercises WHERE user_id = :user_id AND id % 3 = 0",
    "DELETE FROM workouts WHERE user_id = :user_id AND id % 2 = 0",
)
KINDS = "SELECT relname, relkind FROM pg_class WHERE relname = ANY(:names) ORDER BY relname"
LEFT = """
    SELECT relname::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname LIKE '%partition%'
    UNION SELECT tgname::text FROM pg_trigger WHERE tgname = 'partitions_follow'
    UNION SELECT proname::text FROM pg_proc WHERE proname LIKE 'partition%'
"""
NAMED = """
    SELECT c.relname::text, c.relkind IN ('i', 'I') AND i.indisunique
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname !~ '_[0-9][0-9]'
    ORDER BY 1
"""
COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, numeric_precision, numeric_scale,
        character_maximum_length
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name !~ '_[0-9][0-9]' ORDER BY 1, ordinal_position
"""
TRIGGERS = """
    SELECT tgrelid::regclass::text, tgname::text, tgdeferrable FROM pg_trigger
    WHERE NOT tgisinternal AND tgparentid = 0 ORDER BY 1, 2
"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def address(system):
    """A migrated database of a test's own."""
    with empty_database(address_of(system, "workouts")) as address:
        migrate.migrate("workouts", address)
        yield address


@pytest.fixture
def run(address):
    """Run a statement in that database."""
    engine = create_engine(address.url, poolclass=NullPool)

    def run(statement, **values):
        with engine.begin() as connection:
            found = connection.execute(text(statement), values)
            return [tuple(row) for row in found] if found.returns_rows else None

    return run


@pytest.fixture
def session(address):
    """Give a transaction that a test ends."""
    engine = create_engine(address.url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def log(run, *users):
    return [
        run(INSERT, user_id=user, date="2025-02-16", exercises=EXERCISES)[0][0] for user in users
    ]


def stored(run):
    """Return all rows of the three tables."""
    return [sorted(run(f"SELECT * FROM {table.name}"), key=str) for table in TABLES]


def partition(address):
    said = []
    steps.partition(address, said.append)
    return said


def prepared(connection):
    """Do all steps up to the copying."""
    copying.make_progress(connection)
    for table in TABLES:
        steps._make(connection, table)
    mirroring.begin(connection)


def test_all_is_there_afterwards_by_the_same_names(address, run):
    log(run, *USERS)
    before = stored(run), run(COLUMNS), run(TRIGGERS)
    named = dict(run(NAMED))
    changes = run("SELECT count(*) FROM workout_changes")
    said = partition(address)
    assert said[-2:-1] == ["copied and compared: 160 rows"]
    assert (stored(run), run(COLUMNS), run(TRIGGERS)) == before
    assert dict(run(NAMED)) == named | {"workouts_id_key": False}
    names = [table.name for table in TABLES]
    assert run(KINDS, names=names) == [(name, "p") for name in sorted(names)]
    assert run(LEFT) == []
    # copying is no change
    assert run("SELECT count(*) FROM workout_changes") == changes
    assert partition(address) == ["the tables are partitioned already"]


@pytest.mark.slow
def test_users_are_spread_over_the_parts_and_their_rows_are_together(address, run):
    log(run, *USERS)
    partition(address)
    parts = [{user for (user,) in run(f"SELECT user_id FROM {name}")} for name in TABLES[0].parts]
    assert sorted(user for part in parts for user in part) == [*USERS]
    assert sum(map(bool, parts)) > 8
    for part, users in enumerate(parts):
        assert {user for (user,) in run(f"SELECT user_id FROM {TABLES[2].parts[part]}")} == users


def test_writes_go_on_as_before(address, run):
    [first] = log(run, 1)
    partition(address)
    [second] = log(run, 1)
    assert second > first
    run("UPDATE workouts SET version = 2 WHERE user_id = 1 AND id = :id", id=second)
    run("DELETE FROM workouts WHERE user_id = 1 AND id = :id", id=first)
    assert run("SELECT kind, workout_id FROM workout_changes ORDER BY id") == [
        ("created", first),
        ("created", second),
        ("updated", second),
        ("deleted", first),
    ]
    # by ON DELETE CASCADE
    assert run("SELECT count(*) FROM exercise_sets") == [(2,)]
    run("INSERT INTO erased_users (user_id) VALUES (5)")
    with pytest.raises(Exception, match="the user was erased"):
        log(run, 5)


def test_what_is_written_meanwhile_is_there(address, run):
    kept, renamed, deleted, emptied = log(run, 1, 2, 3, 4)
    with connected(address) as connection:
        prepared(connection)
        # both what is copied later and what is written anew
        run("UPDATE workouts SET name = 'Renamed' WHERE id = :id", id=renamed)
        copying.copy(connection, print)
        log(run, 1)
        run("DELETE FROM workouts WHERE id = :id", id=deleted)
        run("DELETE FROM workout_exercises WHERE workout_id = :id", id=emptied)
        run("UPDATE workout_exercises SET exercise_name = 'Board' WHERE workout_id = :id", id=kept)
        checking.validate_foreign_keys(connection)
        log(run, 6)
        run("DELETE FROM workouts WHERE user_id = 6")
        log(run, 3)
        assert checking.compare(connection) > 0
        before = stored(run)
        exchanging.exchange(connection)
    assert stored(run) == before
    assert len(before[0]) == 5


def test_who_is_writing_is_copied_when_that_has_ended(address, run, session):
    """A workout that is deleted meanwhile must not be brought back by the copy."""
    first, _ = log(run, 1, 2)
    with connected(address) as connection, ThreadPoolExecutor(1) as copier:
        prepared(connection)
        session.execute(text("DELETE FROM workouts WHERE id = :id"), {"id": first})
        copied = copier.submit(copying.copy, connection, print)
        with pytest.raises(TimeoutError):
            copied.result(0.5)
        session.commit()
        copied.result(10)
        assert run("SELECT user_id FROM partitioned_workouts") == [(2,)]
        assert checking.compare(connection) == 4


def test_who_writes_what_is_being_copied_waits(address, run, session):
    [first] = log(run, 1)
    with connected(address) as connection, ThreadPoolExecutor(1) as writer:
        prepared(connection)
        session.execute(text(f"SELECT pg_advisory_xact_lock({mirroring.LOCK}, 1)"))
        deleted = writer.submit(run, "DELETE FROM workouts WHERE id = :id", id=first)
        eventually(lambda: run(WAITING) == [(1,)])
        # of another user
        log(run, 2)
        session.commit()
        deleted.result(10)


class Scribe:
    """Writes workouts of users at random, some in one transaction, until it is told to stop."""

    def __init__(self, address, seed):
        self.random = random.Random(seed)
        self.engine = create_engine(address.url, poolclass=NullPool)
        self.users = USERS[seed::SCRIBES]
        self.written = 0

    def write_until(self, is_enough):
        with self.engine.connect() as connection:
            while not is_enough.is_set():
                for _ in range(self.random.randint(1, 3)):
                    self.write(connection, self.random.choice(self.users))
                # what is rolled back must not be there, either
                connection.commit() if self.random.random() < 0.8 else connection.rollback()
                self.written += 1

    def write(self, connection, user):
        given = {"user_id": user, "date": "2025-02-16", "exercises": EXERCISES}
        statement = self.random.choice([INSERT, *CHANGES])
        needed = {name: value for name, value in given.items() if f":{name}" in statement}
        connection.execute(text(statement), needed)


@pytest.mark.slow
def test_many_write_what_is_being_copied(address, run, monkeypatch):
    monkeypatch.setattr(copying, "_NEXT", copying._NEXT.replace("LIMIT 200", "LIMIT 2"))
    log(run, *USERS, *USERS)
    scribes = [Scribe(address, seed) for seed in range(SCRIBES)]
    enough = threading.Event()
    with ThreadPoolExecutor(SCRIBES) as threads:
        writing = [threads.submit(scribe.write_until, enough) for scribe in scribes]
        try:
            eventually(lambda: all(scribe.written for scribe in scribes))
            # compares all rows
            said = partition(address)
            counted = [scribe.written for scribe in scribes]
            eventually(lambda: all(s.written > n for s, n in zip(scribes, counted, strict=True)))
        finally:
            enough.set()
        for each in writing:
            each.result(10)
    assert said[-1].startswith("exchanged")
    assert sum(counted) > 100


@pytest.mark.slow
def test_one_that_was_broken_off_goes_on(address, run, monkeypatch):
    log(run, *USERS)
    monkeypatch.setattr(copying, "_NEXT", copying._NEXT.replace("LIMIT 200", "LIMIT 3"))
    noted = copying._NOTE

    def broken_off(connection):
        monkeypatch.setattr(copying, "_NOTE", "SELECT 1/0, %s, %s, %s")
        with pytest.raises(CannotPartition, match="division by zero"):
            partition(address)
        monkeypatch.setattr(copying, "_NOTE", noted)

    broken_off(address)
    # nothing of the portion is left
    assert run("SELECT count(*) FROM partitioned_workouts") == [(0,)]
    run("DELETE FROM workouts WHERE user_id = 7")
    before = stored(run)
    partition(address)
    assert stored(run) == before


def test_long_workouts_are_copied_a_few_at_a_time(address, run):
    log(run, *USERS)
    run("UPDATE workouts SET set_count = 2000")
    with connected(address) as connection:
        prepared(connection)
        layout.run(connection, copying._BEGIN)
        statements = [copying._statement(connection, table) for table in TABLES]
        assert copying._copy_some(connection, statements)
    assert run("SELECT count(*) FROM partitioned_workouts") == [(3,)]


def test_rows_that_differ_stop_it(address, run):
    log(run, 1, 2)
    with connected(address) as connection:
        prepared(connection)
        copying.copy(connection, print)
        run("UPDATE partitioned_exercise_sets SET reps = 61 WHERE user_id = 2 AND set_number = 1")
    with pytest.raises(CannotPartition, match="partitioned_exercise_sets differs"):
        partition(address)
    assert run(KINDS, names=["workouts"]) == [("workouts", "r")]


def test_rows_that_are_in_the_partitions_alone_stop_it(address, run):
    log(run, 1)
    with connected(address) as connection:
        prepared(connection)
        copying.copy(connection, print)
        run(
            "INSERT INTO partitioned_workouts (user_id, date, exercise_count, set_count, "
            "total_volume) VALUES (9, '2025-02-16', 0, 0, 0)"
        )
        with pytest.raises(CannotPartition, match="partitioned_workouts differs"):
            checking.compare(connection)


@pytest.mark.slow
def test_one_that_is_abandoned_leaves_nothing(address, run):
    log(run, *USERS)
    before = stored(run), run(NAMED), run(TRIGGERS)
    with connected(address) as connection:
        prepared(connection)
        copying.copy(connection, print)
    steps.abandon(address, print)
    assert (stored(run), run(NAMED), run(TRIGGERS)) == before
    assert run(LEFT) == []
    log(run, 1)
    partition(address)


@pytest.mark.slow
def test_a_migration_in_between_is_seen(address, run):
    with connected(address) as connection:
        prepared(connection)
    run("ALTER TABLE workouts ADD COLUMN mood SMALLINT")
    with pytest.raises(CannotPartition, match=r"workouts was migrated since .* --abandon"):
        partition(address)
    steps.abandon(address, print)
    log(run, 1)
    run("UPDATE workouts SET mood = 3")
    partition(address)
    assert run("SELECT mood FROM workouts") == [(3,)]


def test_who_migrates_waits_until_it_is_done(address, run):
    with connected(address) as connection, ThreadPoolExecutor(1) as processes:
        layout.run(connection, "SELECT pg_advisory_lock(%s)", migrate.LOCK)
        with pytest.raises(CannotPartition, match="is being migrated"):
            partition(address)
        migrating = processes.submit(migrate.migrate, "workouts", address)
        with pytest.raises(TimeoutError):
            migrating.result(0.5)
        layout.run(connection, "SELECT pg_advisory_unlock(%s)", migrate.LOCK)
        migrating.result(10)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ("CREATE UNIQUE INDEX by_name ON workouts (name)", "the unique index by_name of workouts"),
        ("ALTER TABLE workouts ADD CONSTRAINT by_name UNIQUE (name)", "the constraint by_name of"),
        (
            "CREATE TABLE photos (user_id BIGINT, workout_id BIGINT, FOREIGN KEY "
            "(user_id, workout_id) REFERENCES workouts (user_id, id))",
            "photos has a foreign key",
        ),
        ("CREATE VIEW days AS SELECT date FROM workouts", "the view days is of what"),
    ],
)
def test_what_partitions_can_not_have_is_refused(address, run, made, reason):
    run(made)
    with pytest.raises(CannotPartition, match=reason):
        partition(address)
    assert run(LEFT) == []


@pytest.mark.slow
def test_a_backup_makes_it_wait_and_nobody_else(address, run, session):
    log(run, 1)
    session.execute(text("LOCK TABLE workouts, exercise_sets IN ACCESS SHARE MODE"))
    with ThreadPoolExecutor(1) as processes:
        partitioned = processes.submit(partition, address)
        eventually(lambda: run(WAITING) == [(1,)])
        log(run, 2)
        assert run("SELECT count(*) FROM workouts") == [(2,)]
        assert not partitioned.done()
        session.rollback()
        partitioned.result(10)
    assert run("SELECT count(*) FROM workouts") == [(2,)]


@pytest.mark.slow
def test_rights_of_others_stay(address, run):
    run("GRANT SELECT ON workouts TO pg_monitor")
    partition(address)
    rights = """
        SELECT table_name::text FROM information_schema.role_table_grants
        WHERE grantee = 'pg_monitor' AND table_name IN ('workouts', 'workouts_07')
    """
    assert sorted(run(rights)) == [("workouts",), ("workouts_07",)]


def test_later_migrations_apply_to_partitioned_tables_too(address, run):
    """If this fails, see what docs/architecture.md says of a migration."""
    migrate.downgrade("workouts", address, FIRST_THAT_CAN_BE_PARTITIONED)
    log(run, *USERS)
    partition(address)
    migrate.migrate("workouts", address)
    log(run, *USERS)
    assert run("SELECT count(*) FROM exercise_sets") == [(160,)]
    migrated = run(COLUMNS)
    with empty_database(address) as other:
        migrate.migrate("workouts", other)
        with connected(other) as connection:
            assert layout.run(connection, COLUMNS) == migrated


def test_an_index_of_partitioned_tables_is_made_without_a_long_lock(address, run):
    """As docs/architecture.md describes it: CREATE INDEX CONCURRENTLY refuses them."""
    partition(address)
    engine = create_engine(address.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE INDEX by_name ON ONLY workouts (user_id, name)"))
        for part in TABLES[0].parts:
            name = f"{part}_by_name"
            connection.execute(text(f"CREATE INDEX CONCURRENTLY {name} ON {part} (user_id, name)"))
            connection.execute(text(f"ALTER INDEX by_name ATTACH PARTITION {name}"))
    assert run("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_name'::regclass") == [
        (True,)
    ]


class _Direct:
    """What :class:`Held` needs of a database."""

    def __init__(self, run):
        self.run = run

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        pass

    def together(self):
        return self

    def send(self, statement, **values):
        raise NotImplementedError

    def fetch(self, statement, **values):
        literal = statement.text.replace("$1", str(values["user_id"]))
        return self.run(literal)


def test_an_erasure_takes_rows_of_nobody_else(address, run):
    """Rows of different partitions have the same ctid."""
    log(run, *USERS)
    partition(address)
    alike = run("SELECT ctid FROM workouts GROUP BY ctid HAVING count(*) > 1")
    assert alike
    Held("workouts").delete_some(_Direct(run), 5)
    assert run("SELECT user_id FROM workouts ORDER BY user_id") == [
        (user,) for user in USERS if user != 5
    ]


def test_the_command_says_what_it_does(address, system):
    def command(database):
        # of its own: it has its process write log lines where this one reads what is said
        return subprocess.run(
            [sys.executable, "-m", "services.partitioning", "workouts"],
            cwd=CHECKOUT,
            env=os.environ | system.environment | {"WORKOUT_DB_NAME": database},
            capture_output=True,
            text=True,
            check=False,
        )

    done = command(address.name)
    assert done.returncode == 0, done.stderr
    assert "exchanged; the tables were locked for" in done.stdout
    refused = command("nowhere")
    assert refused.returncode == 1
    assert "nowhere" in refused.stderr
