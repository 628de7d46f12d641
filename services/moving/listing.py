"""The table of all cells."""

from collections.abc import Mapping

from services.moving import noting, preparing
from services.moving.addresses import FIRST, CannotMove, Cell
from services.moving.connecting import Side, opened
from services.process import cells
from services.transport.postgres.unpooled import run

_HEADINGS = ("cell", "buckets", "prepared", "moves under way")
_COUNT = "SELECT count(*) FROM bucket_states WHERE state = ANY(%s)"
_ELSEWHERE = [cells.GONE, cells.ARRIVING, cells.ARRIVED]
_HERE = [cells.HERE, cells.LEAVING]


def lines(every: Mapping[str, Cell]) -> list[str]:
    """Return a line of headings, and one of each cell."""
    rows = [_HEADINGS, *map(_row, every.values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(cell: Cell) -> tuple[str, str, str, str]:
    name = cell.name or FIRST
    try:
        with opened(cell) as side:
            preparing.check_migrated(side)
            missing = preparing.whats_missing(side)
            return name, str(_buckets(side)), "no" if missing else "yes", _move(side)
    except CannotMove as problem:
        return name, "?", "?", str(problem)


def _buckets(side: Side) -> int:
    counted = _HERE if side.cell.number else _ELSEWHERE
    [(found,)] = run(side.workouts, _COUNT, counted)
    return int(found) if side.cell.number else cells.BUCKETS - int(found)


def _move(side: Side) -> str:
    found = noting.unfinished(side)
    return f"{found[0]} to {found[1] or FIRST}" if found else ""
