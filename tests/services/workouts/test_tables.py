"""The tables of workouts: upgraded while they are filled, and taken back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from services import migrate
from tests.services.databases import address_of, empty_database
from tests.services.workouts.test_version_before import INSERT
from tests.waiting import eventually

INDEXES = """
    SELECT indexrelid::regclass::text, indisvalid, pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indexrelid::regclass::text IN
        ('workouts_by_date', 'workouts_by_start', 'workout_exercises_by_exercise_id')
    ORDER BY 1
"""
WAITING_FOR_A_LOCK = """
    SELECT query FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND query LIKE '%exercise_sets DROP CONSTRAINT%'
"""
EXERCISES = """[{"exercise_id": 6, "exercise_name": "Plank", "rep_type": "time", "order_index": 1,
    "sets": [{"set_number": 1, "reps": 60, "unit": "kg", "set_type": "normal"}]}]"""


@pytest.fixture
def address(system):
    """A database of a test's own."""
    with empty_database(address_of(system, "workouts")) as address:
        yield address


@pytest.fixture
def run(address):
    """Run a statement in that database."""
    engine = create_engine(address.url)

    def run(statement, **values):
        with engine.begin() as connection:
            found = connection.execute(text(statement), values)
            return found.all() if found.returns_rows else None

    yield run
    engine.dispose()


@pytest.fixture
def filled(address, run):
    """What the version before has logged in its tables."""
    migrate.migrate("workouts", address)
    migrate.downgrade("workouts", address, "0004")
    run(INSERT, user_id=1, date="2025-02-16", exercises=EXERCISES)


def stored(run):
    return run("SELECT date, reps FROM workouts w, exercise_sets s WHERE w.user_id = s.user_id")


@pytest.mark.slow
def test_the_tables_go_back_and_forth(address, run, filled):
    before = stored(run)
    assert len(before) == 1
    assert [name for name, _, _ in run(INDEXES)] == ["workouts_by_date"]
    migrate.migrate("workouts", address)
    found = run(INDEXES)
    assert [name for name, _, _ in found] == [
        "workout_exercises_by_exercise_id",
        "workouts_by_start",
    ]
    assert all(is_valid for _, is_valid, _ in found)
    run(INSERT, user_id=2, date="2025-02-16", exercises=EXERCISES)
    assert stored(run) == before * 2
    migrate.downgrade("workouts", address, "0003")
    assert stored(run) == before * 2


@pytest.mark.slow
def test_processes_that_start_together_migrate_once(address, run, filled):
    with ThreadPoolExecutor(4) as processes:
        for each in [processes.submit(migrate.migrate, "workouts", address) for _ in range(4)]:
            each.result()
    assert all(is_valid for _, is_valid, _ in run(INDEXES))


def test_a_migration_that_was_broken_off_is_made_anew(address, run, filled):
    run("ALTER TABLE workouts ADD COLUMN started_at TIMESTAMPTZ")
    run("CREATE INDEX workouts_by_start ON workouts (user_id)")
    migrate.migrate("workouts", address)
    definitions = {name: definition for name, _, definition in run(INDEXES)}
    assert "started_at DESC NULLS LAST, id DESC" in definitions["workouts_by_start"]


def test_indexes_in_use_stay_when_a_migration_is_repeated(address, run):
    migrate.migrate("workouts", address)
    [(index,)] = run("SELECT 'workout_exercises_by_place'::regclass::oid")
    run("UPDATE alembic_version SET version_num = '0009'")
    run("ALTER TABLE imported_workouts DROP COLUMN restored_from")
    migrate.migrate("workouts", address)
    assert run("SELECT 'workout_exercises_by_place'::regclass::oid") == [(index,)]


@pytest.mark.slow
def test_reads_go_on_while_the_migration_waits_for_a_lock(address, run, filled):
    migrate.migrate("workouts", address)
    migrate.downgrade("workouts", address, "0009")
    engine = create_engine(address.url)
    with engine.connect() as backup, ThreadPoolExecutor(1) as processes:
        backup.execute(text("LOCK TABLE exercise_sets IN ACCESS SHARE MODE"))
        migrating = processes.submit(migrate.migrate, "workouts", address)
        eventually(lambda: run(WAITING_FOR_A_LOCK) != [])
        run("SET lock_timeout = '20s'; SELECT count(*) FROM exercise_sets")
        assert not migrating.done()
        backup.rollback()
        migrating.result()
    engine.dispose()
    assert len(stored(run)) == 1


def test_rows_are_found_by_their_whole_key_before_there_are_statistics(address, run):
    migrate.migrate("workouts", address)
    for wanted, index in [
        ("workout_exercises WHERE user_id = 7 AND id = 8", "workout_exercises_pkey"),
        ("workout_exercises WHERE user_id = 7 AND workout_id = 8", "workout_exercises_by_place"),
        (
            "workout_exercises WHERE user_id = 7 AND exercise_id = 8",
            "workout_exercises_by_exercise_id",
        ),
        ("exercise_sets WHERE user_id = 7 AND workout_exercise_id = 8", "exercise_sets_pkey"),
    ]:
        plan = "\n".join(line for (line,) in run(f"EXPLAIN SELECT FROM {wanted} FOR KEY SHARE"))
        assert f"{index} " in plan
        assert "Filter" not in plan


@pytest.mark.slow
@pytest.mark.parametrize(
    ("position", "table"),
    [("id", "workout_changes"), ("position", "measurement_changes")],
)
def test_the_latest_change_of_a_user_is_found_by_an_index(address, run, position, table):
    migrate.migrate("workouts", address)
    rows = run(f"EXPLAIN SELECT max({position}) FROM {table} WHERE user_id = 1")
    assert f"Scan Backward using {table}_by_position" in "\n".join(row for (row,) in rows)
