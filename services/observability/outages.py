"""Outages in the log: one line when something goes down, one when it is back, none in between."""

import time
from datetime import UTC, datetime

from services.observability.logging import get_logger

log = get_logger(__name__)


class Outage:
    """Remembers since when something is down.

    Args:
        what: what may go down, as an operator calls it.
        doing: what is done about it until it is back.
        context: told with every line.
    """

    def __init__(self, what: str, doing: str, **context: object):
        self.what = what
        self.doing = doing
        self.context = context
        self.since: datetime | None = None
        self._begun = 0.0

    def begin(self, reason: str) -> None:
        """Note that it is down; only the first time is told."""
        if self.since is not None:
            return
        self.since, self._begun = datetime.now(UTC), time.monotonic()
        log.warning(f"{self.what} is down, {self.doing}", reason=reason, **self.context)

    def end(self) -> None:
        """Note that it works; told only if it was down."""
        if self.since is None:
            return
        since, self.since = self.since, None
        log.warning(
            f"{self.what} is back",
            since=since.isoformat(timespec="seconds"),
            after_seconds=round(time.monotonic() - self._begun, 1),
            **self.context,
        )
