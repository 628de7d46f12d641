"""Copying what is there into the partitioned tables, some workouts at a time."""

import time
from collections.abc import Callable

from services.partitioning.layout import EXERCISES, KEY, SETS, WORKOUTS, Table
from services.partitioning.mirroring import LOCK, LOCKED_APART, columns_of
from services.transport.postgres.unpooled import Connection, run, transaction

PROGRESS = "partitioning_progress"
"""The table that says how far the copy is; it is there from the first step to the last."""

WORKOUTS_AT_ONCE = 200
"""Of one transaction: those who write what is being copied wait for its end."""

SETS_AT_ONCE = 5000
"""After which no workout is copied any more by the same transaction."""

TRY_SECONDS = 0.02
"""Between two tries to get the locks of users."""

TELL_SECONDS = 10

_MAKE_PROGRESS = f"""
    CREATE TABLE IF NOT EXISTS {PROGRESS} (
        user_id BIGINT NOT NULL, workout_id BIGINT NOT NULL, workouts BIGINT NOT NULL)
"""
_BEGIN = f"INSERT INTO {PROGRESS} SELECT 0, 0, 0 WHERE NOT EXISTS (SELECT FROM {PROGRESS})"
_NEXT = f"""
    SELECT user_id, id FROM (
        SELECT user_id, id,
            sum(set_count) OVER (ORDER BY user_id, id) - set_count AS sets_before
        FROM (
            SELECT user_id, id, set_count FROM workouts WHERE (user_id, id) > (%s, %s)
            ORDER BY user_id, id LIMIT {WORKOUTS_AT_ONCE}) next
    ) next
    WHERE sets_before < {SETS_AT_ONCE} ORDER BY user_id, id
"""
_LOCK_USERS = f"""
    SELECT bool_and(pg_try_advisory_xact_lock({LOCK}, number))
    FROM (SELECT DISTINCT mod(user_id, {LOCKED_APART})::integer AS number
          FROM unnest(%s::bigint[]) AS users (user_id)) numbers
"""
_COPY = """
    INSERT INTO {new} ({columns}) SELECT {read} FROM {source}
    WHERE (w.user_id, w.id) > (%s, %s) AND (w.user_id, w.id) <= (%s, %s)
    ON CONFLICT ({key}) DO NOTHING
"""
_SOURCES = {
    WORKOUTS: "workouts w",
    EXERCISES: "workouts w JOIN workout_exercises e ON e.user_id = w.user_id "
    "AND e.workout_id = w.id",
    SETS: "workouts w JOIN workout_exercises e ON e.user_id = w.user_id AND e.workout_id = w.id "
    "JOIN exercise_sets s ON s.user_id = e.user_id AND s.workout_exercise_id = e.id",
}
_ALIASES = {WORKOUTS: "w", EXERCISES: "e", SETS: "s"}
# whatever the statistics say, a few rows are looked up by their keys
_BY_KEYS = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
_NOTE = f"UPDATE {PROGRESS} SET user_id = %s, workout_id = %s, workouts = workouts + %s"


def make_progress(connection: Connection) -> None:
    """Make the table that says how far the copy is, unless it is there."""
    run(connection, _MAKE_PROGRESS)


def copy(connection: Connection, tell: Callable[[str], None]) -> None:
    """Copy all workouts that are not yet copied, with all that is in them.

    After each portion nothing is copied for as long as it took.
    """
    run(connection, _BEGIN)
    statements = [_statement(connection, table) for table in _SOURCES]
    told = time.monotonic()
    while True:
        begun = time.monotonic()
        if not _copy_some(connection, statements):
            return
        if begun - told > TELL_SECONDS:
            [(workouts,)] = run(connection, f"SELECT workouts FROM {PROGRESS}")
            tell(f"{workouts} workouts copied")
            told = begun
        time.sleep(time.monotonic() - begun)


def _statement(connection: Connection, table: Table) -> str:
    columns = columns_of(connection, table)
    alias = _ALIASES[table]
    return _COPY.format(
        new=table.new,
        columns=", ".join(columns),
        read=", ".join(f"{alias}.{name}" for name in columns),
        source=_SOURCES[table],
        key=", ".join(table.key),
    )


def _copy_some(connection: Connection, statements: list[str]) -> bool:
    """Copy the next workouts; return False if there are none."""
    with transaction(connection):
        [after] = run(connection, f"SELECT {KEY}, workout_id FROM {PROGRESS}")
        rows = run(connection, _NEXT, *after)
        if not rows:
            return False
        if not run(connection, _LOCK_USERS, [user_id for user_id, _ in rows])[0][0]:
            # one of them is writing; what locks were given go with the transaction
            is_copied = False
        else:
            run(connection, _BY_KEYS)
            for statement in statements:
                run(connection, statement, *after, *rows[-1])
            run(connection, _NOTE, *rows[-1], len(rows))
            is_copied = True
    if not is_copied:
        time.sleep(TRY_SECONDS)
    return True
