"""Copying users from one cell to the other, some at a time."""

import time
from collections.abc import Collection, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO

import psycopg2

from services.dependencies.database import ERASED
from services.moving import noting
from services.moving.addresses import CannotMove
from services.moving.connecting import Side, writing
from services.moving.tables import ANALYTICS, WORKOUTS, Table
from services.transport.postgres.unpooled import Connection, run, transaction

USERS_AT_ONCE = 20
"""Of one transaction."""

MEMORY_BYTES = 16 * 1024 * 1024
"""Of a table's rows that are on their way; more are in a file."""

TRIES = 5
"""Of users whom somebody writes in the other cell at the same moment: its analytics may count them,
its jobs delete what is old, or they are erased."""

_ERASED = "SELECT user_id FROM erased_users WHERE user_id = ANY(%s)"
# as who counts a user does (services/analytics/counting_reads.py)
_LOCK_NUMBERS = "SELECT pg_advisory_xact_lock(u) FROM unnest(%s::bigint[]) AS u"
_SUMS = """
    SELECT count(*), coalesce(sum(hashtextextended(ROW({columns})::text, 0)::numeric), 0)
    FROM ({rows}) rows
"""
_RETIRED = "SELECT exercise_id FROM retired_exercises"
_RETIRE = """
    INSERT INTO retired_exercises (exercise_id) SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING
"""


# the trigger that writes the feed of measurements does so for those that were deleted, before what
# it has written is deleted, too
_SETTLE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


class _Differs(Exception):
    """What was copied is not what was there."""


def copy_workouts(source: Side, target: Side, bucket: int, rests: bool) -> int:
    """Copy the rows of workouts of all who are noted, and whom no job works on.

    Args:
        source: the cell that the bucket leaves.
        target: the one that it moves to.
        bucket: which.
        rests: nothing is copied after some users for as long as it took.

    Returns:
        How many users were copied.
    """
    at_work = [user_id for (user_id,) in run(source.workouts, noting.AT_WORK, bucket)]
    copied = 0
    for users, notes in noting.pending(source.workouts, USERS_AT_ONCE, without=at_work):
        copied += _copy_some(source.workouts, target.workouts, WORKOUTS, users, rests)
        noting.note_copied(source.workouts, notes)
    return copied


def copy_analytics(source: Side, target: Side, rests: bool) -> int:
    """Copy the rows of analytics of all who are noted; see :func:`copy_workouts`."""
    copied = 0
    for users, notes in noting.pending(source.analytics, USERS_AT_ONCE):
        copied += _copy_some(source.analytics, target.analytics, ANALYTICS, users, rests)
        noting.forget(source.analytics, notes)
    return copied


def copy_retired(source: Side, target: Side) -> None:
    """Copy the ids of private exercises that can't be logged any more, of all users."""
    retired = [
        {exercise_id for (exercise_id,) in run(side.workouts, _RETIRED)}
        for side in (source, target)
    ]
    run(target.workouts, _RETIRE, sorted(retired[0] - retired[1]))


def erased(users: Collection[int], *connections: Connection) -> set[int]:
    """Return those of some users who are erased, or are to be, in any of some databases."""
    return {
        user_id for connection in connections for (user_id,) in run(connection, _ERASED, [*users])
    }


def _copy_some(
    source: Connection,
    target: Connection,
    tables: Sequence[Table],
    users: list[int],
    rests: bool,
) -> int:
    begun = time.monotonic()
    for _ in range(TRIES):
        left = sorted({*users} - erased(users, source, target))
        try:
            _copy(source, target, tables, left)
        except (psycopg2.errors.UniqueViolation, psycopg2.errors.DeadlockDetected, _Differs):
            continue
        except psycopg2.Error as problem:
            if problem.pgcode != ERASED:
                raise
            continue
        if rests:
            time.sleep(time.monotonic() - begun)
        return len(left)
    raise CannotMove(f"users from {users[0]} to {users[-1]} can't be copied as they are; try again")


def _copy(
    source: Connection, target: Connection, tables: Sequence[Table], users: list[int]
) -> None:
    """Replace what one database has of users by what the other has, and compare it."""
    given = {"users": users}
    names = {table: table.columns(source) for table in tables}
    files: dict[Table, IO[bytes]] = {}
    try:
        with transaction(source, "REPEATABLE READ"):
            for table in tables:
                files[table] = SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115
                _copy_out(source, table.rows(names[table]), given, files[table])
            sums = [_sums(source, table, names[table], given) for table in tables]
        with writing(target):
            if tables is ANALYTICS:
                run(target, _LOCK_NUMBERS, users)
            for table in reversed(tables):
                if table is tables[0]:
                    run(target, _SETTLE)
                for condition in table.where:
                    _run(target, f"DELETE FROM {table.name} WHERE {condition}", given)
            for table in tables:
                files[table].seek(0)
                _copy_in(target, table.name, names[table], files[table])
            if [_sums(target, table, names[table], given) for table in tables] != sums:
                raise _Differs
    finally:
        for file in files.values():
            file.close()


def _copy_out(
    connection: Connection, rows: str, given: dict[str, list[int]], file: IO[bytes]
) -> None:
    with connection.cursor() as cursor:
        query = cursor.mogrify(rows, given).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", file)


def _copy_in(connection: Connection, table: str, columns: str, file: IO[bytes]) -> None:
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", file)


def _sums(
    connection: Connection, table: Table, columns: str, given: dict[str, list[int]]
) -> list[tuple]:
    question = _SUMS.format(columns=columns, rows=table.rows(columns))
    return _run(connection, question, given)


def _run(connection: Connection, statement: str, given: dict[str, list[int]]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []
