"""Whether a cell still has the user for whom a worker was called."""

from collections.abc import Callable
from contextvars import ContextVar

from schemas.errors import GymError

# each worker has a context of its own
CHECK: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)
"""Raises if the cell has not; None if the call was not sent because of a user."""


def still_here() -> bool:
    """Return whether the user is still served here.

    What was read may be kept for others then: nothing newer was written elsewhere before it was
    asked for.
    """
    check = CHECK.get()
    if check is None:
        return True
    try:
        check()
    except GymError:
        return False
    return True
