"""Connections to the databases of cells."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from services.moving.addresses import CannotMove, Cell
from services.process import cells
from services.restoring.marks import IS_MARKED
from services.transport.postgres.unpooled import Connection, connected, run, transaction

MOVING_LOCK = 7_306_031
"""Key of the advisory lock of whoever prepares a database, or moves something there."""

# rows are compared by their text
_ALIKE = "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'"
_BY_THE_MOVER = """
    SELECT set_config('gym.moving', 'on', true), set_config('gym.merges', 'on', true)
"""


@dataclass(frozen=True)
class Side:
    """A cell, and a connection to each of its databases."""

    cell: Cell
    workouts: Connection
    analytics: Connection

    @property
    def databases(self) -> dict[str, Connection]:
        """The connections by the names of their services."""
        return dict(zip(cells.SERVICES, (self.workouts, self.analytics), strict=True))


@contextmanager
def opened(cell: Cell) -> Iterator[Side]:
    """Yield connections to the databases of a cell.

    Raises:
        CannotMove: one can't be reached, or is being restored.
    """
    with ExitStack() as stack:
        connections = []
        for service in cells.SERVICES:
            address = cell.databases[service]
            connection = stack.enter_context(connected(address, refusal=CannotMove))
            run(connection, _ALIKE)
            if run(connection, IS_MARKED) == [(True,)]:
                raise CannotMove(f"{address.name} of {cell} is being restored")
            connections.append(connection)
        yield Side(cell, *connections)


def lock(side: Side) -> None:
    """Keep others from preparing the databases of a cell, or moving anything from or to them.

    Raises:
        CannotMove: somebody does already.
    """
    for connection in side.databases.values():
        if run(connection, "SELECT pg_try_advisory_lock(%s)", MOVING_LOCK) != [(True,)]:
            raise CannotMove(f"{side.cell} is being prepared, or something is moved there already")


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """Run the statements of a block in one transaction that may write rows of any bucket.

    Writes of workouts leave the change feed alone, as those of a merge do (migration 0007).
    """
    with transaction(connection):
        run(connection, _BY_THE_MOVER)
        yield
