"""Connections to a database that has several hosts."""

import socket
import time
from contextlib import contextmanager
from dataclasses import replace

import psycopg2
import pytest
from psycopg2.extensions import get_wait_callback, set_wait_callback

from services.process import budgets
from services.transport.postgres.connecting import connect
from services.transport.postgres.engine import wait_bounded
from tests.services.databases import address_of, empty_database

REFUSES = 9
"""A port of loopback on which nobody listens."""


@pytest.fixture(autouse=True)
def in_the_event_loop():
    before = get_wait_callback()
    set_wait_callback(wait_bounded)
    yield
    set_wait_callback(before)


@pytest.fixture
def address(system):
    with empty_database(address_of(system, "users")) as address:
        yield address


@contextmanager
def silent_host():
    """A host that takes connections and says nothing, as one that is frozen."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def of(address, *ports):
    hosts = ",".join(["127.0.0.1"] * len(ports))
    return replace(address, host=hosts, port=",".join(map(str, ports)))


def port_of(connection):
    port = connection.info.port
    connection.close()
    return port


def test_one_that_refuses_is_passed_over(address):
    own = int(address.port)
    assert port_of(connect(of(address, REFUSES, own))) == own
    assert port_of(connect(of(address, own, REFUSES))) == own


@pytest.mark.slow
def test_one_that_is_silent_takes_its_time_once(address):
    own = int(address.port)
    with silent_host() as silent:
        several = of(address, silent, own)
        begun = time.monotonic()
        assert port_of(connect(several)) == own
        assert time.monotonic() - begun < 2 * budgets.DATABASE_CONNECT_SECONDS
        begun = time.monotonic()
        assert port_of(connect(several)) == own
        assert time.monotonic() - begun < budgets.DATABASE_CONNECT_SECONDS / 2


def test_one_that_takes_no_writes_is_passed_over(address):
    several = of(address, int(address.port), REFUSES)
    statement = f"ALTER DATABASE {address.name} SET default_transaction_read_only = on"
    with connect(several) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()
    with pytest.raises(psycopg2.OperationalError):
        connect(several)
    # a single one is taken as it is
    assert port_of(connect(address)) == int(address.port)


def test_if_none_can_be_reached_it_says_so(address):
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        connect(of(address, REFUSES, REFUSES))


def test_options_reach_the_server(address):
    connection = connect(of(address, REFUSES, int(address.port)), options="-c timezone=Asia/Tokyo")
    with connection.cursor() as cursor:
        cursor.execute("SHOW timezone")
        assert cursor.fetchall() == [("Asia/Tokyo",)]
    connection.close()
