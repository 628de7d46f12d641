"""How far a service has followed the workouts service's change feed, and which process follows it.

It is a table of one row, ``feed_position``, in the database of each service that follows the feed.
"""

from services.transport.postgres.expressions import may_hold
from services.transport.postgres.statements import Fetch, Send, Statement

LEASE_SECONDS = 5
"""One process at a time follows the feed; another takes over when this one is silent so long. Two
that follow it at once only do the same work twice."""

_HOLD = Statement(
    f"""
    UPDATE feed_position
    SET holder = :holder, held_until = now() + interval '{LEASE_SECONDS} seconds'
    WHERE {may_hold(LEASE_SECONDS)}
    RETURNING position
    """
)

# a process that lost the lease while it worked must not set the position back
_ADVANCE = Statement("UPDATE feed_position SET position = :position WHERE position < :position")

_READ = Statement("SELECT position FROM feed_position")


def hold(fetch: Fetch, holder: str) -> int | None:
    """Return the position if this process may follow the feed now, otherwise None.

    Args:
        fetch: runs a statement.
        holder: a name of this process that no other has.
    """
    found = fetch(_HOLD, holder=holder)
    return found[0][0] if found else None


def advance(send: Send, position: int) -> None:
    """Note that all changes up to a position were processed."""
    send(_ADVANCE, position=position)


def read(fetch: Fetch) -> int:
    """Return the position, whoever follows the feed."""
    [(position,)] = fetch(_READ)
    return int(position)
