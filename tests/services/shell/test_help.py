"""What a person at a nameko shell meets: help for each method, plain values, stock clients."""

import importlib
import inspect
import os
import subprocess
import sys

import pytest
from nameko.exceptions import IncorrectSignature, MethodNotFound, RemoteError
from nameko.rpc import Rpc
from nameko.standalone.rpc import ServiceRpcProxy

from tests.services.logbook import ago, body, lift, one

METHODS = {
    "users": [
        *("register", "login", "get", "find", "logout"),
        *("check_token", "check_personal_token"),
        *("refresh", "list_sessions", "end_session", "end_other_sessions"),
        *("get_profile", "update_profile", "settings_changes", "own_changes", "own_position"),
        *("request_take_out", "get_take_out", "read_take_out"),
        *("request_password_reset", "reset_password", "make_password_reset"),
        *("change_email", "confirm_email", "mail_recipient", "end_weekly_mail"),
        *("get_profile", "update_profile", "change_password"),
        *("create_personal_token", "list_personal_tokens", "delete_personal_token"),
        *("delete_account", "delete_account_of", "get_deletion"),
        *("list_accounts", "update_account", "make_administrator"),
    ],
    "exercises": [
        *("list", "get", "get_many", "search", "facets", "changes"),
        *("create", "update", "archive", "restore", "delete", "get_private", "owns"),
        *("merge", "set_mine", "own_muscles", "match_names"),
        *("import_from_wger", "import_status", "take_out", "own_changes", "own_position"),
    ],
    "workouts": [
        *("create", "list", "get", "get_many", "last_sets", "own_changes", "own_position"),
        *("update", "delete", "changes", "retire_exercise", "merge_exercise"),
        *("begin_import", "add_to_import", "end_upload", "list_imports", "get_import"),
        *("map_import", "apply_import", "undo_import", "delete_import", "export"),
        *("create_measurement", "put_measurement", "list_measurements", "get_measurement"),
        *("update_measurement", "delete_measurement", "delete_measurement_by_external_id"),
        *("measurement_changes", "measurement_position"),
        "take_out",
    ],
    "analytics": [
        *("process_workout", "exercise_history", "personal_records", "progress", "rebuild"),
        *("one_rep_max", "exercise_records", "rep_maxes", "muscles", "take_out"),
        *("calendar", "streak", "weekly_summary", "summarise_week"),
    ],
    "notifications": [
        *("create_webhook", "list_webhooks", "get_webhook", "update_webhook", "delete_webhook"),
        *("rotate_secret", "test_webhook", "list_deliveries", "redeliver", "take_out"),
    ],
}
ALL_METHODS = [(service, method) for service, methods in METHODS.items() for method in methods]
SHELL_SECONDS = 60


def class_of(service):
    module = importlib.import_module(f"services.{service}.service")
    return getattr(module, service.capitalize())


def methods_of(service):
    """Return the methods of a service that can be called over RPC."""
    members = inspect.getmembers(class_of(service), inspect.isfunction)
    return {
        name: method
        for name, method in members
        if any(isinstance(point, Rpc) for point in getattr(method, "nameko_entrypoints", ()))
    }


@pytest.mark.parametrize("service", METHODS)
def test_a_service_has_the_methods_of_the_contract(service):
    assert class_of(service).name == service
    assert methods_of(service).keys() == set(METHODS[service])


@pytest.mark.parametrize(("service", "method"), ALL_METHODS)
def test_each_method_tells_how_it_is_used(service, method):
    function = methods_of(service)[method]
    text = inspect.getdoc(function)
    summary, *_ = text.splitlines()
    assert summary.endswith(".")
    assert "Returns:" in text
    assert "Example:" in text
    assert f"n.rpc.{service}.{method}(" in text
    parameters = list(inspect.signature(function).parameters)[1:]
    if parameters:
        arguments = text.split("Args:")[1].split("Returns:")[0]
        missing = [name for name in parameters if f"{name}:" not in arguments]
        assert not missing, "an argument that is not explained"


def plain(value):
    """Tell whether a value is nothing but JSON; a date or a decimal would have come as itself."""
    if isinstance(value, dict):
        return all(type(key) is str for key in value) and all(map(plain, value.values()))
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or type(value) in (str, int, float, bool)


def test_answers_are_plain_values(rpc, fresh_user):
    workouts, analytics = rpc.workouts, rpc.analytics
    logged = body(ago(0), lift(1, one(5, 102.5, rpe=8.5)), duration_minutes=60)
    created = workouts.create(fresh_user, logged, "key")
    workout_id = created["workout"]["id"]
    answers = [
        created,
        workouts.create(fresh_user, logged, "key"),
        workouts.get(workout_id),
        workouts.list(fresh_user),
        workouts.update(fresh_user, workout_id, {"name": "x"}),
        analytics.process_workout(workout_id),
        analytics.personal_records(fresh_user),
        analytics.exercise_history(fresh_user, 1),
        analytics.progress(fresh_user),
        analytics.calendar(fresh_user),
        analytics.streak(fresh_user),
        analytics.weekly_summary(fresh_user),
        analytics.one_rep_max(102.5, 5, rir=0.5),
        analytics.exercise_records(fresh_user, 1),
        analytics.rep_maxes(fresh_user, 1),
        analytics.rebuild(fresh_user),
        workouts.delete(fresh_user, workout_id),
        workouts.changes(workout_id=workout_id),
    ]

    assert all(map(plain, answers))


def test_a_client_of_one_service(system, fresh_user):
    config = {"AMQP_URI": system.environment["AMQP_URI"]}
    with ServiceRpcProxy("workouts", config, timeout=30) as workouts:
        calls = [workouts.list.call_async(fresh_user) for _ in range(20)]
        assert [call.result() for call in calls] == [{"items": [], "total": 0}] * 20


def test_calls_that_cannot_be_are_told(rpc):
    with pytest.raises(MethodNotFound):
        rpc.workouts.burn(1)
    with pytest.raises(IncorrectSignature):
        rpc.workouts.get()
    with pytest.raises(IncorrectSignature):
        rpc.workouts.changes(0, 10, None, None, "more")
    assert isinstance(rpc.workouts.changes(0, 1), list)


SCRIPT = """
print("first", n.rpc.workouts.changes(0, 10)[0]["kind"])
made = n.rpc.workouts.create({user}, {{"date": "2025-02-16"}})
print("made", made["workout"]["date"], made["replayed"])
print("listed", n.rpc.workouts.list({user}, date_from="2025-02-01", limit=5)["total"])
n.rpc.workouts.get(2**62)
"""


def test_a_nameko_shell_that_knows_nothing_of_ours(system, fresh_user, tmp_path):
    broker = system.environment["AMQP_URI"]
    nameko = [sys.executable, "-c", "from nameko.cli.main import main; main()"]
    strange = {"PYTHONPATH", "PYTHONSTARTUP"}
    shell = subprocess.run(
        [*nameko, "shell", "--interface", "plain", "--broker", broker],
        input=SCRIPT.format(user=fresh_user),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name not in strange},
        timeout=SHELL_SECONDS,
    )

    said = shell.stdout + shell.stderr
    assert "first created" in said
    assert "made 2025-02-16 False" in said
    assert "listed 1" in said
    # a failure has its stable name and its sentence, even where its class is unknown
    assert f"{RemoteError.__name__}: NotFound There is no" in said
