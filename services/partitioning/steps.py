"""The steps from one layout to the other, in their order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.migrate import LOCK
from services.partitioning import checking, copying, exchanging, layout, mirroring
from services.partitioning.connecting import CannotPartition, connected
from services.partitioning.layout import TABLES
from services.process.settings import DatabaseAddress
from services.restoring.marks import IS_MARKED
from services.transport.postgres.unpooled import Connection, run, run_when_free, transaction

Tell = Callable[[str], None]


def partition(address: DatabaseAddress, tell: Tell) -> None:
    """Partition the tables of workouts; what was broken off goes on where it was.

    Args:
        address: of the database of workouts.
        tell: is told what is done, a line at a time.

    Raises:
        CannotPartition: the tables are not as they have to be, or are being migrated; nothing that
            services see was changed.
    """
    with _alone(address) as connection:
        if all(layout.is_partitioned(connection, table) for table in TABLES):
            tell("the tables are partitioned already")
            return
        layout.check(connection)
        copying.make_progress(connection)
        for table in TABLES:
            _make(connection, table)
        mirroring.begin(connection)
        tell("what is written from now on is in the partitions, too")
        copying.copy(connection, tell)
        checking.validate_foreign_keys(connection)
        checking.make_statistics(connection)
        tell(f"copied and compared: {checking.compare(connection)} rows")
        seconds = exchanging.exchange(connection)
        tell(f"exchanged; the tables were locked for {seconds * 1000:.0f} ms")


def abandon(address: DatabaseAddress, tell: Tell) -> None:
    """Drop what an unfinished partitioning has made; the tables stay as they are.

    Raises:
        CannotPartition: the database can't be reached, or is being migrated.
    """
    with _alone(address) as connection:
        for table in TABLES:
            run_when_free(connection, f"DROP TRIGGER IF EXISTS {mirroring.TRIGGER} ON {table.name}")
        for table in reversed(TABLES):
            run(connection, f"DROP FUNCTION IF EXISTS {mirroring.function_of(table)}()")
            run_when_free(connection, f"DROP TABLE IF EXISTS {table.new} CASCADE")
        run(connection, f"DROP TABLE IF EXISTS {copying.PROGRESS}")
    tell("nothing is left of partitions that were not finished")


def _make(connection: Connection, table: layout.Table) -> None:
    if not layout.is_made(connection, table.new):
        with transaction(connection):
            for statement in layout.statements_to_make(connection, table):
                run(connection, statement)
    layout.check_alike(connection, table)


@contextmanager
def _alone(address: DatabaseAddress) -> Iterator[Connection]:
    """Yield a connection that holds the lock of those who migrate, as two layouts can't change."""
    with connected(address) as connection:
        if run(connection, IS_MARKED) == [(True,)]:
            raise CannotPartition(f"{address.name} is being restored")
        if run(connection, "SELECT pg_try_advisory_lock(%s)", LOCK) != [(True,)]:
            raise CannotPartition(f"{address.name} is being migrated, or partitioned already")
        yield connection
