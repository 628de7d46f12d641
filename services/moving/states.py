"""The state of a bucket in a cell, as its databases have it."""

import time
from typing import NamedTuple

import psycopg2

from services.dependencies.cells.states import LOCK
from services.moving.addresses import Cell
from services.moving.connecting import Side
from services.process import cells
from services.transport.postgres.unpooled import LOCK_TIMEOUT, Connection, run, transaction

TRY_SECONDS = 0.05
"""Between two tries to get the lock of a bucket."""

_READ = "SELECT state, cell FROM bucket_states WHERE bucket = %s"
_LOCK = f"SELECT pg_advisory_xact_lock({LOCK}, %s)"
_WRITE = """
    INSERT INTO bucket_states (bucket, state, cell) VALUES (%s, %s, %s)
    ON CONFLICT (bucket) DO UPDATE SET state = excluded.state, cell = excluded.cell
"""


class Found(NamedTuple):
    """The state of a bucket in a cell, and the other cell that it was last moved to or from."""

    state: str
    cell: str


def default(cell: Cell) -> str:
    """Return the state of a bucket that a cell says nothing of."""
    return cells.GONE if cell.number else cells.HERE


def read(side: Side, bucket: int) -> Found:
    """Return the state of a bucket in a cell, as its workouts have it: they have it last."""
    rows = run(side.workouts, _READ, bucket)
    return Found(*rows[0]) if rows else Found(default(side.cell), cells.FIRST)


def write(side: Side, bucket: int, state: str, cell: Cell) -> None:
    """Write the state of a bucket in a cell, in the database of workouts last."""
    for connection in (side.analytics, side.workouts):
        write_when_free(connection, bucket, state, cell)


def write_when_free(
    connection: Connection, bucket: int, state: str, cell: Cell, unless: str | None = None
) -> bool:
    """Write the state of a bucket when nobody is at work on a transaction that writes its users.

    Args:
        connection: to one database of the cell.
        bucket: which.
        state: the new one.
        cell: the other one that it is about.
        unless: a statement with ``%s`` for the bucket; nothing is written if it finds anything
            when the lock is held.

    Returns:
        Whether it was written.
    """
    while True:
        try:
            with transaction(connection):
                run(connection, f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                run(connection, _LOCK, bucket)
                is_free = unless is None or not run(connection, unless, bucket)
                if is_free:
                    run(connection, _WRITE, bucket, state, cell.name)
        except psycopg2.errors.LockNotAvailable:
            time.sleep(TRY_SECONDS)
        else:
            return is_free
