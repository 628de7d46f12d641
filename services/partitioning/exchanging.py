"""One transaction that puts the partitioned tables in the place of the others.

Statements that running services have prepared are analysed anew by their text when the tables that
they were planned for are gone, and so find the new ones. Whoever is at work on the others is waited
for, and whoever comes meanwhile waits until the exchange is done.
"""

import time
from collections.abc import Iterator

import psycopg2

from services.partitioning import copying, layout, mirroring
from services.partitioning.layout import NEW, TABLES
from services.transport.postgres.unpooled import (
    LOCK_TIMEOUT,
    PAUSE_SECONDS,
    Connection,
    run,
    transaction,
)

_TRIGGERS = """
    SELECT pg_get_triggerdef(oid) FROM pg_trigger
    WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgname <> %s ORDER BY tgname
"""
_SEQUENCES = """
    SELECT s.relname FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype = 'a'
    WHERE s.relkind = 'S' AND d.refobjid = %s::regclass
"""


def exchange(connection: Connection) -> float:
    """Put the partitioned tables in the place of the others, which are dropped.

    Returns:
        The seconds for which the tables were locked, up to the commit. That lets others through
        before it deletes the files of the old tables, which may take many times as long.
    """
    tables = ", ".join(table.name for table in TABLES)
    while True:
        try:
            with transaction(connection):
                run(connection, f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                begun = time.monotonic()
                run(connection, f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
                for statement in list(_statements(connection)):
                    run(connection, statement)
                locked = time.monotonic() - begun
        except psycopg2.errors.LockNotAvailable:
            time.sleep(PAUSE_SECONDS)
        else:
            return locked


def _statements(connection: Connection) -> Iterator[str]:
    sequences = [name for table in TABLES for (name,) in run(connection, _SEQUENCES, table.new)]
    triggers = [
        definition
        for table in TABLES
        for (definition,) in run(connection, _TRIGGERS, table.name, mirroring.TRIGGER)
    ]
    for name in sequences:
        # nobody gets an id now, as that takes a lock of the table
        yield f"SELECT setval('{name}', nextval('{name.removeprefix(NEW)}'), false)"
    # not CASCADE: a view of them, say, is not ours to drop
    yield f"DROP TABLE {', '.join(table.name for table in TABLES)}"
    for table in TABLES:
        yield f"DROP FUNCTION IF EXISTS {mirroring.function_of(table)}()"
        for name in layout.names_of_indexes(connection, table):
            yield f"ALTER INDEX {name} RENAME TO {name.removeprefix(NEW)}"
        yield f"ALTER TABLE {table.new} RENAME TO {table.name}"
    for name in sequences:
        yield f"ALTER SEQUENCE {name} RENAME TO {name.removeprefix(NEW)}"
    yield f"DROP TABLE {copying.PROGRESS}"
    # by their definitions, which name the tables whose place is taken
    yield from triggers
