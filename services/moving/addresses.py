"""Where the databases of each cell are."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.process import cells
from services.process.settings import DATABASES, CannotStart, DatabaseAddress, Settings

FIRST = "first"
"""What the first cell, which has no name, is called on the command line."""


class CannotMove(CannotStart):
    """The bucket can't be moved; the message is shown as one line."""


class AlreadyThere(CannotMove):
    """The bucket is in the cell that it was to move to."""


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        name: its name; none of the first one.
        number: its place: 0 of the first one, and the others as in ``CELLS``.
        databases: the addresses of its databases by service.
    """

    name: str
    number: int
    databases: Mapping[str, DatabaseAddress]

    def __str__(self) -> str:
        return f"cell {self.name}" if self.name else "the first cell"


def read(environment: Mapping[str, str] = os.environ) -> dict[str, Cell]:
    """Return all cells by their names, the first one first.

    The databases of cell b are those of the same variables with ``CELL_B_`` before them; what is
    not set is as in the first cell.

    Raises:
        CannotMove: two cells have the same database.
        BadSettings: a setting is invalid.
    """
    settings = Settings.from_environment(environment, service="moving")
    if FIRST in settings.cells:
        raise CannotMove(f"no cell of CELLS may be called {FIRST}")
    found = {}
    for number, name in enumerate((cells.FIRST, *settings.cells)):
        own = Settings.from_environment(_of_cell(environment, name), service="moving").databases
        databases = {service: own[service] for service in cells.SERVICES}
        found[name] = Cell(name, number, databases)
    _check_apart(found.values())
    return found


def _of_cell(environment: Mapping[str, str], name: str) -> dict[str, str]:
    prefix = f"CELL_{name.upper()}_"
    own = {
        variable.removeprefix(prefix): value
        for variable, value in environment.items()
        if name and variable.startswith(prefix)
    }
    return {**environment, **own}


def _check_apart(found: Iterable[Cell]) -> None:
    owners: dict[tuple[str, str, str], Cell] = {}
    for cell in found:
        for service, address in cell.databases.items():
            other = owners.setdefault((address.host, str(address.port), address.name), cell)
            if other is not cell:
                prefix = f"CELL_{cell.name.upper()}_{DATABASES[service][0]}_DB_"
                raise CannotMove(
                    f"{cell} has the same {service} database as {other}: set {prefix}HOST, "
                    f"{prefix}PORT or {prefix}NAME"
                )
