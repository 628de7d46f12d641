"""Connections of operators' commands, each a session of the server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg2
import psycopg2.extensions

from services.process.settings import CannotStart, DatabaseAddress
from services.transport.postgres.connecting import connect
from services.transport.postgres.sessions import UNBOUNDED, as_options

Connection: TypeAlias = psycopg2.extensions.connection


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
