"""Many at once, and still each on its own where that fails."""

from collections.abc import Callable
from typing import TypeVar

from schemas.errors import ServiceUnavailable, TimedOut

Item = TypeVar("Item")


def bisect_batch(
    items: list[Item],
    work: Callable[[list[Item]], None],
    failed: Callable[[Item, Exception], None],
) -> None:
    """Work on all items at once, and if that fails on each half of them in the same way.

    So what is too much at once is done in smaller parts, and the one that can't be done at all
    holds up nothing.

    Args:
        items: what is to be worked on.
        work: does it, and doing it again changes nothing.
        failed: is told of an item that failed alone, and why.

    Raises:
        ServiceUnavailable, TimedOut: something is away that even a single item needs.
    """
    try:
        if items:
            work(items)
    except Exception as problem:
        if len(items) > 1:
            middle = len(items) // 2
            bisect_batch(items[:middle], work, failed)
            bisect_batch(items[middle:], work, failed)
        elif isinstance(problem, ServiceUnavailable | TimedOut):
            raise
        else:
            failed(items[0], problem)
