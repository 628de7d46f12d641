"""Plain connections to the databases of services."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import psycopg2
import psycopg2.extensions

from services.process.settings import CannotStart, DatabaseAddress
from services.transport.postgres.connecting import connect
from services.transport.postgres.sessions import UNBOUNDED, as_options

Connection: TypeAlias = psycopg2.extensions.connection


class CannotRestore(CannotStart):
    """The databases can't be restored; the message is shown as one line."""


@contextmanager
def connected(address: DatabaseAddress) -> Iterator[Connection]:
    """Yield a connection; each statement is a transaction of its own.

    Raises:
        CannotRestore: the database can't be reached, or refuses something.
    """
    try:
        connection = connect(address, options=as_options(UNBOUNDED))
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()
    except psycopg2.Error as problem:
        raise CannotRestore(f"{address.name}: {_first_line(problem)}") from problem


def run(connection: Connection, statement: str, *values: object) -> list[tuple]:
    """Run a statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def _first_line(problem: psycopg2.Error) -> str:
    return str(problem).strip().split("\n")[0]
