"""The job that makes one summary for each user and week, when the week has ended where they are.

It goes through the users who have trained in the last ended week of their zone, in pages, over and
over. So whoever has trained is found by an index, a process that dies leaves nothing to be taken
up, an outage of days costs all weeks but the last, and a workout that is logged late for that week
still gets its summary, if there was none.
"""

import time
import uuid
from collections import deque
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from nameko.extensions import DependencyProvider

from schemas.errors import GymError, Unauthorized
from services.analytics import summary_rows, user_settings
from services.analytics.bisecting import bisect_batch
from services.analytics.rules.ended_weeks import zones_by_week
from services.analytics.summarising import summarise
from services.analytics.week_reads import Settings
from services.dependencies import feed_position
from services.dependencies.database import Database
from services.dependencies.remote_service import RemoteCalls
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets
from services.process.failpoints import failpoint
from services.process.turns import Turns

log = get_logger(__name__)

SETTLING = timedelta(minutes=10)
"""So long after a week has ended its summaries are begun: what was logged before is counted."""

PAGE = 50
"""Users who are looked at in a second: 100,000 take some 35 minutes, of a quarter of a core."""

AT_ONCE = 10
"""Users whose summaries are made by one statement. Between two of these requests get their turn,
and the database is idle for as long as it was busy."""


class SummaryMaker(DependencyProvider):
    """Makes summaries, a page at a time; all workers share it, as they share one place in it."""

    def __init__(self) -> None:
        self._holder = uuid.uuid4().hex
        self._weeks: deque[tuple[date, list[str]]] = deque()
        """The weeks that are still to be gone through, with the zones in which they are the last
        that has ended."""

        self._after = 0
        self._look_at = 0.0
        self._outage = Outage("weekly summaries", "those that are missing will be made later")

    def get_dependency(self, worker_ctx: object) -> "SummaryMaker":
        """Return the provider itself."""
        return self

    def work(self, database: Database, users: RemoteCalls, workouts: RemoteCalls) -> bool:
        """Go on with a page, and return whether it made any summary.

        Args:
            database: analytics' own.
            users: calls the users service.
            workouts: calls the workouts service.
        """
        if not self._weeks and time.monotonic() < self._look_at:
            return False
        made = 0
        try:
            if summary_rows.hold(database.fetch, self._holder):
                if not self._weeks:
                    self._begin(database, users, workouts)
                made = self._make_page(database)
            else:
                self._weeks.clear()
        except GymError as problem:
            self._weeks.clear()
            self._outage.begin(str(problem))
        else:
            self._outage.end()
        if not self._weeks:
            self._look_at = time.monotonic() + budgets.SUMMARIES_LOOK_SECONDS
        return made > 0

    def _begin(self, database: Database, users: RemoteCalls, workouts: RemoteCalls) -> None:
        """Find out which weeks have ended where, unless something is not known here yet."""
        user_settings.follow(database, users.settings_changes)
        settled = datetime.now(UTC) - SETTLING
        if not _has_counted(database, workouts, settled):
            return
        zones = [summary_rows.NOT_SET, *summary_rows.time_zones(database.fetch)]
        self._weeks.extend(sorted(zones_by_week(settled, zones).items()))
        self._after = 0

    def _make_page(self, database: Database) -> int:
        if not self._weeks:
            return 0
        monday, zones = self._weeks[0]
        found = summary_rows.page(database.fetch, monday, zones, self._after, PAGE)
        due, made = list(found.due), list[int]()
        turns = Turns(rest=1)
        for place in range(0, len(due), AT_ONCE):
            bisect_batch(
                due[place : place + AT_ONCE],
                partial(self._summarise, database, monday, found.due, made),
                partial(_failed, monday),
            )
            turns.give_way()
        if found.after is None:
            self._weeks.popleft()
        self._after = found.after or 0
        return sum(made)

    @staticmethod
    def _summarise(
        database: Database,
        monday: date,
        settings: dict[int, Settings],
        made: list[int],
        user_ids: list[int],
    ) -> None:
        failpoint("analytics.before_summaries")
        made.append(summarise(database, monday, {key: settings[key] for key in user_ids}))
        failpoint("analytics.after_summaries")


def _has_counted(database: Database, workouts: RemoteCalls, until: datetime) -> bool:
    """Return whether all workouts are counted that were logged until a moment.

    After an outage of analytics the summaries wait for the change feed.
    """
    position = feed_position.read(database.fetch)
    following: list[dict[str, Any]] = workouts.changes(position, limit=1)
    return not following or datetime.fromisoformat(following[0]["changed_at"]) > until


def _failed(monday: date, user_id: int, problem: Exception) -> None:
    # the user was erased meanwhile
    if not isinstance(problem, Unauthorized):
        log.error(
            "weekly summary not made, will be tried again",
            user_id=user_id,
            week=monday.isoformat(),
            exc_info=problem,
        )
