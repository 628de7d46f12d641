"""Outages in the log: one line when something goes down, one when it is back, none in between."""

import time
from datetime import UTC, datetime

from services.observability.logging import get_logger

log = get_logger(__name__)


class Outage:
    """Since when something is down.

    Whoever reaches the same thing in several ways shares one of these. It lasts until each way that
    noticed it has worked again: a full Redis, which refuses what the rate limits write, still
    answers who looks up a token, and would otherwise be down and back with every request.

    Args:
        what: what may go down, as an operator calls it.
        doing: what is done about it until it is back.
        context: logged with every line.
    """

    def __init__(self, what: str, doing: str, **context: object):
        self.what = what
        self.doing = doing
        self.context = context
        self.since: datetime | None = None
        self._begun = 0.0
        self._noticed_by: set[str] = set()

    def begin(self, reason: str, noticed_by: str = "") -> None:
        """Note that it is down; only the first time is logged.

        Args:
            reason: what happened.
            noticed_by: the way in which it was reached, if there are several.
        """
        self._noticed_by.add(noticed_by)
        if self.since is not None:
            return
        self.since, self._begun = datetime.now(UTC), time.monotonic()
        log.warning(f"{self.what} is down, {self.doing}", reason=reason, **self.context)

    def end(self, noticed_by: str = "") -> None:
        """Note that it works in one way; logged only if it was down, and now works in all."""
        if self.since is None:
            return
        self._noticed_by.discard(noticed_by)
        if self._noticed_by:
            return
        since, self.since = self.since, None
        log.warning(
            f"{self.what} is back",
            since=since.isoformat(timespec="seconds"),
            after_seconds=round(time.monotonic() - self._begun, 1),
            **self.context,
        )
