"""What the gateway answers whatever its services do: order, statuses, headers, events."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.service import Gateway
from gateway.upstream.remote_services import UpstreamService
from schemas import errors
from services.auth import verify
from services.process import budgets
from services.transport.amqp.json import dumps
from services.transport.http import limits
from services.transport.http.server import REUSE_PORT_KEY
from tests.api.http_client import read_all
from tests.api.lone_gateway import gateway_alone, held_back, wait_until

WORKOUT = {"id": 7, "user_id": 1, "version": 1, "date": "2025-02-16", "name": "Push"}
GOOD_PAGE = {"items": [], "total": 0}


def codes(answer):
    return [error["code"] for error in answer.json()["errors"]]


# --- which answer when several are due


def test_unknown_route_comes_before_everything(edge):
    answer = edge.http.request("BREW", "/api/nothing?x=1", data=b"{")
    assert (answer.status_code, codes(answer)) == (404, ["NOT_FOUND"])


def test_wrong_method_comes_before_the_token(edge):
    answer = edge.http.request("BREW", "/api/workouts?bogus=1", data=b"{")
    assert (answer.status_code, codes(answer)) == (405, ["METHOD_NOT_ALLOWED"])
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_token_comes_before_size_type_and_parameters(edge):
    answer = edge.http.post("/api/workouts?bogus=1", data=b"x" * 2_000_000)
    assert (answer.status_code, codes(answer)) == (401, ["UNAUTHORIZED"])
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_another_users_profile_comes_before_parameters(edge, make_token):
    answer = edge.http.get("/api/users/2?bogus=1", token=make_token(edge))
    assert (answer.status_code, codes(answer)) == (403, ["FORBIDDEN"])


def test_size_comes_before_type_and_parameters(edge, make_token):
    answer = edge.http.post("/api/workouts?bogus=1", data=b"x" * 2_000_000, token=make_token(edge))
    assert (answer.status_code, codes(answer)) == (413, ["PAYLOAD_TOO_LARGE"])


def test_type_comes_before_parameters(edge, make_token):
    answer = edge.http.post("/api/workouts?bogus=1", data=b"{", token=make_token(edge))
    assert (answer.status_code, codes(answer)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


def test_parameters_come_before_the_service(edge, make_token):
    before = len(edge.calls)
    for method in ("GET", "PUT", "DELETE"):
        answer = edge.http.request(
            method, "/api/workouts/0?a=1&b=2", json={}, token=make_token(edge)
        )
        assert answer.status_code == 400
        assert codes(answer) == ["INVALID_PARAMETER"] * 3
    assert len(edge.calls) == before


def test_a_body_that_is_no_json(edge, make_token):
    headers = {"Content-Type": "application/json"}
    answer = edge.http.post(
        "/api/workouts", data=b'{"a":1,"a":2}', headers=headers, token=make_token(edge)
    )
    assert (answer.status_code, codes(answer)) == (400, ["VALIDATION_ERROR"])
    assert answer.json()["errors"][0]["details"]["constraint"] == "json"


def test_a_missing_body(edge, make_token):
    answer = edge.http.post("/api/workouts", token=make_token(edge))
    assert (answer.status_code, codes(answer)) == (400, ["VALIDATION_ERROR"])


@pytest.mark.parametrize("path", ["/api/exercises/", "/api//exercises", "/api/Exercises", "//"])
def test_other_spellings_are_other_routes(edge, path):
    assert edge.http.raw(f"GET {path} HTTP/1.1\r\nHost: gym\r\n\r\n".encode()).startswith(
        b"HTTP/1.1 404 "
    )


# --- tokens


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer a.b.c", "token", "Bearer\tx"],
)
def test_bad_authorization(edge, header):
    answer = edge.http.get("/api/workouts", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_the_scheme_may_be_written_in_any_case(edge, make_token):
    edge.answers["workouts.list"] = GOOD_PAGE
    headers = {"Authorization": f"bEARER {make_token(edge)}"}
    assert edge.http.get("/api/workouts", headers=headers).status_code == 200


def test_two_authorization_headers_are_none(edge, make_token):
    line = f"Authorization: Bearer {make_token(edge)}\r\n"
    request = f"GET /api/workouts HTTP/1.1\r\nHost: gym\r\n{line}{line}\r\n"
    assert edge.http.raw(request.encode()).startswith(b"HTTP/1.1 401 ")


def test_a_token_on_a_public_route_is_not_looked_at(edge):
    edge.answers["exercises.get"] = {"id": 1}
    assert edge.http.get("/api/exercises/1", token="nonsense").status_code == 200


def test_a_token_in_the_query_is_an_unknown_parameter(edge, make_token):
    token = make_token(edge)
    assert edge.http.get("/api/workouts", params={"token": token}).status_code == 401
    answer = edge.http.get("/api/workouts", params={"token": token}, token=token)
    assert codes(answer) == ["INVALID_PARAMETER"]


# --- errors of the services


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.ValidationFailed.of(errors.fault("date", "No", "date")), 400, "VALIDATION_ERROR"),
        (errors.InvalidParameter.of(errors.fault("q", "No", "min")), 400, "INVALID_PARAMETER"),
        (errors.Unauthorized("No"), 401, "UNAUTHORIZED"),
        (errors.Forbidden("No"), 403, "FORBIDDEN"),
        (errors.NotFound("No"), 404, "NOT_FOUND"),
        (errors.Conflict("No"), 409, "CONFLICT"),
        (errors.BusinessRuleViolation("No"), 422, "BUSINESS_RULE_VIOLATION"),
        (errors.InternalError("No"), 500, "INTERNAL_ERROR"),
        (errors.DatabaseError("No"), 500, "DATABASE_ERROR"),
        (errors.BadGateway("No"), 502, "BAD_GATEWAY"),
        (errors.ServiceUnavailable.of("workout-service", 30), 503, "SERVICE_UNAVAILABLE"),
        (errors.TimedOut.of("workout-service", 8), 504, "TIMEOUT"),
        (errors.GymError("No"), 500, "INTERNAL_ERROR"),
        (ValueError("secret=hunter2 at db.internal"), 500, "INTERNAL_ERROR"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_errors_have_a_status_and_a_code(edge, make_token, error, status, code):
    edge.answers["workouts.get"] = error
    answer = edge.http.get("/api/workouts/1", token=make_token(edge))
    assert (answer.status_code, codes(answer)) == (status, [code])
    assert answer.json()["data"] == []
    assert "hunter2" not in answer.text
    if status == 503:
        assert answer.headers["Retry-After"] == "30"
        assert answer.json()["errors"][0] == {
            "code": "SERVICE_UNAVAILABLE",
            "message": "Workout service is temporarily unavailable",
            "details": {"service": "workout-service", "retry_after": 30},
        }


@pytest.mark.parametrize(
    ("nonsense", "reason"),
    [
        (None, "the result is null, not an object"),
        (5, "the result is a whole number, not an object"),
        ([], "the result is a list, not an object"),
        ("text", "the result is a text, not an object"),
        ({"total": 1}, "the result has no items"),
        ({"items": 5, "total": 1}, "items is a whole number, not a list"),
        ({"items": [], "total": "many"}, "total is a text, not a whole number"),
        ({"items": [], "total": True}, "total is true or false, not a whole number"),
    ],
)
def test_nonsense_of_a_service_is_a_502_and_the_log_says_what_was_wrong(
    edge, make_token, capsys, nonsense, reason
):
    edge.answers["workouts.list"] = nonsense
    answer = edge.http.get("/api/workouts", token=make_token(edge))
    assert (answer.status_code, codes(answer)) == (502, ["BAD_GATEWAY"])
    assert reason not in answer.text
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "nonsense" in line]
    assert f"callee=workout-service method=list reason={reason!r}" in line


def test_what_a_route_needs_of_a_thing_within_a_result_is_looked_at_too(edge, make_token, capsys):
    edge.answers["workouts.create"] = {"workout": {"id": 7, "version": 1}, "replayed": False}
    answer = edge.http.post("/api/workouts", {}, token=make_token(edge))
    assert (answer.status_code, codes(answer)) == (502, ["BAD_GATEWAY"])
    assert "workout has no date" in capsys.readouterr().out


# --- envelope and headers


def test_every_answer_has_the_envelope_and_the_headers(edge):
    edge.answers["exercises.get"] = {"id": 1}
    for path, status in (
        ("/api/exercises/1", 200),
        ("/api/exercises/x", 400),
        ("/api/workouts", 401),
        ("/nothing", 404),
        ("/health", 200),
    ):
        answer = edge.http.get(path, headers={"X-Request-ID": "mine.1-a_B"})
        assert answer.status_code == status
        document = answer.json()
        assert document["meta"]["request_id"] == answer.headers["X-Request-ID"] == "mine.1-a_B"
        assert abs(document["timestamp"] - time.time()) < 5
        assert isinstance(document["data"], list)
        assert ("errors" in document) == (status >= 400)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Server" not in answer.headers


def test_personal_answers_are_kept_by_nobody(edge, make_token):
    edge.answers |= {"workouts.get": WORKOUT, "users.login": {}, "exercises.get": {}}
    personal = "private, no-store"
    kept = edge.http.get("/api/workouts/7", token=make_token(edge)).headers
    assert kept["Cache-Control"] == personal
    assert edge.http.post("/api/users/login", {}).headers["Cache-Control"] == personal
    assert "Cache-Control" not in edge.http.get("/api/exercises/1").headers


def test_head_answers_as_get_without_the_body(edge):
    edge.answers["exercises.get"] = {"id": 1}
    headers = {"X-Request-ID": "same"}
    head = edge.http.request("HEAD", "/api/exercises/1", headers=headers)
    get = edge.http.get("/api/exercises/1", headers=headers)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert edge.http.request("HEAD", "/api/nothing").status_code == 404
    assert edge.http.request("HEAD", "/api/workouts").status_code == 401
    assert edge.http.request("HEAD", "/api/users/login").status_code == 405


def test_it_says_where_the_documentation_is(edge):
    answer = edge.http.get("/api/about")
    assert answer.status_code == 200
    (data,) = answer.json()["data"]
    for address in (data["documentation"], data["openapi"]):
        assert edge.http.get(address).status_code == 200
    head = edge.http.request("HEAD", "/api/about")
    assert (head.status_code, head.content) == (200, b"")
    options = edge.http.request("OPTIONS", "/api/about")
    assert (options.status_code, options.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    refused = edge.http.post("/api/about", {})
    assert (refused.status_code, codes(refused)) == (405, ["METHOD_NOT_ALLOWED"])
    assert edge.http.get("/api/about?page=1").status_code == 400
    assert edge.http.get("//").status_code == 404


def test_options_tells_the_methods(edge):
    answer = edge.http.request("OPTIONS", "/api/workouts/1")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PUT"
    assert edge.http.request("OPTIONS", "/api/nothing").status_code == 404


def test_the_request_id_and_the_user_travel_with_every_call(edge, make_token):
    edge.answers["workouts.get"] = WORKOUT
    edge.http.get("/api/workouts/7", token=make_token(edge, 5), headers={"X-Request-ID": "mine"})
    context = edge.calls[-1][3]
    assert context["request_id"] == "mine"
    assert context["user_id"] == 5
    assert "deadline" not in context


# --- what goes to the services


def test_checked_queries_go_on_as_plain_values(edge, make_token):
    edge.answers |= {"exercises.list": GOOD_PAGE, "workouts.list": GOOD_PAGE}
    edge.http.get("/api/exercises?category=Strength,cardio&search=bench&limit=5&sort=name:desc")
    assert edge.calls[-1][2] == {
        "category": "Strength,cardio",
        "search": "bench",
        "page": 1,
        "limit": 5,
        "sort": "name:desc",
    }
    edge.http.get("/api/workouts?date_from=2025-01-01&page=2", token=make_token(edge, 4))
    assert edge.calls[-1][2] == {
        "user_id": 4,
        "date_from": "2025-01-01",
        "page": 2,
        "limit": 10,
    }


def test_numbers_of_a_body_keep_every_decimal(edge, make_token):
    edge.answers["workouts.create"] = {"workout": WORKOUT, "replayed": False}
    edge.http.post(
        "/api/workouts",
        data=b'{"reps":75.0,"weight":102.5,"rpe":0.10000000000000000555}',
        headers={"Content-Type": "application/json"},
        token=make_token(edge),
    )
    body = edge.calls[-1][1][1]
    assert [str(value) for value in body.values()] == ["75", "102.5", "0.10000000000000000555"]


def test_others_workouts_are_an_empty_page_except_for_an_admin(edge, make_token):
    edge.answers["workouts.list"] = {"items": [{"id": 9}], "total": 1}
    answer = edge.http.get("/api/workouts?user_id=2", token=make_token(edge, 1))
    assert answer.json()["data"] == []
    assert answer.json()["meta"]["page"]["total_items"] == 0
    assert edge.calls[-1][2]["user_id"] == 1
    answer = edge.http.get("/api/workouts?user_id=2", token=make_token(edge, 1, role="admin"))
    assert answer.json()["data"] == [{"id": 9}]
    assert edge.calls[-1][2]["user_id"] == 2


def test_an_admin_reads_any_workout_and_changes_only_their_own(edge, make_token):
    edge.answers |= {"workouts.get": WORKOUT, "workouts.update": WORKOUT}
    edge.http.get("/api/workouts/7", token=make_token(edge, 3))
    assert edge.calls[-1][2] == {"user_id": 3}
    admin = make_token(edge, 3, role="admin")
    edge.http.get("/api/workouts/7", token=admin)
    assert edge.calls[-1][2] == {"user_id": None}
    edge.http.put("/api/workouts/7", {}, token=admin)
    assert edge.calls[-1][1] == (3, 7, {})


def test_profiles_are_for_oneself_and_for_admins(edge, make_token):
    edge.answers["users.get"] = {"id": 2}
    assert edge.http.get("/api/users/2", token=make_token(edge, 2)).status_code == 200
    assert edge.http.get("/api/users/2", token=make_token(edge, 1)).status_code == 403
    assert edge.http.get("/api/users/0", token=make_token(edge, 1)).status_code == 400
    admin = make_token(edge, 1, role="admin")
    assert edge.http.get("/api/users/2", token=admin).status_code == 200


def test_logout_revokes_the_token_it_comes_with(edge, make_token):
    edge.answers["users.logout"] = {"revoked": True}
    token = make_token(edge)
    assert edge.http.post("/api/users/logout", token=token).status_code == 200
    assert edge.calls[-1][:2] == ("users.logout", (token,))


# --- reads are tried twice, writes once


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "method", "path", "times"),
    [
        (errors.ServiceUnavailable.of("workout-service", 5), "GET", "/api/workouts/7", 2),
        (errors.ServiceUnavailable.of("workout-service", 5), "PUT", "/api/workouts/7", 1),
        (errors.ServiceUnavailable.of("workout-service", 5), "DELETE", "/api/workouts/7", 1),
        (errors.ServiceUnavailable.of("workout-service", 5), "POST", "/api/workouts", 1),
        (errors.ServiceUnavailable.of("exercise-service", 5), "GET", "/api/workouts/7", 1),
        (errors.TimedOut.of("workout-service", 3), "GET", "/api/workouts/7", 2),
        (errors.TimedOut.of("workout-service", 8), "PUT", "/api/workouts/7", 1),
        (errors.DatabaseError("No"), "GET", "/api/workouts/7", 1),
    ],
)
def test_only_reads_that_nobody_answered_are_tried_again(
    alone, make_token, error, method, path, times
):
    for name in ("get", "update", "delete", "create"):
        alone.answers[f"workouts.{name}"] = error
    alone.http.request(method, path, json={}, token=make_token(alone))
    assert len(alone.calls) == times


def test_who_has_exercises_is_asked_once_before_what_everybody_gets(alone, make_token):
    alone.answers |= {
        "exercises.owns": errors.TimedOut.of("exercise-service", budgets.OWNER_SECONDS),
        "exercises.get": {"id": 1},
    }
    answer = alone.http.get("/api/exercises/1", token=make_token(alone))
    assert (answer.status_code, answer.json()["data"]) == (200, [{"id": 1}])
    asked = [(name, args, kwargs) for name, args, kwargs, _ in alone.calls]
    assert asked == [("exercises.owns", (1,), {}), ("exercises.get", (1,), {})]


def own_exercise(exercise_id, user_id=None):
    """Answer as the exercises service does about the exercise 7 of user 1."""
    if (exercise_id, user_id) == (7, 1):
        return {"id": 7, "owner": "me"}
    raise errors.NotFound("There is no such exercise")


@pytest.mark.slow
@pytest.mark.parametrize("role", ["user", "admin"])
def test_a_first_exercise_that_this_gateway_has_not_heard_of_is_there(alone, make_token, role):
    alone.answers |= {"exercises.owns": False, "exercises.get": own_exercise}

    def ask(token):
        return alone.http.get("/api/exercises/7", token=token)

    for _ in range(2):
        answer = ask(make_token(alone, 1, role))
        assert (answer.status_code, answer.json()["data"][0]["owner"]) == (200, "me")
        assert answer.headers["Cache-Control"] == "private, no-store"
        for token in (None, "nonsense", make_token(alone, 2)):
            assert ask(token).status_code == 404


def test_proxies_are_told_that_exercises_are_others_with_a_token(alone, make_token):
    alone.answers |= {
        "exercises.owns": lambda user_id: user_id == 1,
        "exercises.list": GOOD_PAGE,
        "exercises.search": GOOD_PAGE,
        "exercises.facets": {},
        "exercises.get": {},
    }
    paths = ("/api/exercises", "/api/exercises/search?q=row", "/api/exercises/facets")
    for path in (*paths, "/api/exercises/7"):
        for token in (None, make_token(alone, 1), make_token(alone, 2)):
            answer = alone.http.get(path, token=token)
            assert answer.status_code == 200
            assert answer.headers["Vary"] == "Authorization"
            known = {"If-None-Match": answer.headers["ETag"]}
            again = alone.http.get(path, token=token, headers=known)
            assert (again.status_code, again.headers["Vary"]) == (304, "Authorization")
    assert "Vary" not in alone.http.get("/api/about").headers


def test_a_revoked_token_finds_no_first_exercise(alone, make_token):
    alone.answers |= {"exercises.owns": False, "exercises.get": own_exercise, "users.logout": {}}
    token = make_token(alone)
    alone.answers["revoked"] = {verify(token, alone.settings, time.time())["jti"]}
    assert alone.http.get("/api/exercises/7", token=token).status_code == 404


def test_it_is_no_404_as_long_as_nobody_knows_of_first_exercises(alone, make_token):
    def get(exercise_id, **seen_by):
        if seen_by:
            raise errors.ServiceUnavailable.of("exercise-service", 5)
        return own_exercise(exercise_id)

    alone.answers |= {"exercises.owns": False, "exercises.get": get}
    assert alone.http.get("/api/exercises/7", token=make_token(alone)).status_code == 503
    assert alone.http.get("/api/exercises/7").status_code == 404


def test_a_version_that_knows_no_private_exercises_shows_the_catalogue(alone, make_token):
    def get(exercise_id, **seen_by):
        if seen_by:
            raise errors.InternalError
        if exercise_id != 1:
            raise errors.NotFound("There is no such exercise")
        return {"id": exercise_id}

    alone.answers["exercises.get"] = get
    for owns in (True, False):
        alone.answers["exercises.owns"] = owns
        for exercise_id, status in ((1, 200), (2, 503)):
            path = f"/api/exercises/{exercise_id}"
            assert alone.http.get(path, token=make_token(alone)).status_code == status
    alone.answers["exercises.get"] = errors.InternalError()
    assert alone.http.get("/api/exercises/1").status_code == 500


def test_a_second_try_that_succeeds_is_all_that_is_seen(alone, make_token):
    answers = [errors.ServiceUnavailable.of("workout-service", 5), WORKOUT]

    def flaky(*_, **__):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    alone.answers["workouts.get"] = flaky
    assert alone.http.get("/api/workouts/7", token=make_token(alone)).status_code == 200


def test_nothing_that_writes_counts_as_a_read():
    services = [
        service for service in vars(Gateway).values() if isinstance(service, UpstreamService)
    ]
    reads = {method for service in services for method in service.reads}
    assert reads == {
        "facets",
        "get",
        "list",
        "owns",
        "search",
        "exercise_history",
        "last_sets",
        "own_changes",
        "own_position",
        "measurement_changes",
        "measurement_position",
        "personal_records",
        "progress",
        "muscles",
        "calendar",
        "streak",
        "weekly_summary",
        "one_rep_max",
        "exercise_records",
        "rep_maxes",
        "export",
        "get_deletion",
        "list_imports",
        "get_import",
        "list_measurements",
        "get_measurement",
        "check_token",
        "check_personal_token",
        "list_sessions",
        "get_profile",
        "get_take_out",
        "read_take_out",
        "list_accounts",
        "list_personal_tokens",
        "list_webhooks",
        "get_webhook",
        "list_deliveries",
    }


# --- events


def test_writes_are_announced(alone, make_token):
    token = make_token(alone)
    event = {"workout_id": 7, "user_id": 1, "version": 1, "date": "2025-02-16"}
    gone = {"id": 7, "deleted": True, "version": 2, "date": "2025-02-16"}
    alone.answers |= {
        "workouts.create": {"workout": WORKOUT, "replayed": False},
        "workouts.update": WORKOUT,
        "workouts.delete": gone,
    }
    created = alone.http.post("/api/workouts", {}, token=token)
    assert (created.status_code, created.headers["Location"]) == (201, "/api/workouts/7")
    assert "Idempotent-Replayed" not in created.headers
    assert alone.http.put("/api/workouts/7", {"name": "Pull"}, token=token).status_code == 200
    deleted = alone.http.delete("/api/workouts/7", token=token)
    assert deleted.json()["data"] == [{"id": 7, "deleted": True}]
    assert alone.events == [
        ("workout_created", event),
        ("workout_updated", event | {"changed": ["name"]}),
        ("workout_deleted", event | {"version": 2}),
    ]


def test_the_event_of_a_new_workout_carries_it_and_the_answer_does_not(alone, make_token):
    counted = {"id": 7, "exercises": [{"rep_type": "count"}]}
    alone.answers["workouts.create"] = {
        "workout": WORKOUT,
        "replayed": False,
        "counted": json.dumps(counted),
    }
    answer = alone.http.post("/api/workouts", {}, token=make_token(alone))
    assert answer.json()["data"] == [WORKOUT]
    ((event_type, event),) = alone.events
    assert event_type == "workout_created"
    assert json.loads(dumps(event)) == {
        "workout_id": 7,
        "user_id": 1,
        "version": 1,
        "date": "2025-02-16",
        "workout": counted,
    }


@pytest.mark.slow
@pytest.mark.parametrize("field", ["name", "duration_minutes", "notes", "exercises"])
def test_a_change_that_clears_a_field_is_announced(alone, make_token, field):
    alone.answers["workouts.update"] = WORKOUT
    alone.http.put("/api/workouts/7", {field: None, "version": 1}, token=make_token(alone))
    assert [name for name, _ in alone.events] == ["workout_updated"]


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"version": None}, {"version": 1}])
def test_a_change_of_nothing_is_not_announced(alone, make_token, changes):
    alone.answers["workouts.update"] = WORKOUT
    assert alone.http.put("/api/workouts/7", changes, token=make_token(alone)).status_code == 200
    assert alone.events == []


def test_a_replayed_answer_says_so_and_is_not_announced(alone, make_token):
    alone.answers["workouts.create"] = {"workout": WORKOUT, "replayed": True}
    answer = alone.http.post(
        "/api/workouts", {}, token=make_token(alone), headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.headers["Idempotent-Replayed"]) == (201, "true")
    assert alone.calls[-1][2] == {"idempotency_key": "k"}
    assert alone.events == []


@pytest.mark.slow
def test_a_workout_is_created_even_if_nobody_can_be_told(alone, make_token):
    alone.answers["workouts.create"] = {"workout": WORKOUT, "replayed": False}
    alone.answers["dispatch"] = errors.ServiceUnavailable.of("api-gateway", 5)
    assert alone.http.post("/api/workouts", {}, token=make_token(alone)).status_code == 201


# --- when there is too much to do, and at the end


@pytest.mark.slow
def test_a_full_gateway_says_so(monkeypatch):
    monkeypatch.setattr(limits, "WORKER_WAIT_SECONDS", 0.05)
    release = threading.Event()
    with gateway_alone(nameko={"max_workers": 2}) as gateway, ThreadPoolExecutor(2) as pool:
        gateway.answers["exercises.get"] = held_back(release, {"id": 1})
        busy = [pool.submit(gateway.http.raw, _get("/api/exercises/1")) for _ in range(2)]
        wait_until(lambda: len(gateway.calls) == 2)
        answer = gateway.http.get("/api/exercises/1")
        assert (answer.status_code, codes(answer)) == (503, ["SERVICE_UNAVAILABLE"])
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["errors"][0]["details"]["service"] == "api-gateway"
        assert gateway.http.get("/health").status_code == 200
        release.set()
        for request in busy:
            assert request.result().startswith(b"HTTP/1.1 200 ")
        assert gateway.http.get("/api/exercises/1").status_code == 200


@pytest.mark.slow
def test_a_method_that_never_ends_is_given_up(alone, monkeypatch):
    monkeypatch.setattr(budgets, "REQUEST_SECONDS", 0.1)
    monkeypatch.setattr(limits, "LATE_SECONDS", 0)
    release = threading.Event()
    alone.answers["exercises.get"] = held_back(release, {"id": 1})
    answer = alone.http.get("/api/exercises/1")
    release.set()
    assert (answer.status_code, codes(answer)) == (504, ["TIMEOUT"])


@pytest.mark.slow
def test_what_was_begun_is_finished_at_the_end(monkeypatch):
    monkeypatch.setattr(limits, "IDLE_GRACE_SECONDS", 60)
    release = threading.Event()
    with (
        gateway_alone() as gateway,
        gateway.http.connect() as kept,
        gateway.http.connect() as begun,
    ):
        gateway.answers["exercises.get"] = held_back(release, {"id": 1})
        kept.sendall(_get("/health"))
        assert b" 200 OK" in kept.recv(10_000)
        begun.sendall(_get("/api/exercises/1"))
        wait_until(lambda: gateway.calls)
        gateway.stop()
        wait_until(lambda: is_refused(gateway))
        kept.sendall(_get("/health"))
        for connection in (kept, begun):
            answer = connection.recv(10_000)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b"Connection: close" in answer
            release.set()
        gateway.thread.join(timeout=5)
        assert not gateway.thread.is_alive()


def is_refused(gateway):
    try:
        gateway.http.connect().close()
    except ConnectionError:
        return True
    return False


@pytest.mark.slow
def test_idle_connections_do_not_delay_the_end():
    with gateway_alone() as gateway, gateway.http.connect() as idle:
        idle.sendall(_get("/health"))
        assert b" 200 OK" in idle.recv(10_000)
        gateway.stop()
        gateway.thread.join(timeout=3)
        assert not gateway.thread.is_alive()
        assert read_all(idle) == b""


@pytest.mark.slow
def test_two_gateways_can_share_a_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    shared = {"WEB_SERVER_ADDRESS": address, REUSE_PORT_KEY: True}
    with gateway_alone(nameko=shared) as one:
        with gateway_alone(nameko=shared):
            pass
        assert one.http.get("/health").status_code == 200
        with (
            pytest.raises(OSError, match="in use"),
            gateway_alone(nameko=shared | {REUSE_PORT_KEY: False}),
        ):
            pass


def _get(path):
    return f"GET {path} HTTP/1.1\r\nHost: gym\r\n\r\n".encode()


def test_a_large_page_is_valid_json(edge, make_token):
    items = [{"id": number, "name": "développé \u2028 </script>"} for number in range(100)]
    edge.answers["workouts.list"] = {"items": items, "total": 12345}
    answer = edge.http.get("/api/workouts?limit=100&page=3", token=make_token(edge))
    assert json.loads(answer.content)["data"] == items
    assert answer.json()["meta"]["page"] == {
        "current_page": 3,
        "page_size": 100,
        "total_pages": 124,
        "total_items": 12345,
    }
    assert 'rel="prev"' in answer.headers["Link"]


def long_query(length):
    # spelt out, each of these takes three characters of a link
    return f"/api/exercises?equipment={'(' * (length - 30)}"


def test_a_link_is_never_as_long_as_a_query_can_be(edge):
    edge.answers["exercises.list"] = {"items": [], "total": 100}
    answer = edge.http.get(long_query(600))
    assert answer.status_code == 200
    assert len(answer.headers["Link"]) < 4 * 2100
    answer = edge.http.get(long_query(7900))
    assert answer.status_code == 200
    assert "Link" not in answer.headers
