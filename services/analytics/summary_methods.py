"""The part of the analytics service that makes the summaries of weeks that have ended."""

from datetime import UTC, datetime
from typing import Any

from nameko.timer import timer

from schemas.errors import BusinessRuleViolation, NotFound
from schemas.loading import load
from schemas.pages import checked_user
from schemas.weeks import WeekToSummarise
from services.analytics import summary_rows, user_settings
from services.analytics.rules.ended_weeks import last_ended_week
from services.analytics.rules.weeks import monday_of
from services.analytics.summarising import summarise
from services.analytics.summary_maker import SummaryMaker
from services.dependencies.database import Database
from services.dependencies.outbox import OutboxRelay
from services.dependencies.remote_service import RemoteService
from services.dependencies.rpc import rpc
from services.process import budgets

WEEK_TO_SUMMARISE = WeekToSummarise()


class SummaryMethods:
    """Makes the summaries of weeks, once each, and tells of them."""

    database: Database
    users: RemoteService
    workouts: RemoteService
    record_relay: OutboxRelay
    summary_maker: SummaryMaker

    @rpc
    def summarise_week(self, user_id: int, week: str) -> dict[str, Any]:
        """Make the summary of a week of a user, unless there is one; idempotent.

        The job does it for all users when their weeks have ended. Whoever makes it tells of it by
        the event ``weekly_summary_ready``.

        Args:
            user_id: an integer from 1.
            week: ``"2026-W48"``.

        Returns:
            ``{"is_new": whether it was made now, "made_at", "summary"}``. The summary is as from
            ``weekly_summary``, as it was when it was made.

        Raises:
            InvalidParameter: a value is not allowed.
            BusinessRuleViolation: the week has not ended where the user is.
            NotFound: the user has not trained in that week.
            ServiceUnavailable, TimedOut: the users service or the database is away.

        Example:
            ``n.rpc.analytics.summarise_week(1, "2026-W48")``
        """
        name = load(WEEK_TO_SUMMARISE, {"week": week})["week"]
        user_id, monday = checked_user(user_id), monday_of(name)
        user_settings.follow(self.database, self.users.settings_changes)
        time_zone, settings = summary_rows.settings_of(self.database.fetch, user_id)
        if monday > last_ended_week(datetime.now(UTC), time_zone):
            raise BusinessRuleViolation("The week has not ended where the user is")
        made = summarise(self.database, monday, {user_id: settings})
        if made:
            self.record_relay.wake()
        found = summary_rows.find(self.database.fetch, user_id, name)
        if found is None:
            raise NotFound("There was no training in that week")
        return {"is_new": made > 0, **found}

    @timer(interval=budgets.SUMMARIES_SECONDS, eager=True)
    def make_summaries(self) -> None:
        """Make summaries of weeks that have ended, if any are due."""
        if self.summary_maker.work(self.database, self.users, self.workouts):
            self.record_relay.wake()
