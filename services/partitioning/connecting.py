"""The connection that partitions, and statements that never make others wait for long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg2

from services.process.settings import CannotStart
from services.transport.postgres import unpooled
from services.transport.postgres.unpooled import Connection, run

LOCK_TIMEOUT = "300ms"
"""All others wait behind a statement that waits for the lock of a table. It is less than
deadlock_timeout, so of two that wait for each other it is this one that gives up."""

PAUSE_SECONDS = 0.5
"""Between two tries to get the lock of a table."""


class CannotPartition(CannotStart):
    """The tables can't be partitioned; the message is shown as one line."""


connected = partial(unpooled.connected, refusal=CannotPartition)
"""Yields a connection to a database; raises :class:`CannotPartition`."""


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
