"""The API's own documentation: the document, and whether the system keeps to it."""

import configparser
import re
import time
import uuid
from contextlib import nullcontext

import pytest
from openapi_spec_validator import validate

from gateway.openapi import examples, files
from gateway.openapi.converting import openapi_path
from gateway.openapi.examples import EXAMPLES
from gateway.openapi.pages import Documentation
from gateway.openapi.routes import routes_of
from gateway.responses.failures import FAILURES
from gateway.service import Gateway
from schemas import responses
from schemas.accounts import PasswordChange
from schemas.administration import AccountChanges, UserList
from schemas.errors import GymError
from schemas.exercises import ExerciseFacets, ExerciseList, ExerciseSearch
from schemas.measurements import (
    ByExternalId,
    ExternalMeasurement,
    MeasurementChanges,
    MeasurementList,
    NewMeasurement,
)
from schemas.personal_tokens import NewPersonalToken
from schemas.profiles import ProfileChanges
from schemas.stats import HistoryQuery, MusclesQuery, OneRepMaxQuery, ProgressQuery
from schemas.version import VERSION
from schemas.webhooks import EVENTS, TEST, NewWebhook, WebhookChanges
from schemas.weeks import CalendarQuery, WeeklySummaryQuery
from schemas.workouts import LastSets, WorkoutList
from services.transport.http.messages import REFUSALS
from stack.layout import CHECKOUT
from tests.api.described import OUTSIDE, described
from tests.api.lone_gateway import gateway_alone

METHODS = {"get", "post", "put", "delete"}
VISIBLE_SECONDS = 5
VOLATILE = {
    *("id", "user_id", "workout_id", "email", "token", "refresh_token"),
    *("created_at", "updated_at", "last_used_at", "expires_at", "url", "secret"),
}


@pytest.fixture(scope="module")
def document():
    return described().document


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield path, method, operation


def test_the_document_is_valid(document):
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_route_and_only_those_are_in_it(document, edge):
    served = {
        (openapi_path(provider.path), provider.method.lower())
        for provider in edge.server._providers
        if not OUTSIDE.fullmatch(provider.path)
    }
    assert {(path, method) for path, method, _ in operations(document)} == served


def test_the_gateway_serves_it(document, edge):
    answer = edge.http.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.json() == document


def test_operations_have_the_names_of_the_methods():
    names = {operation["operationId"] for _, _, operation in operations(described().document)}
    assert names == {*(name for name, _, _ in routes_of(Gateway)), "health", "ready"}


def test_nothing_is_said_about_schemas_that_are_gone():
    used = {responses.Health, responses.Readiness}
    for _, _, route in routes_of(Gateway):
        used |= {route.body, route.query, route.path_parameters, *route.shows.schemas}
    assert EXAMPLES.keys() <= used


def test_who_may_call_is_said(document):
    public = {
        operation["operationId"]
        for _, _, operation in operations(document)
        if not operation["security"]
    }
    assert public == {
        *(
            "register",
            "login",
            "refresh_token",
            "list_exercises",
            "search_exercises",
            "get_exercise",
        ),
        *("count_exercises", "index", "health", "ready", "get_deletion"),
        *("request_password_reset", "reset_password", "confirm_email", "end_weekly_mail"),
    }
    for _, _, operation in operations(document):
        assert ("401" in operation["responses"]) == (
            operation["operationId"] not in public - {"login", "refresh_token"}
        )


def test_every_code_is_there_with_its_status(document):
    said = {
        (status, code)
        for status, response in document["components"]["responses"].items()
        if "content" in response
        for code in response["content"]["application/json"]["examples"]
    }
    ours = {(str(failed.status), kind.code) for failed in FAILURES for kind in failed.errors}
    assert ours <= said
    refused = {code for code, _ in REFUSALS.values()}
    assert {code for _, code in said} == {GymError.code, *refused, *(code for _, code in ours)}


def test_every_example_is_what_its_schema_says(document):
    described_ = described()
    for response in document["components"]["responses"].values():
        content = response.get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            described_.validator_of(content["schema"]).validate(example["value"])
    for path, _, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                described_.validator_of(parameter["schema"]).validate(parameter["example"])
        bodies = [operation.get("requestBody"), *operation["responses"].values()]
        for body in bodies:
            content = (body or {}).get("content", {}).get("application/json")
            # a file has no schema here: its format is described elsewhere
            if content and content["schema"]:
                shown = [each["value"] for each in content.get("examples", {}).values()]
                shown += [content["example"]] if "example" in content else []
                assert shown, path
                for example in shown:
                    described_.validator_of(content["schema"]).validate(example)


def test_every_message_of_webhooks_is_described(document):
    assert document["webhooks"].keys() == {*EVENTS, TEST}
    names = [operation["operationId"] for _, _, operation in operations(document)]
    for webhook in document["webhooks"].values():
        names.append(webhook["post"]["operationId"])
        assert {header["name"] for header in webhook["post"]["parameters"]} == {
            *("webhook-id", "webhook-timestamp", "webhook-signature")
        }
        content = webhook["post"]["requestBody"]["content"]["application/json"]
        described().validator_of(content["schema"]).validate(content["example"])
    assert len({*names}) == len(names)


def test_the_limits_are_those_of_the_schemas(document):
    schemas = document["components"]["schemas"]
    logged = schemas["LoggedSet"]["properties"]
    assert (logged["reps"]["minimum"], logged["reps"]["maximum"]) == (0, 1_000_000)
    assert (logged["duration_seconds"]["maximum"], logged["distance_m"]["maximum"]) == (
        604800,
        10**6,
    )
    assert (logged["rir"]["multipleOf"], logged["rest_seconds"]["maximum"]) == (0.5, 3600)
    assert "required" not in schemas["LoggedSet"]
    assert logged["rpe"]["multipleOf"] == 0.5
    assert schemas["NewWorkout"]["properties"]["exercises"]["maxItems"] == 100
    assert schemas["NewUser"]["properties"]["password"]["minLength"] == 8
    assert schemas["NewUser"]["additionalProperties"] is False
    (limit,) = (
        parameter["schema"]
        for parameter in document["paths"]["/api/workouts"]["get"]["parameters"]
        if parameter["name"] == "limit"
    )
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 10)


def test_a_change_may_clear_all_but_the_date(document):
    changes = document["components"]["schemas"]["WorkoutChanges"]["properties"]
    cleared = {name for name, rules in changes.items() if "null" in rules["type"]}
    assert changes.keys() - cleared == {"date"}
    assert changes["date"]["type"] == "string"


@pytest.mark.parametrize(
    ("status", "spoiled"),
    [
        ("404", {"data": [], "meta": {"request_id": "r"}, "timestamp": 1}),
        ("200", {"data": [], "meta": {"request_id": "r"}, "timestamp": 1}),
        ("200", {"data": [{"id": 1}], "meta": {"request_id": "r"}, "timestamp": 1}),
        (
            "200",
            {"data": [examples.USER | {"x": 1}], "meta": {"request_id": "r"}, "timestamp": 1},
        ),
    ],
)
def test_what_the_document_does_not_say_is_found(status, spoiled):
    response = described().response("GET", "/api/users/1", status)
    assert not described().validator(response).is_valid(spoiled)


@pytest.mark.parametrize(("code", "fits"), [("NOT_FOUND", True), ("CONFLICT", False)])
def test_a_code_that_its_status_does_not_have_is_found(code, fits):
    response = described().response("GET", "/api/users/1", "404")
    body = {"errors": [{"code": code, "message": "No"}], "data": [], "timestamp": 1}
    body["meta"] = {"request_id": "r"}
    with nullcontext() if fits else pytest.raises(AssertionError):
        described().check_body("GET /api/users/1", response, body)


# --- what generators of clients need


def schemas_in(part):
    """Yield whatever has a type."""
    if isinstance(part, dict):
        if "type" in part:
            yield part
        for name, value in part.items():
            if name not in ("example", "examples"):
                yield from schemas_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from schemas_in(value)


def test_every_list_says_of_what(document):
    lists = [schema for schema in schemas_in(document) if "array" in schema["type"]]
    assert len(lists) > 20
    assert [schema for schema in lists if "items" not in schema] == []


def test_a_number_says_if_it_needs_64_bits(document):
    integers = [schema for schema in schemas_in(document) if "integer" in schema["type"]]
    assert len(integers) > 20
    large = [schema for schema in integers if schema.get("maximum", 0) >= 2**31]
    assert large
    assert all(schema["format"] == "int64" for schema in large)


def test_a_property_of_a_body_has_no_default_that_would_make_it_required(document):
    for name, schema in document["components"]["schemas"].items():
        for field, rules in schema.get("properties", {}).items():
            assert "default" not in rules, f"{name}.{field}"


def test_every_parameter_and_every_field_of_a_body_is_described(document):
    schemas = document["components"]["schemas"]
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter["description"], f"{method} {path}: {parameter['name']}"
    for name in ("NewUser", "Credentials", "NewWorkout", "WorkoutChanges"):
        assert all(rules.get("description") for rules in schemas[name]["properties"].values())
    for name in ("LoggedExercise", "LoggedSet"):
        assert all(rules.get("description") for rules in schemas[name]["properties"].values())


def test_no_parameter_is_a_list_which_most_clients_would_send_as_repeated_ones(document):
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter["schema"]["type"] != "array", f"{method} {path}"


def test_every_kind_of_set_is_explained(document):
    schemas = document["components"]["schemas"]
    for name in ("LoggedSet", "PerformedSet"):
        text = schemas[name]["properties"]["set_type"]["description"]
        for kind in schemas["SetType"]["enum"]:
            assert f"`{kind}`" in text


def test_there_is_one_version(document):
    project = configparser.ConfigParser()
    project.read(CHECKOUT / "setup.cfg")
    assert project["metadata"]["version"] == "attr: schemas.version.VERSION"
    assert document["info"]["version"] == VERSION
    latest = re.search(r"^## (\S+)", (CHECKOUT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert latest[1] == VERSION


# --- what the document shows is sent, and the answers are what it shows


def first(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()["data"][0]


def alike(value):
    """Leave out what is different each time."""
    if isinstance(value, dict):
        return {key: alike(item) for key, item in value.items() if key not in VOLATILE}
    return [alike(item) for item in value] if isinstance(value, list) else value


def eventually(read, expected):
    end = time.monotonic() + VISIBLE_SECONDS
    while alike(found := read()) != alike(expected) and time.monotonic() < end:
        time.sleep(0.05)
    assert alike(found) == alike(expected)


def test_examples_of_users_are_real(http):
    email = {"email": f"ada-{uuid.uuid4().hex[:12]}@example.com"}
    registered = first(http.post("/api/users/register", json=examples.NEW_USER | email), 201)
    assert alike(registered) == alike(examples.REGISTERED)
    signed_in = first(http.post("/api/users/login", json=examples.CREDENTIALS | email))
    assert alike(signed_in) == alike(examples.SIGNED_IN)
    session = {"refresh_token": signed_in["refresh_token"]}
    refreshed = first(http.post("/api/users/token/refresh", json=session))
    assert alike(refreshed) == alike(EXAMPLES[responses.RefreshedTokens])
    token = refreshed["token"]
    change = EXAMPLES[PasswordChange]
    changed = first(http.put("/api/users/me/password", json=change, token=token))
    assert changed.keys() == EXAMPLES[responses.ChangedPassword].keys()
    change = {"old_password": change["new_password"], "new_password": change["old_password"]}
    first(http.put("/api/users/me/password", json=change, token=token))
    made = first(http.post("/api/users/me/tokens", EXAMPLES[NewPersonalToken], token=token), 201)
    assert alike(made) == alike(EXAMPLES[responses.NewlyMadeToken])
    listed = first(http.get("/api/users/me/tokens", token=token))
    assert alike(listed) == alike(EXAMPLES[responses.PersonalToken])
    ended = first(http.delete(f"/api/users/me/tokens/{made['id']}", token=token))
    assert alike(ended) == alike(EXAMPLES[responses.DeletedToken])
    changes = EXAMPLES[ProfileChanges]
    changed = first(http.put("/api/users/me", json=changes, token=token))
    assert alike(changed) == alike(EXAMPLES[responses.Profile])
    assert first(http.get("/api/users/me", token=token)) == changed
    agent = {"User-Agent": EXAMPLES[responses.Session]["device"]}
    third = first(http.post("/api/users/login", json=examples.CREDENTIALS | email, headers=agent))
    [listed, *_] = http.get("/api/users/me/sessions", token=third["token"]).json()["data"]
    assert alike(listed) == alike(EXAMPLES[responses.Session]) | {"address": listed["address"]}
    ended = first(http.delete(f"/api/users/me/sessions/{listed['id']}", token=token))
    assert alike(ended) == alike(EXAMPLES[responses.EndedSession])
    ended = first(http.delete("/api/users/me/sessions", token=token))
    assert ended.keys() == EXAMPLES[responses.EndedSessions].keys()
    shown = first(http.get(f"/api/users/{registered['id']}", token=token))
    assert alike(shown) == alike(examples.USER)
    assert first(http.post("/api/users/logout", token=token)) == examples.SIGNED_OUT


def test_examples_of_administration_are_real(http, new_user, admin_token):
    user = new_user()
    http.put("/api/users/me", {"name": examples.USER["name"]}, token=user.token)
    changes = EXAMPLES[AccountChanges]
    changed = first(http.put(f"/api/users/{user.id}", changes, token=admin_token))
    assert alike(changed) == alike(EXAMPLES[responses.Account])
    assert first(http.get(f"/api/users/{user.id}", token=admin_token)) == changed
    listed = http.get("/api/users", params=EXAMPLES[UserList], token=admin_token)
    assert changed in listed.json()["data"]


def test_examples_of_webhooks_are_real(http, new_user):
    token = new_user().token
    # nobody is to be sent anything
    body = EXAMPLES[NewWebhook] | {"url": "http://127.0.0.1:1/gym"}
    made = first(http.post("/api/webhooks", body, token=token), 201)
    assert alike(made) == alike(EXAMPLES[responses.NewlyMadeWebhook])
    path = f"/api/webhooks/{made['id']}"
    assert alike(first(http.get(path, token=token))) == alike(EXAMPLES[responses.Webhook])
    assert first(http.get("/api/webhooks", token=token)) == first(http.get(path, token=token))
    changed = first(http.put(path, EXAMPLES[WebhookChanges], token=token))
    assert alike(changed) == alike(EXAMPLES[responses.Webhook])
    tested = first(http.post(f"{path}/test", token=token), 202)
    expected = alike(EXAMPLES[responses.Delivery])
    assert alike(tested).keys() == expected.keys()
    assert tested["payload"]["data"] == {"webhook_id": made["id"]}
    listed = first(http.get(f"{path}/deliveries", token=token))
    assert listed["id"] == tested["id"]
    again = f"{path}/deliveries/{tested['id']}/redeliver"
    assert first(http.post(again, token=token), 202)["status"] == "waiting"
    rotated = first(http.post(f"{path}/rotate-secret", token=token))
    assert rotated.keys() == made.keys()
    assert rotated["secret"] != made["secret"]
    deleted = first(http.delete(path, token=token))
    assert alike(deleted) == alike(EXAMPLES[responses.DeletedWebhook])


def test_examples_of_exercises_are_real(http):
    example = alike(examples.EXERCISE)
    assert alike(first(http.get(f"/api/exercises/{examples.EXERCISE['id']}"))) == example
    listed = http.get("/api/exercises", params=EXAMPLES[ExerciseList])
    assert alike(first(listed)) == example
    found = http.get("/api/exercises/search", params=EXAMPLES[ExerciseSearch])
    assert alike(first(found)) == example
    counted = http.get("/api/exercises/facets", params=EXAMPLES[ExerciseFacets])
    assert first(counted) == examples.FACETS


def test_examples_of_workouts_and_statistics_are_real(http, new_user):
    token = new_user().token
    created = first(http.post("/api/workouts", json=examples.NEW_WORKOUT, token=token), 201)
    assert alike(created) == alike(examples.WORKOUT)
    path = f"/api/workouts/{created['id']}"
    assert first(http.get(path, token=token)) == created
    listed = first(http.get("/api/workouts", params=EXAMPLES[WorkoutList], token=token))
    assert alike(listed) == alike(examples.LISTED_WORKOUT)
    last = first(http.get("/api/exercises/last", params=EXAMPLES[LastSets], token=token))
    assert alike(last) == alike(examples.LAST_PERFORMANCE)
    history = ("/api/stats/exercise/1/history", EXAMPLES[HistoryQuery])
    eventually(
        lambda: first(http.get(history[0], params=history[1], token=token)), examples.HISTORY
    )
    eventually(
        lambda: first(http.get("/api/stats/personal-records", token=token)), examples.RECORDS
    )
    for name, example in (
        ("records", examples.RECORDS_OF_EXERCISE),
        ("rep-maxes", examples.REP_MAXES),
    ):
        found = first(http.get(f"/api/stats/exercise/1/{name}", token=token))
        assert alike(found) == alike(example)
    changed = first(http.put(path, json=examples.WORKOUT_CHANGES, token=token))
    assert alike(changed) == alike(examples.CHANGED_WORKOUT)
    query = EXAMPLES[ProgressQuery]
    progress = first(http.get("/api/stats/progress", params=query, token=token))
    assert progress.keys() == examples.PROGRESS.keys()
    query = EXAMPLES[MusclesQuery]
    muscles = first(http.get("/api/stats/muscles", params=query, token=token))
    assert muscles["band"] == examples.MUSCLES["band"]
    [week], [example] = muscles["weeks"], examples.MUSCLES["weeks"]
    assert week.keys() == example.keys()
    found = first(http.get("/api/stats/calendar", params=EXAMPLES[CalendarQuery], token=token))
    assert found == examples.CALENDAR
    query = EXAMPLES[WeeklySummaryQuery]
    found = first(http.get("/api/stats/weekly-summary", params=query, token=token))
    # as for the muscles by week, the example's are of more than its one workout
    assert alike({**found, "muscles": []}) == alike({**examples.WEEKLY_SUMMARY, "muscles": []})
    found = first(http.get("/api/stats/streak", token=token))
    assert found.keys() == examples.WEEK_STREAK.keys()
    query = EXAMPLES[OneRepMaxQuery]
    found = first(http.get("/api/stats/one-rep-max", params=query, token=token))
    assert found == examples.ONE_REP_MAX
    assert first(http.delete(path, token=token)).keys() == examples.DELETED_WORKOUT.keys()


def test_examples_of_measurements_are_real(http, new_user):
    token, path = new_user().token, "/api/measurements"
    example = alike(EXAMPLES[responses.Measurement])
    created = first(http.post(path, json=EXAMPLES[NewMeasurement], token=token), 201)
    assert alike(created) == example
    assert first(http.put(path, json=EXAMPLES[ExternalMeasurement], token=token)) == created
    assert first(http.get(path, params=EXAMPLES[MeasurementList], token=token)) == created
    one = f"{path}/{created['id']}"
    assert alike(first(http.put(one, json=EXAMPLES[MeasurementChanges], token=token))) == example
    deleted = first(http.request("DELETE", path, params=EXAMPLES[ByExternalId], token=token))
    assert deleted.keys() == EXAMPLES[responses.DeletedMeasurement].keys()


def test_what_has_not_changed_is_not_sent_again(http):
    tag = http.get("/api/exercises/1").headers["ETag"]
    again = http.get("/api/exercises/1", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_example_of_the_index_is_real(http):
    assert first(http.get("/api/about")) == examples.INDEX


# --- the page


def test_the_page_runs_nothing_but_its_own_files(edge):
    answer = edge.http.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policies = answer.raw.headers.getlist("Content-Security-Policy")
    assert len(policies) == 1
    assert "default-src 'none'" in policies[0]
    assert "unsafe" not in policies[0]
    assert "script-src 'self';" in policies[0]
    assert "http" not in re.sub(r'href="/openapi.json"', "", answer.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert edge.http.get(address).status_code == 200


@pytest.mark.parametrize(("name", "file"), files.FILES.items())
def test_its_files_are_served_from_the_package(edge, name, file):
    answer = edge.http.get(f"/docs/{name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == file.media_type
    assert answer.headers["Cache-Control"] == (
        "no-cache" if file.is_own else "public, max-age=31536000, immutable"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.content) > 100


@pytest.mark.parametrize(
    "name", ["oauth2-redirect.html", "..%2fpages.py", "%2e%2e", "__init__.py", "page.html"]
)
def test_no_other_files_are_served(edge, name):
    answer = edge.http.get(f"/docs/{name}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "NOT_FOUND"


@pytest.mark.slow
def test_the_documentation_is_limited_too():
    with gateway_alone(RATE_LIMIT_API="2/minute") as gateway:
        got = [gateway.http.get(path).status_code for path in ("/docs", "/openapi.json", "/docs")]
    assert got == [200, 200, 429]


def test_a_gateway_that_nobody_asks_makes_no_document(alone):
    documentation = next(
        provider for provider in alone.container.dependencies if isinstance(provider, Documentation)
    )
    assert documentation.encoded is None
    alone.http.get("/openapi.json")
    made = documentation.encoded
    assert alone.http.get("/openapi.json").content == made
    assert documentation.encoded is made
