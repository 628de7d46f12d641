"""Processing a batch: all at once, and in smaller parts where that fails."""

from collections.abc import Callable
from typing import TypeVar

from schemas.errors import ServiceUnavailable, TimedOut

Item = TypeVar("Item")


def bisect_batch(
    items: list[Item],
    work: Callable[[list[Item]], None],
    failed: Callable[[Item, Exception], None],
) -> None:
    """Process a batch; on failure, bisect it.

    A batch that takes too long as a whole is processed in smaller parts, and an item that always
    fails holds up no other: it is alone after log2(n) bisections.

    Args:
        items: the batch.
        work: processes some items. It must be idempotent, as items are processed again after
            another one of their batch has failed.
        failed: called with each item that failed alone, and the exception.

    Raises:
        ServiceUnavailable, TimedOut: a single item failed because a service is away; the others
            would, too, so nothing more is tried.
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
