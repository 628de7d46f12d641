"""Connections that are open when their server stops taking writes, as one that was demoted does."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from psycopg2.extensions import get_wait_callback, set_wait_callback

from schemas.errors import ServiceUnavailable
from services.dependencies.database import Database
from services.process.settings import SETTINGS_KEY
from services.transport.postgres.statements import Statement
from tests.services.databases import address_of, empty_database

# only of this connection, as if all that come later led to the new primary
DEMOTED = Statement("SET default_transaction_read_only = on", prepared=False)
WRITE = Statement("INSERT INTO written VALUES (:number)")
READ = Statement("SELECT number FROM written ORDER BY number")


@pytest.fixture
def open_database(system):
    """Make the dependency of a database with so many hosts."""
    opened = []
    before = get_wait_callback()
    with empty_database(address_of(system, "users")) as address:

        def open_database(hosts):
            several = replace(
                address,
                host=",".join([address.host] * hosts),
                port=",".join([address.port] * hosts),
            )
            database = Database("users")
            settings = SimpleNamespace(databases={"users": several})
            database.container = SimpleNamespace(config={SETTINGS_KEY: settings})
            database.setup()
            opened.append(database)
            database.fetch(Statement("CREATE TABLE written (number integer)", prepared=False))
            return database

        yield open_database
        for database in opened:
            database.stop()
    set_wait_callback(before)


def write_once(database, number):
    database.fetch(WRITE, number=number)


def write_together(database, number):
    with database.together() as transaction:
        transaction.send(WRITE, number=number)


@pytest.mark.parametrize("write", [write_once, write_together])
@pytest.mark.parametrize("hosts", [1, 2])
def test_a_write_may_be_tried_again(open_database, write, hosts):
    database = open_database(hosts)
    database.fetch(DEMOTED)
    with pytest.raises(ServiceUnavailable) as refusal:
        write(database, 1)
    assert refusal.value.details["retry_after"] > 0


@pytest.mark.parametrize("write", [write_once, write_together])
def test_the_next_write_goes_to_the_new_primary(open_database, write):
    database = open_database(hosts=2)
    write(database, 1)
    database.fetch(DEMOTED)
    with pytest.raises(ServiceUnavailable):
        write(database, 2)
    write(database, 3)
    assert database.fetch(READ) == [(1,), (3,)]


def test_no_other_connection_is_used_any_more(open_database):
    database = open_database(hosts=2)
    with database.together() as first, database.together() as second:
        for transaction in (first, second):
            transaction.fetch(Statement("SELECT 1"))
    with database.together() as first, database.together() as second:
        first.fetch(DEMOTED)
        second.fetch(DEMOTED)
    with pytest.raises(ServiceUnavailable):
        write_once(database, 1)
    with database.together() as first, database.together() as second:
        first.send(WRITE, number=2)
        second.send(WRITE, number=3)
    assert database.fetch(READ) == [(2,), (3,)]


def test_a_single_one_is_read_from_all_the_same(open_database):
    database = open_database(hosts=1)
    write_once(database, 1)
    database.fetch(DEMOTED)
    with pytest.raises(ServiceUnavailable):
        write_once(database, 2)
    assert database.fetch(READ) == [(1,)]
