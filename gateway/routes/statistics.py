"""The routes of what came of one's workouts, which the gateway's class inherits."""

from typing import Any

from gateway.entrypoint import route
from gateway.openapi.contents import one_of
from gateway.requests.request import Request
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.replies import Reply
from schemas import responses, scopes
from schemas.errors import NotFound
from schemas.stats import (
    EstimateQuery,
    HistoryQuery,
    MusclesQuery,
    OneRepMaxQuery,
    ProgressQuery,
)
from schemas.weeks import CalendarQuery, WeeklySummaryQuery


class StatisticsRoutes:
    """Records, progress, and the weeks."""

    # Any: a worker gets the service's methods in its place
    analytics: Any

    @route(
        "GET",
        "/api/stats/exercise/:id/history",
        scope=scopes.STATS_READ,
        query=HistoryQuery,
        cache=CachePolicy.NUMBERS,
        shows=responses.History,
        refuses=[NotFound],
    )
    def exercise_history(self, request: Request) -> Reply:
        """Show how one's work on an exercise went on over time."""
        return Reply(self.analytics.exercise_history(request.user_id, request.id, **request.query))

    @route(
        "GET",
        "/api/stats/exercise/:id/records",
        scope=scopes.STATS_READ,
        query=EstimateQuery,
        cache=CachePolicy.NUMBERS,
        shows=responses.RecordsOfExercise,
        refuses=[NotFound],
    )
    def exercise_records(self, request: Request) -> Reply:
        """Show one's records of an exercise, each with the set that made it."""
        return Reply(
            self.analytics.exercise_records(request.user_id, request.id, **_with_formula(request))
        )

    @route(
        "GET",
        "/api/stats/exercise/:id/rep-maxes",
        scope=scopes.STATS_READ,
        query=EstimateQuery,
        cache=CachePolicy.NUMBERS,
        shows=responses.RepMaxes,
        refuses=[NotFound],
    )
    def rep_maxes(self, request: Request) -> Reply:
        """Show one's heaviest sets of 1 to 12 repetitions, and what the best estimate allows."""
        return Reply(
            self.analytics.rep_maxes(request.user_id, request.id, **_with_formula(request))
        )

    @route(
        "GET",
        "/api/stats/personal-records",
        scope=scopes.STATS_READ,
        cache=CachePolicy.NUMBERS,
        shows=responses.Records,
    )
    def personal_records(self, request: Request) -> Reply:
        """Show one's best in every exercise."""
        return Reply(self.analytics.personal_records(request.user_id))

    @route(
        "GET",
        "/api/stats/progress",
        scope=scopes.STATS_READ,
        query=ProgressQuery,
        cache=CachePolicy.NUMBERS,
        shows=one_of(responses.WeeklyProgress, responses.MonthlyProgress),
    )
    def progress(self, request: Request) -> Reply:
        """Show what was done week by week, or month by month."""
        return Reply(self.analytics.progress(request.user_id, **request.query))

    @route(
        "GET",
        "/api/stats/muscles",
        scope=scopes.STATS_READ,
        query=MusclesQuery,
        cache=CachePolicy.NUMBERS,
        shows=responses.MusclesByWeek,
    )
    def muscles(self, request: Request) -> Reply:
        """Show week by week how much one has trained each muscle, against what one aims at."""
        settings = request.caller.settings
        return Reply(
            self.analytics.muscles(
                request.user_id,
                **request.query,
                time_zone=settings.time_zone,
                least_sets=settings.weekly_sets_least,
                most_sets=settings.weekly_sets_most,
            )
        )

    @route(
        "GET",
        "/api/stats/calendar",
        scope=scopes.STATS_READ,
        query=CalendarQuery,
        cache=CachePolicy.NUMBERS,
        shows=responses.Calendar,
    )
    def calendar(self, request: Request) -> Reply:
        """Show what was done on each day of a year."""
        zone = request.caller.settings.time_zone
        return Reply(self.analytics.calendar(request.user_id, **request.query, time_zone=zone))

    @route(
        "GET",
        "/api/stats/streak",
        scope=scopes.STATS_READ,
        cache=CachePolicy.NUMBERS,
        shows=responses.WeekStreak,
    )
    def streak(self, request: Request) -> Reply:
        """Show for how many weeks in a row one has met the goal."""
        settings = request.caller.settings
        return Reply(
            self.analytics.streak(request.user_id, settings.time_zone, settings.weekly_goal)
        )

    @route(
        "GET",
        "/api/stats/weekly-summary",
        scope=scopes.STATS_READ,
        query=WeeklySummaryQuery,
        cache=CachePolicy.NUMBERS,
        shows=responses.WeeklySummary,
        refuses=[NotFound],
    )
    def weekly_summary(self, request: Request) -> Reply:
        """Show what a week was, beside the weeks before."""
        settings = request.caller.settings
        return Reply(
            self.analytics.weekly_summary(
                request.user_id,
                **request.query,
                time_zone=settings.time_zone,
                weekly_goal=settings.weekly_goal,
                least_sets=settings.weekly_sets_least,
                most_sets=settings.weekly_sets_most,
            )
        )

    @route(
        "GET",
        "/api/stats/one-rep-max",
        scope=scopes.STATS_READ,
        query=OneRepMaxQuery,
        shows=responses.OneRepMax,
    )
    def one_rep_max(self, request: Request) -> Reply:
        """Estimate a one-rep max from a set, and the weights it allows for 1 to 12 repetitions."""
        return Reply(self.analytics.one_rep_max(**_with_formula(request)))


def _with_formula(request: Request) -> dict[str, Any]:
    """Return the query with the formula of the caller's settings, unless it names one."""
    formula = request.caller.settings.one_rep_max_formula
    return request.query if formula is None else {"formula": formula, **request.query}
