"""How far the change feed of each cell is followed, and which process follows it.

For the first cell that is in ``feed_position``, as in every database of a service that follows a
feed; for each other one it is a row of ``feed_positions_of_cells``.
"""

from services.dependencies import feed_position
from services.dependencies.feed_position import LEASE_SECONDS
from services.process import cells
from services.transport.postgres.expressions import may_hold
from services.transport.postgres.statements import Fetch, Send, Statement

_UNTIL = f"now() + interval '{LEASE_SECONDS} seconds'"
_BEGIN = Statement(
    f"""
    INSERT INTO feed_positions_of_cells (cell, holder, held_until)
    VALUES (:cell, :holder, {_UNTIL})
    ON CONFLICT (cell) DO NOTHING
    RETURNING position
    """
)
_HOLD = Statement(
    f"""
    UPDATE feed_positions_of_cells SET holder = :holder, held_until = {_UNTIL}
    WHERE cell = :cell AND {may_hold(LEASE_SECONDS)}
    RETURNING position
    """
)
_ADVANCE = Statement(
    """
    UPDATE feed_positions_of_cells SET position = :position
    WHERE cell = :cell AND position < :position
    """
)


def hold(fetch: Fetch, cell: str, holder: str) -> int | None:
    """Return the position in a cell's feed if this process may follow it now, otherwise None.

    A cell that was never followed is followed from the beginning.

    Args:
        fetch: runs a statement.
        cell: its name.
        holder: a name of this process that no other has.
    """
    if cell == cells.FIRST:
        return feed_position.hold(fetch, holder)
    values = {"cell": cell, "holder": holder}
    found = fetch(_HOLD, **values) or fetch(_BEGIN, **values)
    return found[0][0] if found else None


def advance(send: Send, cell: str, position: int) -> None:
    """Note that all changes in a cell's feed up to a position were processed."""
    if cell == cells.FIRST:
        feed_position.advance(send, position)
    else:
        send(_ADVANCE, cell=cell, position=position)
