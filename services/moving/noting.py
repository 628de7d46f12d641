"""Notes of the users who are still to be copied: first all of a bucket, then who is written.

They are rows of a table that is there from the first step to the last, in each database of the cell
that a bucket leaves. Triggers insert one with each write of the bucket's users, in the transaction
of that write. Whoever copies a user reads the notes first, and deletes these and no others
afterwards: so what was committed later than the notes were read has one of its own.
"""

from collections.abc import Collection, Iterator

from services.moving.connecting import Side, transaction
from services.moving.tables import FEED, MOVED, WORKOUTS, Table
from services.process import cells
from services.transport.postgres.unpooled import Connection, run, run_when_free
from services.workouts.imports.records import WORKING_SQL

NOTES = "users_to_copy"
MOVE = "unfinished_move"
"""The table of the one move that is not finished, in the database of workouts of the cell that the
bucket leaves."""

_OPERATIONS = {"insert": "NEW", "update": "NEW", "delete": "OLD"}
_MAKE = (
    f"""
    CREATE TABLE IF NOT EXISTS {NOTES} (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id BIGINT NOT NULL,
        is_copied BOOLEAN NOT NULL DEFAULT false
    )
    """,
    f"CREATE INDEX IF NOT EXISTS {NOTES}_by_user ON {NOTES} (is_copied, user_id)",
)
_MAKE_MOVE = f"CREATE TABLE {MOVE} (bucket SMALLINT NOT NULL, cell TEXT NOT NULL)"
_FUNCTION = f"""
    CREATE OR REPLACE FUNCTION {{function}}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO {NOTES} (user_id) SELECT DISTINCT user_id FROM {{source}}
        WHERE mod(user_id, {cells.BUCKETS}) = {{bucket}};
        RETURN NULL;
    END $$
"""
_SOURCES = {
    "note_users": "changed",
    "note_imports": "changed JOIN imports ON imports.id = changed.import_id",
}
# of all rows of a statement at once, as imports write many
_TRIGGER = """
    CREATE OR REPLACE TRIGGER {name} AFTER {operation} ON {table}
    REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {function}()
"""
# their exercises and sets are only written together with them
_BY_WORKOUTS = ("workout_exercises", "exercise_sets")

_NOTE = f"INSERT INTO {NOTES} (user_id) SELECT unnest(%s::bigint[])"
_PENDING = f"""
    SELECT user_id, array_agg(id) FROM {NOTES}
    WHERE is_copied = %s AND user_id > %s AND user_id <> ALL(%s) GROUP BY user_id
    ORDER BY user_id LIMIT %s
"""
_COPIED = f"UPDATE {NOTES} SET is_copied = true WHERE id = ANY(%s)"
_DONE = f"DELETE FROM {NOTES} WHERE id = ANY(%s)"
_COUNT = f"SELECT count(DISTINCT user_id) FROM {NOTES} WHERE NOT is_copied"
_MOVES = f"SELECT bucket, cell FROM {MOVE}"
_HAS_MOVE = f"SELECT to_regclass('public.{MOVE}') IS NOT NULL"

# from each user to the next one by the index, and from those of other buckets to the next number of
# this one: two looks at most for each number of the bucket, however many users there are or are not
_LEAP = f"""
    WITH RECURSIVE found (u) AS (
        SELECT min(user_id) FROM {{table}}
        UNION ALL
        SELECT (
            SELECT min(user_id) FROM {{table}} WHERE user_id >= CASE mod(u, {cells.BUCKETS})
                WHEN {{bucket}} THEN u + 1
                ELSE u + mod({{bucket}} + {cells.BUCKETS} - mod(u, {cells.BUCKETS}),
                    {cells.BUCKETS})
            END)
        FROM found WHERE u IS NOT NULL
    )
    SELECT u FROM found WHERE mod(u, {cells.BUCKETS}) = {{bucket}}
"""
_ALL = f"""
    SELECT DISTINCT user_id FROM {{table}} WHERE mod(user_id, {cells.BUCKETS}) = {{bucket}}
"""

AT_WORK = f"""
    SELECT user_id FROM (
        SELECT user_id FROM imports WHERE status IN ({WORKING_SQL})
        UNION SELECT user_id FROM exercise_merges WHERE done_at IS NULL) at_work
    WHERE mod(user_id, {cells.BUCKETS}) = %s
"""
"""Users whom a background job of workouts works on. They are not copied meanwhile: a job of the
other cell would find work that it may not do."""


def unfinished(side: Side) -> tuple[int, str] | None:
    """Return the bucket that is moved from a cell, and to which one, if there is such a move."""
    if run(side.workouts, _HAS_MOVE) != [(True,)]:
        return None
    rows = run(side.workouts, _MOVES)
    return (rows[0][0], rows[0][1]) if rows else None


def begin(side: Side, bucket: int, cell: str) -> int:
    """Note all users of a bucket, and have whoever is written from now on be noted.

    Args:
        side: the cell that the bucket leaves.
        bucket: which.
        cell: the name of the one that it moves to.

    Returns:
        How many users there are.
    """
    for service, connection in side.databases.items():
        for statement in _MAKE:
            run(connection, statement)
        run(connection, f"DELETE FROM {NOTES}")
        _make_triggers(connection, MOVED[service], bucket)
    # when the triggers are there, so that nobody comes in between
    users = users_of(side.workouts, bucket)
    run(side.analytics, _NOTE, users)
    with transaction(side.workouts):
        run(side.workouts, _NOTE, users)
        run(side.workouts, _MAKE_MOVE)
        run(side.workouts, f"INSERT INTO {MOVE} VALUES (%s, %s)", bucket, cell)
    return len(users)


def end(side: Side) -> None:
    """Note nobody any more; what was noted is forgotten."""
    stop(side)
    for connection in (side.analytics, side.workouts):
        for function in _SOURCES:
            run(connection, f"DROP FUNCTION IF EXISTS {function}()")
        run(connection, f"DROP TABLE IF EXISTS {NOTES}, {MOVE}")


def stop(side: Side) -> None:
    """Note nobody any more."""
    for service, connection in side.databases.items():
        for table in MOVED[service]:
            run_when_free(
                connection,
                *(
                    f"DROP TRIGGER IF EXISTS {_trigger(operation)} ON {table.name}"
                    for operation in _OPERATIONS
                ),
            )


def pending(
    connection: Connection, at_once: int, without: Collection[int] = (), is_copied: bool = False
) -> Iterator[tuple[list[int], list[int]]]:
    """Give the users who are noted, some at a time, with the notes of them.

    Args:
        connection: to a database of the cell that the bucket leaves.
        at_once: users at a time.
        without: users who are left out.
        is_copied: give those who were copied, and whose changes are still to be told.
    """
    after = -1
    while rows := run(connection, _PENDING, is_copied, after, [*without], at_once):
        users = [user_id for user_id, _ in rows]
        yield users, [note for _, notes in rows for note in notes]
        after = users[-1]


def note(connection: Connection, users: Collection[int]) -> None:
    """Note users."""
    run(connection, _NOTE, [*users])


def note_copied(connection: Connection, notes: list[int]) -> None:
    """Note that users were copied, by the notes of them."""
    run(connection, _COPIED, notes)


def forget(connection: Connection, notes: list[int]) -> None:
    """Delete notes."""
    run(connection, _DONE, notes)


def count(connection: Connection) -> int:
    """Return how many users are to be copied."""
    [(found,)] = run(connection, _COUNT)
    return int(found)


def users_of(connection: Connection, bucket: int) -> list[int]:
    """Return the users of a bucket of whom there is anything in a database of workouts.

    Analytics have nothing of others: what they have comes of the change feed.
    """
    found = set[int]()
    for table in (*WORKOUTS, FEED):
        if not table.by_import:
            question = _LEAP if table.by_user else _ALL
            rows = run(connection, question.format(table=table.name, bucket=bucket))
            found.update(user_id for (user_id,) in rows)
    return sorted(found)


def _make_triggers(connection: Connection, tables: Collection[Table], bucket: int) -> None:
    for function, source in _SOURCES.items():
        if function == "note_users" or any(table.by_import for table in tables):
            names = {"function": function, "source": source, "bucket": bucket}
            run(connection, _FUNCTION.format(**names))
    for table in tables:
        if table.name not in _BY_WORKOUTS:
            function = "note_imports" if table.by_import else "note_users"
            names = {"table": table.name, "function": function}
            run_when_free(
                connection,
                *(
                    _TRIGGER.format(
                        name=_trigger(operation), operation=operation, rows=rows, **names
                    )
                    for operation, rows in _OPERATIONS.items()
                ),
            )


def _trigger(operation: str) -> str:
    return f"{NOTES}_by_{operation}"
