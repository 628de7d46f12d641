"""The gateway: every route of the API, as options of HTTP and a few lines of Python."""

from typing import Any

from gateway import workout_events
from gateway.routes.accounts import AccountRoutes
from gateway.routes.administration import AdministrationRoutes
from gateway.admission.callers import OPTIONAL, PUBLIC, SELF
from gateway.admission.rate_limits import LOGIN, REGISTER
from gateway.routes.changes import ChangeRoutes
from gateway.routes.email_changes import EmailChangeRoutes
from gateway.entrypoint import route
from gateway.routes.erasure import ErasureRoutes
from gateway.routes.exports import ExportRoutes
from gateway.routes.imports import ImportRoutes
from gateway.link_pages.pages import LinkPages
from gateway.live.streams import LiveStreams
from gateway.routes.mail import MailRoutes
from gateway.routes.measurements import SAVED_MEASUREMENT, MeasurementRoutes
from gateway.openapi import examples
from gateway.openapi.contents import list_of, one_of, page_of
from gateway.openapi.pages import Documentation
from gateway.page.serving import WebPage
from gateway.routes.password_resets import PasswordResetRoutes
from gateway.routes.personal_tokens import PersonalTokenRoutes
from gateway.routes.private_exercises import PrivateExerciseRoutes, find, seen_by
from gateway.requests.request import Request
from gateway.requests.token_cookies import with_tokens, without_tokens
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.paging import describe_page
from gateway.responses.replies import Reply
from gateway.routes.take_outs import TakeOutRoutes
from gateway.upstream.remote_services import UpstreamService
from gateway.upstream.result_shapes import BOOLEAN, INTEGER, LIST, PAGE, STRING, object_with
from gateway.routes.webhooks import WebhookRoutes
from schemas import responses, scopes
from schemas.errors import (
    BusinessRuleViolation,
    Conflict,
    Forbidden,
    Gone,
    NotFound,
    Unauthorized,
)
from schemas.exercises import ExerciseFacets, ExerciseList, ExerciseSearch
from schemas.stats import (
    EstimateQuery,
    HistoryQuery,
    MusclesQuery,
    OneRepMaxQuery,
    ProgressQuery,
)
from schemas.users import Credentials, NewUser
from schemas.version import VERSION
from schemas.weeks import CalendarQuery, WeeklySummaryQuery
from schemas.workouts import LastSets, NewWorkout, WorkoutChanges, WorkoutList
from services.dependencies.cache import Cache
from services.dependencies.events import UnconfirmedEventDispatcher
from services.dependencies.health import Health
from services.dependencies.log_context import LogContext
from services.dependencies.revocations import Revocations

INDEX = {
    "name": "Gym Tracker",
    "version": VERSION,
    "documentation": "/docs",
    "openapi": "/openapi.json",
}
NOTHING = {"items": [], "total": 0}

NEW_WORKOUTS = (CachePolicy.WORKOUTS, CachePolicy.NUMBERS)
"""The cached responses that a new workout makes stale."""

ONE_WORKOUT = (CachePolicy.WORKOUT, *NEW_WORKOUTS)
"""The cached responses that a change of a workout makes stale."""


class Gateway(
    AccountRoutes,
    PersonalTokenRoutes,
    AdministrationRoutes,
    PrivateExerciseRoutes,
    ImportRoutes,
    ExportRoutes,
    MeasurementRoutes,
    ChangeRoutes,
    TakeOutRoutes,
    ErasureRoutes,
    PasswordResetRoutes,
    EmailChangeRoutes,
    MailRoutes,
    WebhookRoutes,
):
    """The REST API in front of the services."""

    name = "gateway"

    users = UpstreamService(
        "users",
        reads=[
            "get",
            "check_token",
            "check_personal_token",
            "list_sessions",
            "get_profile",
            "own_changes",
            "own_position",
            "get_take_out",
            "read_take_out",
            "get_deletion",
            "list_accounts",
            "list_personal_tokens",
        ],
        writes=[
            "register",
            "login",
            "logout",
            "refresh",
            "end_session",
            "end_other_sessions",
            "update_profile",
            "change_password",
            "delete_account",
            "delete_account_of",
            "update_account",
            "create_personal_token",
            "delete_personal_token",
            "request_take_out",
            "request_password_reset",
            "reset_password",
            "change_email",
            "confirm_email",
            "end_weekly_mail",
        ],
        returns={
            "register": object_with(id=INTEGER),
            "own_changes": LIST,
            "own_position": object_with(position=INTEGER),
            "list_sessions": PAGE,
            "list_accounts": PAGE,
            "delete_account": object_with(receipt=STRING),
            "delete_account_of": object_with(receipt=STRING),
            "list_personal_tokens": LIST,
            "create_personal_token": object_with(id=INTEGER),
            "get_take_out": object_with(id=INTEGER, status=STRING),
            "read_take_out": object_with(content=STRING),
        },
        without={
            "check_token": dict,
            **dict.fromkeys(["check_personal_token", "own_changes", "own_position"]),
        },
    )
    exercises = UpstreamService(
        "exercises",
        reads=["list", "search", "facets", "get", "owns", "own_changes", "own_position"],
        writes=["create", "update", "archive", "restore", "merge", "delete", "set_mine"],
        returns={
            "list": PAGE,
            "search": PAGE,
            "owns": BOOLEAN,
            "create": object_with(id=INTEGER),
            "own_changes": LIST,
            "own_position": object_with(position=INTEGER),
        },
        without=dict.fromkeys(["own_changes", "own_position"]),
    )
    workouts = UpstreamService(
        "workouts",
        reads=[
            *("list", "get", "last_sets", "own_changes", "own_position"),
            *("measurement_changes", "measurement_position"),
            *("export", "list_imports", "get_import", "list_measurements", "get_measurement"),
        ],
        writes=[
            *("create", "update", "delete", "begin_import", "add_to_import", "end_upload"),
            *("map_import", "apply_import", "undo_import", "delete_import"),
            *("create_measurement", "put_measurement", "update_measurement"),
            *("delete_measurement", "delete_measurement_by_external_id"),
        ],
        returns={
            "create": object_with(workout=workout_events.WORKOUT_SHAPE, replayed=BOOLEAN),
            "list": PAGE,
            "last_sets": LIST,
            "own_changes": LIST,
            "own_position": object_with(position=INTEGER),
            "measurement_changes": LIST,
            "measurement_position": object_with(position=INTEGER),
            "export": object_with(text=STRING),
            "list_imports": PAGE,
            "begin_import": object_with(id=INTEGER),
            "update": workout_events.WORKOUT_SHAPE,
            "delete": workout_events.WORKOUT_SHAPE,
            "create_measurement": SAVED_MEASUREMENT,
            "put_measurement": SAVED_MEASUREMENT,
            "list_measurements": PAGE,
            "delete_measurement_by_external_id": LIST,
        },
        without=dict.fromkeys(["measurement_changes", "measurement_position"]),
    )
    notifications = UpstreamService(
        "notifications",
        reads=["list_webhooks", "get_webhook", "list_deliveries"],
        writes=[
            *("create_webhook", "update_webhook", "delete_webhook", "rotate_secret"),
            *("test_webhook", "redeliver"),
        ],
        returns={
            "create_webhook": object_with(id=INTEGER),
            "list_webhooks": LIST,
            "list_deliveries": PAGE,
        },
    )
    analytics = UpstreamService(
        "analytics",
        reads=[
            *("exercise_history", "exercise_records", "rep_maxes"),
            *("personal_records", "progress", "muscles", "one_rep_max"),
            *("calendar", "streak", "weekly_summary"),
        ],
    )
    dispatch = UnconfirmedEventDispatcher()
    cache = Cache()
    revocations = Revocations()
    live = LiveStreams()
    health = Health()
    documentation = Documentation()
    link_pages = LinkPages()
    page = WebPage()
    log_context = LogContext()

    @route("GET", "/api/about", caller=PUBLIC, shows=responses.Index)
    def index(self, request: Request) -> Reply:
        """Say what this is, and where the documentation is."""
        return Reply(INDEX)

    @route(
        "POST",
        "/api/users/register",
        caller=PUBLIC,
        body=NewUser,
        limit=REGISTER,
        names_client=True,
        keeps_tokens=True,
        status=201,
        shows=responses.RegisteredUser,
        refuses=[Conflict, Forbidden],
    )
    def register(self, request: Request) -> Reply:
        """Open an account; the answer holds the first tokens."""
        user = self.users.register(request.body, client=request.client)
        return with_tokens(request.token_cookie, user, location=f"/api/users/{user['id']}")

    @route(
        "POST",
        "/api/users/login",
        caller=PUBLIC,
        body=Credentials,
        limit=LOGIN,
        names_client=True,
        keeps_tokens=True,
        shows=responses.SignedIn,
        refuses=[Unauthorized, Forbidden],
    )
    def login(self, request: Request) -> Reply:
        """Exchange e-mail and password for a token, and one to refresh it with."""
        tokens = self.users.login(request.body, client=request.client)
        return with_tokens(request.token_cookie, tokens)

    @route(
        "POST",
        "/api/users/logout",
        keeps_tokens=True,
        changes=[CachePolicy.ACCOUNT],
        shows=responses.SignedOut,
        refuses=[Forbidden],
    )
    def logout(self, request: Request) -> Reply:
        """Revoke the token that the request is made with, and end its session."""
        return without_tokens(request.token_cookie, self.users.logout(request.caller.token))

    @route(
        "GET",
        "/api/users/:id",
        scope=scopes.PROFILE_READ,
        caller=SELF,
        shows=one_of(responses.User, responses.Account),
        refuses=[Forbidden, NotFound],
    )
    def get_user(self, request: Request) -> Reply:
        """Show a profile: one's own, or any to an administrator, with whether it is disabled."""
        if request.caller.is_admin:
            return Reply(self.users.get(request.id, with_disabled=True))
        return Reply(self.users.get(request.id))

    @route(
        "GET",
        "/api/exercises",
        scope=scopes.WORKOUTS_READ,
        caller=OPTIONAL,
        query=ExerciseList,
        cache=CachePolicy.CATALOGUE,
        shows=page_of(responses.Exercise),
    )
    def list_exercises(self, request: Request) -> Reply:
        """List the catalogue, and your own exercises, filtered and sorted."""
        return _page(request, self.exercises.list(**seen_by(request), **request.query))

    @route(
        "GET",
        "/api/exercises/search",
        scope=scopes.WORKOUTS_READ,
        caller=OPTIONAL,
        query=ExerciseSearch,
        cache=CachePolicy.CATALOGUE,
        shows=page_of(responses.Exercise),
    )
    def search_exercises(self, request: Request) -> Reply:
        """Search the catalogue and your own exercises; the best match comes first."""
        return _page(request, self.exercises.search(**seen_by(request), **request.query))

    @route(
        "GET",
        "/api/exercises/facets",
        scope=scopes.WORKOUTS_READ,
        caller=OPTIONAL,
        query=ExerciseFacets,
        cache=CachePolicy.CATALOGUE,
        shows=responses.Facets,
    )
    def count_exercises(self, request: Request) -> Reply:
        """Count the exercises by each value they can be filtered by, for a filter screen."""
        return Reply(self.exercises.facets(**seen_by(request), **request.query))

    @route(
        "GET",
        "/api/exercises/last",
        scope=scopes.WORKOUTS_READ,
        query=LastSets,
        cache=CachePolicy.WORKOUTS,
        shows=list_of(responses.LastPerformance),
    )
    def last_sets(self, request: Request) -> Reply:
        """Show the working sets of one's latest workout of each exercise, if there is one."""
        return Reply(self.workouts.last_sets(request.user_id, **request.query))

    @route(
        "GET",
        "/api/exercises/:id",
        scope=scopes.WORKOUTS_READ,
        caller=OPTIONAL,
        cache=CachePolicy.CATALOGUE,
        shows=responses.Exercise,
        refuses=[NotFound],
    )
    def get_exercise(self, request: Request) -> Reply:
        """Show an exercise: of the catalogue, or one of your own."""
        return Reply(find(self.exercises, request))

    @route(
        "POST",
        "/api/workouts",
        scope=scopes.WORKOUTS_WRITE,
        body=NewWorkout,
        status=201,
        takes_key=True,
        known="A workout with this `client_id` was made from this body before; as it is now",
        changes=NEW_WORKOUTS,
        shows=responses.Workout,
        refuses=[Conflict, Gone, BusinessRuleViolation],
    )
    def create_workout(self, request: Request) -> Reply:
        """Log a workout. With a `client_id` or an `Idempotency-Key` it is safe to try again."""
        created = self.workouts.create(
            request.user_id, request.body, idempotency_key=request.idempotency_key
        )
        workout = created["workout"]
        replayed = (("Idempotent-Replayed", "true"),) if created["replayed"] else ()
        # a workouts service of the version before does not say so
        was_there = created.get("was_there", False)
        if not (replayed or was_there):
            workout_events.announce(
                self.dispatch,
                workout_events.CREATED,
                request.user_id,
                workout,
                created.get("counted"),
            )
        return Reply(
            workout,
            location=f"/api/workouts/{workout['id']}",
            headers=replayed,
            was_there=was_there,
        )

    @route(
        "GET",
        "/api/workouts",
        scope=scopes.WORKOUTS_READ,
        query=WorkoutList,
        cache=CachePolicy.WORKOUTS,
        shows=page_of(responses.ListedWorkout),
        refuses=[BusinessRuleViolation],
    )
    def list_workouts(self, request: Request) -> Reply:
        """List one's own workouts; administrators can list anybody's."""
        own = {"user_id": request.user_id}
        wanted = own | request.query
        if wanted == wanted | own or request.caller.is_admin:
            return _page(request, self.workouts.list(**wanted))
        # of others nothing is shown; the call checks the rest of the query all the same
        self.workouts.list(**wanted | own)
        return _page(request, NOTHING)

    @route(
        "GET",
        "/api/workouts/:id",
        scope=scopes.WORKOUTS_READ,
        cache=CachePolicy.WORKOUT,
        shows=responses.Workout,
        refuses=[NotFound],
    )
    def get_workout(self, request: Request) -> Reply:
        """Show a workout: one's own, or any to an administrator."""
        user_id = None if request.caller.is_admin else request.user_id
        return Reply(self.workouts.get(request.id, user_id=user_id))

    @route(
        "PUT",
        "/api/workouts/:id",
        scope=scopes.WORKOUTS_WRITE,
        body=WorkoutChanges,
        changes=ONE_WORKOUT,
        shows=responses.Workout,
        refuses=[NotFound, Conflict, BusinessRuleViolation],
        example=examples.CHANGED_WORKOUT,
    )
    def update_workout(self, request: Request) -> Reply:
        """Change the fields that are given; null clears one."""
        workout = self.workouts.update(request.user_id, request.id, request.body)
        if workout_events.gives_a_field(request.body):
            workout_events.announce(self.dispatch, workout_events.UPDATED, request.user_id, workout)
        return Reply(workout)

    @route(
        "DELETE",
        "/api/workouts/:id",
        scope=scopes.WORKOUTS_WRITE,
        changes=ONE_WORKOUT,
        shows=responses.DeletedWorkout,
        refuses=[NotFound],
    )
    def delete_workout(self, request: Request) -> Reply:
        """Delete a workout."""
        deleted = self.workouts.delete(request.user_id, request.id)
        workout_events.announce(self.dispatch, workout_events.DELETED, request.user_id, deleted)
        return Reply({"id": deleted["id"], "deleted": True})

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


def _page(request: Request, found: dict) -> Reply:
    return Reply(found["items"], page=describe_page(request.query, found["total"]))


def _with_formula(request: Request) -> dict[str, Any]:
    """Return the query with the formula of the caller's settings, unless it names one."""
    formula = request.caller.settings.one_rep_max_formula
    return request.query if formula is None else {"formula": formula, **request.query}
