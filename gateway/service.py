"""The gateway: the services that it calls, what it keeps at hand, and all routes."""

from gateway import workout_events
from gateway.admission.callers import PUBLIC
from gateway.entrypoint import route
from gateway.link_pages.pages import LinkPages
from gateway.live.streams import LiveStreams
from gateway.openapi.pages import Documentation
from gateway.page.serving import WebPage
from gateway.requests.request import Request
from gateway.responses.replies import Reply
from gateway.routes.accounts import AccountRoutes
from gateway.routes.administration import AdministrationRoutes
from gateway.routes.changes import ChangeRoutes
from gateway.routes.email_changes import EmailChangeRoutes
from gateway.routes.erasure import ErasureRoutes
from gateway.routes.exercises import ExerciseRoutes
from gateway.routes.exports import ExportRoutes
from gateway.routes.imports import ImportRoutes
from gateway.routes.mail import MailRoutes
from gateway.routes.measurements import SAVED_MEASUREMENT, MeasurementRoutes
from gateway.routes.password_resets import PasswordResetRoutes
from gateway.routes.personal_tokens import PersonalTokenRoutes
from gateway.routes.private_exercises import PrivateExerciseRoutes
from gateway.routes.sign_in import SignInRoutes
from gateway.routes.statistics import StatisticsRoutes
from gateway.routes.take_outs import TakeOutRoutes
from gateway.routes.webhooks import WebhookRoutes
from gateway.routes.workouts import WorkoutRoutes
from gateway.upstream.remote_services import UpstreamService
from gateway.upstream.result_shapes import BOOLEAN, INTEGER, LIST, PAGE, STRING, object_with
from schemas import responses
from schemas.version import VERSION
from services.dependencies.cache import Cache
from services.dependencies.events import CellEventDispatcher
from services.dependencies.health import Health
from services.dependencies.log_context import LogContext
from services.dependencies.revocations import Revocations

INDEX = {
    "name": "Gym Tracker",
    "version": VERSION,
    "documentation": "/docs",
    "openapi": "/openapi.json",
}


class Gateway(
    SignInRoutes,
    ExerciseRoutes,
    WorkoutRoutes,
    StatisticsRoutes,
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
    dispatch = CellEventDispatcher()
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
