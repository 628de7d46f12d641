"""Triggers by which the partitioned tables get all that is written while rows are copied.

A row that is copied and a write of it must not pass each other: a copy that has read the row before
it is deleted, and writes it after, would bring it back. So whoever writes shares the lock of the
row's user until the end of the transaction, and whoever copies takes it alone, before reading.
Each trigger takes it after its row was written and before that is mirrored; so a write that comes
second mirrors what the copy has written, and a copy that comes second reads what was written.

A copy never waits for the lock, so nobody waits behind it, and no deadlock comes of it.
"""

from services.partitioning.layout import KEY, TABLES, Table
from services.transport.postgres.unpooled import Connection, run, run_when_free

LOCK = 7_306_020
"""The first key of the advisory lock; the second is made of the user's id."""

LOCKED_APART = 65_536
"""Users whose ids are that far from each other share a lock."""

TRIGGER = "partitions_follow"
_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ORDER BY attnum
"""
_FUNCTION = """
    CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(
            {lock}, mod(coalesce(NEW.{user}, OLD.{user}), {apart})::integer);
        IF TG_OP = 'DELETE' THEN
            DELETE FROM {new} WHERE {same};
        ELSE
            INSERT INTO {new} ({columns}) VALUES ({values})
            ON CONFLICT ({key}) DO UPDATE SET {updates};
        END IF;
        RETURN NULL;
    END $$
"""
_CREATE = """
    CREATE OR REPLACE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {function}()
"""
_IS_THERE = "SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s"


def columns_of(connection: Connection, table: Table) -> list[str]:
    """Return the names of a table's columns, but for those that PostgreSQL computes."""
    return [name for (name,) in run(connection, _COLUMNS, table.name)]


def function_of(table: Table) -> str:
    """Return the name of the function that a table's trigger calls."""
    return f"{table.new}_follow"


def begin(connection: Connection) -> None:
    """Have whatever is written from now on be written to the partitioned tables, too.

    A trigger is made when those who were writing have committed, so what they have written is
    copied. Parents come first: what is written to a table without a trigger is copied in any case,
    as that begins when all have theirs.
    """
    for table in TABLES:
        if run(connection, _IS_THERE, table.name, TRIGGER):
            continue
        names = {"function": function_of(table), "table": table.name, "trigger": TRIGGER}
        run(connection, _FUNCTION.format(**names, **_parts(connection, table)))
        run_when_free(connection, _CREATE.format(**names))


def _parts(connection: Connection, table: Table) -> dict[str, object]:
    columns = columns_of(connection, table)
    others = [name for name in columns if name not in table.key]
    return {
        "new": table.new,
        "user": KEY,
        "lock": LOCK,
        "apart": LOCKED_APART,
        "same": " AND ".join(f"{name} = OLD.{name}" for name in table.key),
        "columns": ", ".join(columns),
        "values": ", ".join(f"NEW.{name}" for name in columns),
        "key": ", ".join(table.key),
        "updates": ", ".join(f"{name} = excluded.{name}" for name in others),
    }
