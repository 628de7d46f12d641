"""Statements of one transaction that travel together, on a real PostgreSQL."""

import psycopg2
import pytest
from sqlalchemy import create_engine, text

from services.process.settings import Settings
from services.transport.postgres.statements import SHARED_KEY, Statement, Together, fetch, run

INSERT = Statement("INSERT INTO together (number) VALUES (:number)")
ALL = Statement("SELECT number FROM together ORDER BY number")
DIVIDE = Statement("SELECT 1 / CAST(:divisor AS integer)")

EVERY_THIRD = Statement(
    "SELECT number FROM together WHERE number % 3 = :rest ORDER BY number", prepared=False
)


@pytest.fixture
def engine(system):
    engine = create_engine(Settings.from_environment(system.environment).databases["analytics"].url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE together (number integer PRIMARY KEY)"))
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE together"))
    engine.dispose()


@pytest.fixture
def transaction(engine):
    connection = engine.raw_connection()
    connection.dbapi_connection.autocommit = True
    yield Together(connection)
    connection.close()


def committed(engine):
    with engine.begin() as connection:
        return connection.execute(text(ALL.text)).scalars().all()


def test_what_is_read_with_the_commit_is_read_after_it(engine, transaction):
    transaction.send(INSERT, number=2)
    assert transaction.fetch(ALL) == [(2,)]
    with engine.begin() as other:
        other.execute(text("INSERT INTO together VALUES (1)"))
    transaction.send(INSERT, number=3)
    assert transaction.commit_with(ALL) == [(1,), (2,), (3,)]
    assert committed(engine) == [1, 2, 3]


def test_after_a_commit_the_next_statement_begins_another_transaction(engine, transaction):
    transaction.send(INSERT, number=1)
    transaction.commit_with(ALL)
    transaction.send(INSERT, number=2)
    transaction.fetch(ALL)
    transaction.roll_back()
    assert committed(engine) == [1]


def test_whoever_rolls_back_may_go_on_with_another_transaction(engine, transaction):
    transaction.send(INSERT, number=1)
    transaction.commit()
    with pytest.raises(psycopg2.errors.UniqueViolation):
        transaction.fetch(INSERT, number=1)
    transaction.roll_back()
    transaction.commit()
    transaction.send(INSERT, number=2)
    assert transaction.commit_with(ALL) == [(1,), (2,)]


def test_what_fails_after_the_commit_does_not_undo_it(engine, transaction):
    transaction.send(INSERT, number=1)
    with pytest.raises(psycopg2.errors.DivisionByZero):
        transaction.commit_with(DIVIDE, divisor=0)
    transaction.roll_back()
    assert committed(engine) == [1]


def test_a_failed_statement_leaves_nothing(engine, transaction):
    transaction.send(INSERT, number=1)
    with pytest.raises(psycopg2.errors.UniqueViolation):
        transaction.fetch(INSERT, number=1)
    transaction.roll_back()
    assert committed(engine) == []


def test_a_statement_that_is_not_prepared_leaves_nothing_on_the_connection(engine, transaction):
    for number in (2, 3, 5):
        transaction.send(INSERT, number=number)
    assert transaction.fetch(EVERY_THIRD, rest=2) == [(2,), (5,)]
    transaction.commit()
    with engine.begin() as connection:
        assert fetch(connection, EVERY_THIRD, rest=0) == [(3,)]
    prepared = transaction.fetch(Statement("SELECT name FROM pg_prepared_statements"))
    assert EVERY_THIRD.name not in [name for (name,) in prepared]


@pytest.fixture
def shared(engine):
    """A connection to a pooler, as far as one can tell."""
    connection = engine.raw_connection()
    connection.dbapi_connection.autocommit = True
    connection.info[SHARED_KEY] = True
    yield connection
    connection.invalidate()


def change_session(shared):
    """Do what another session would be like, which has nothing of the one before."""
    with shared.cursor() as cursor:
        cursor.execute("DISCARD ALL")


def test_statements_survive_a_change_of_the_session(shared):
    transaction = Together(shared)
    for number in (1, 2, 3):
        transaction.send(INSERT, number=2 * number - 1)
        transaction.send(INSERT, number=2 * number)
        transaction.commit()
        change_session(shared)
    assert run(shared, ALL, {}) == [(number,) for number in range(1, 7)]
    assert run(shared, EVERY_THIRD, {"rest": 1}) == [(1,), (4,)]


def test_statements_that_the_session_has_already_are_prepared_once(shared):
    for _ in range(2):
        assert run(shared, ALL, {}) == []
        transaction = Together(shared)
        assert transaction.fetch(ALL) == transaction.fetch(ALL) == []
        transaction.commit()
    prepared = Statement("SELECT name FROM pg_prepared_statements", prepared=False)
    assert run(shared, prepared, {}) == [(ALL.name,)]


def test_a_failed_transaction_takes_no_statement_from_others(shared):
    transaction = Together(shared)
    transaction.send(INSERT, number=1)
    with pytest.raises(psycopg2.errors.UniqueViolation):
        transaction.fetch(INSERT, number=1)
    transaction.roll_back()
    change_session(shared)
    transaction.send(INSERT, number=1)
    assert transaction.commit_with(ALL) == [(1,)]
