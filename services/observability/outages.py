"""Outages in the log: one line when something goes down, one when it is back, none in between."""

import time
from datetime import UTC, datetime

from services.observability.logging import get_logger

log = get_logger(__name__)


class Outage:
    """Logs when a dependency goes down, and when it is back.

    Several clients of one server share an instance. The outage ends once every client that reported
    it has succeeded again: a full Redis refuses the writes of the rate limits, but still answers
    reads of revoked tokens, and would otherwise be logged as down and back with every request.

    Args:
        what: name of the dependency in the log.
        doing: how the process works in the meantime, as logged.
        context: added to every line.
    """

    def __init__(self, what: str, doing: str, **context: object):
        self.what = what
        self.doing = doing
        self.context = context
        self.since: datetime | None = None
        self._begun = 0.0
        self._noticed_by: set[str] = set()

    def begin(self, reason: str, noticed_by: str = "") -> None:
        """Report a failure; only the first one is logged.

        Args:
            reason: logged with the line.
            noticed_by: the client that failed, if several share this outage.
        """
        self._noticed_by.add(noticed_by)
        if self.since is not None:
            return
        self.since, self._begun = datetime.now(UTC), time.monotonic()
        log.warning(f"{self.what} is down, {self.doing}", reason=reason, **self.context)

    def end(self, noticed_by: str = "") -> None:
        """Report a success; logged if it ends an outage, that is, no other client still fails."""
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
