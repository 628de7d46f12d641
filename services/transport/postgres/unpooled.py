"""Connections of operators' commands, and statements that never make others wait for long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg2
import psycopg2.extensions

from services.process.settings import CannotStart, DatabaseAddress
from services.transport.postgres.connecting import connect
from services.transport.postgres.sessions import UNBOUNDED, as_options

Connection: TypeAlias = psycopg2.extensions.connection

LOCK_TIMEOUT = "300ms"
"""All others wait behind a statement that waits for the lock of a table. It is less than
deadlock_timeout, so of two that wait for each other it is this one that gives up."""

PAUSE_SECONDS = 0.5
"""Between two tries to get the lock of a table."""


@contextmanager
def connected(address: DatabaseAddress, refusal: type[CannotStart]) -> Iterator[Connection]:
    """Yield a connection on which each statement is a transaction, unless one is begun.

    Args:
        address: where the database is.
        refusal: what is raised if it can't be reached, or refuses something; its message is one
            line.
    """
    try:
        connection = connect(address, options=as_options(UNBOUNDED))
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()
    except psycopg2.Error as problem:
        reason = str(problem).strip().split("\n")[0]
        raise refusal(f"{address.name}: {reason}") from problem


def run(connection: Connection, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def transaction(connection: Connection, isolation: str = "READ COMMITTED") -> Iterator[None]:
    """Run the statements of a block in one transaction."""
    run(connection, f"BEGIN ISOLATION LEVEL {isolation}")
    try:
        yield
    except BaseException:
        if not connection.closed:
            run(connection, "ROLLBACK")
        raise
    run(connection, "COMMIT")


def run_when_free(connection: Connection, *statements: str) -> None:
    """Run statements that need locks of tables in one transaction, when nobody holds one for long.

    A lock that is not given at once is waited for again and again, so that whoever waits behind
    this one gets through in between.
    """
    while True:
        try:
            with transaction(connection):
                run(connection, f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                for statement in statements:
                    run(connection, statement)
        except psycopg2.errors.LockNotAvailable:
            time.sleep(PAUSE_SECONDS)
        else:
            return
