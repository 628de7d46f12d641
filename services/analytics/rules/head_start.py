"""Which changes are counted from the feed at once, and which a moment later, after their events."""

from itertools import takewhile
from typing import Any


class HeadStart:
    """Gives events a head start over the feed.

    An event has a change counted within milliseconds; counting it from the feed at the same time
    would do the work twice. So a change is counted from the feed the second time that it is seen
    there; one that an import made has no event, and need not wait. A process that has just started,
    or finds a full batch of changes, is behind and counts all of them at once.

    Args:
        batch: maximum number of changes per poll.
    """

    def __init__(self, batch: int):
        self._batch = batch
        self._newest: int | None = None
        self._newest_before: int | None = None

    def begin_look(self) -> None:
        """Begin a poll: changes seen before it need not wait any longer."""
        self._newest_before = self._newest

    def left_to_the_feed(self, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return those changes that no event will bring any more.

        Args:
            changes: of the feed, each with its ``id``, the oldest first.

        Returns:
            The oldest of them, maybe all or none.
        """
        newest_before, is_behind = self._newest_before, len(changes) >= self._batch
        self._newest = max(changes[-1]["id"] if changes else 0, self._newest or 0)
        if newest_before is None or is_behind:
            return changes
        return list(
            takewhile(lambda change: change["id"] <= newest_before or "imported" in change, changes)
        )
