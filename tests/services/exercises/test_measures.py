"""The migration that brings measures, on a database which others are using."""

import threading

import pytest
from sqlalchemy import create_engine, text

from services import migrate
from services.exercises import catalogue, writes
from tests.services.databases import address_of, empty_database
from tests.waiting import eventually

BEFORE = "0007"
FEW = catalogue.read()[:6]
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
MEASURES = "SELECT id, measure FROM exercises ORDER BY id"


@pytest.fixture
def address(system):
    """A database of the version before, with the seed's six exercises."""
    with empty_database(address_of(system, "exercises")) as address:
        migrate.migrate("exercises", address)
        engine = create_engine(address.url)
        with engine.begin() as connection:
            writes.save(connection, FEW)
        engine.dispose()
        migrate.downgrade("exercises", address, BEFORE)
        yield address


@pytest.fixture
def engine(address):
    engine = create_engine(address.url)
    yield engine
    engine.dispose()


def read(engine, statement):
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        return [tuple(row) for row in connection.execute(text(statement))]


def test_reads_go_on_while_it_waits_for_an_import(address, engine):
    with engine.begin() as importing:
        writes.lock(importing)
        importing.execute(text("UPDATE exercises SET description = 'Lift it.' WHERE id = 1"))
        migration = threading.Thread(target=migrate.migrate, args=("exercises", address))
        migration.start()
        eventually(lambda: read(engine, WAITING) == [(1,)])
        assert read(engine, "SELECT count(*) FROM exercise_search JOIN exercises USING (id)")
    migration.join(30)
    assert not migration.is_alive()
    assert read(engine, "SELECT measure FROM exercise_search WHERE id = 1") == [("weight_reps",)]


def test_the_version_before_goes_on_writing(address, engine):
    migrate.migrate("exercises", address)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO exercises (name, slug, category, rep_type, unit, external_source, "
                "name_key, alias_keys, name_words, title_words, search_words) "
                "SELECT 'Hold', 'hold', category, 'time', 'seconds', 'wger', 'hold', alias_keys, "
                "name_words, title_words, search_words FROM exercises WHERE id = 1"
            )
        )
    assert read(engine, "SELECT measure FROM exercises WHERE slug = 'hold'") == [(None,)]
    found = read(engine, "SELECT measure FROM exercise_search WHERE sort_name = 'hold'")
    assert found == [("duration",)]


def test_measures_outlast_the_way_back(address, engine):
    measures = [(number, entry["measure"]) for number, entry in enumerate(FEW, start=1)]
    migrate.migrate("exercises", address)
    assert read(engine, MEASURES) == measures
    migrate.downgrade("exercises", address, BEFORE)
    migrate.migrate("exercises", address)
    assert read(engine, MEASURES) == measures
    assert read(engine, MEASURES.replace("exercises", "exercise_search")) == measures
