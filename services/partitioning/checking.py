"""What is done between copying and the exchange: foreign keys, statistics, and a comparison."""

from services.partitioning import layout, mirroring
from services.partitioning.connecting import CannotPartition
from services.partitioning.layout import TABLES, Table
from services.transport.postgres.unpooled import Connection, run, run_when_free, transaction

WORKOUTS_AT_ONCE = 5000
"""Which are compared in one transaction: its snapshot keeps VACUUM from nothing for long."""

_HAS_KEY = "SELECT convalidated FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s"
_LAST_OF_NEXT = f"""
    SELECT max(user_id) FROM (
        SELECT user_id FROM workouts WHERE user_id > %s ORDER BY user_id LIMIT {WORKOUTS_AT_ONCE}
    ) workouts
"""
_SUMS = """
    SELECT count(*), sum(hashtextextended(ROW({columns})::text, 0)::numeric)
    FROM {name} WHERE user_id > %s AND user_id <= %s
"""
_GREATEST = 2**63 - 1


def validate_foreign_keys(connection: Connection) -> None:
    """Add the foreign keys, by which new rows are checked at once, and validate them.

    Validating one reads a whole partition, while others may write.
    """
    for table in TABLES:
        for part, name, definition in layout.foreign_keys(connection, table):
            found = run(connection, _HAS_KEY, part, name)
            if not found:
                run_when_free(
                    connection, f"ALTER TABLE {part} ADD CONSTRAINT {name} {definition} NOT VALID"
                )
            if found != [(True,)]:
                run(connection, f"ALTER TABLE {part} VALIDATE CONSTRAINT {name}")


def make_statistics(connection: Connection) -> None:
    """Make the statistics of the partitioned tables and of their partitions."""
    for table in TABLES:
        run(connection, f"ANALYZE {table.new}")


def compare(connection: Connection) -> int:
    """Compare all rows, those of some users at a time, each at one moment for both.

    Returns:
        How many there are.

    Raises:
        CannotPartition: they differ.
    """
    after, rows = 0, 0
    columns = {table: mirroring.columns_of(connection, table) for table in TABLES}
    while after != _GREATEST:
        [(last,)] = run(connection, _LAST_OF_NEXT, after)
        # in the end all that are left, which only the partitioned tables could have
        last = _GREATEST if last is None else last
        with transaction(connection, "REPEATABLE READ"):
            for table in TABLES:
                rows += _compare(connection, table, columns[table], after, last)
        after = last
    return rows


def _compare(
    connection: Connection, table: Table, columns: list[str], after: int, last: int
) -> int:
    """Compare the rows of users whose ids are above one and up to another."""
    found = []
    for name in (table.name, table.new):
        sums = _SUMS.format(columns=", ".join(columns), name=name)
        found += run(connection, sums, after, last)
    one, other = found
    if one != other:
        raise CannotPartition(
            f"{table.new} differs from {table.name} in what users from {after + 1} to {last} have "
            f"({other[0]} rows and {one[0]}); nothing was exchanged"
        )
    return int(one[0])
