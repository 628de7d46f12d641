"""Which changes of the feed are counted from it, and which are left to their events."""

from typing import Any


class HeadStart:
    """Leaves to the events what has only just happened.

    An event has a change counted within milliseconds; whoever counts it from the feed in the same
    moment does it twice. So a change that the feed shows for the first time waits until the next
    look. A process that has just started, or finds as many changes as it takes at a time, is behind
    and waits for nothing.

    Args:
        batch: how many changes are taken at a time.
    """

    def __init__(self, batch: int):
        self._batch = batch
        self._newest: int | None = None
        self._newest_before: int | None = None

    def begin_look(self) -> None:
        """Note that what was seen until now has had its time."""
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
        return [change for change in changes if change["id"] <= newest_before]
