"""Every route with every caller, over HTTP, on the whole running system."""

import itertools
import re
import uuid
from dataclasses import dataclass

import pytest

from services.transport.http import WebServer
from tests.api.conftest import PASSWORD
from tests.api.lone_gateway import gateway_alone
from tests.security.conftest import Person
from tests.security.routes import CALLERS, PERSONAL, TABLE
from tests.waiting import eventually

NOWHERE = 2**63 - 1
SIT_UPS = 118
WORKOUT = {"date": "2024-02-16", "exercises": [{"exercise_id": 1, "sets": [{"reps": 5}]}]}
MEASUREMENT = {
    "kind": "weight",
    "value": 82.4,
    "unit": "kg",
    "measured_at": "2024-02-16T07:30:00Z",
}
BODIES = {
    "POST /api/users/register": lambda owner: {
        "email": f"{uuid.uuid4().hex[:16]}@example.com",
        "password": PASSWORD,
    },
    "POST /api/users/login": lambda owner: {
        "email": owner.user.email,
        "password": owner.user.password,
    },
    "POST /api/users/token/refresh": lambda owner: {
        "refresh_token": owner.sign_in()["refresh_token"]
    },
    "PUT /api/users/me": lambda owner: {"weekly_goal": 3},
    "POST /api/users/password-reset": lambda owner: {"email": owner.user.email},
    "POST /api/users/password-reset/confirm": lambda owner: {
        "token": "guessed",
        "new_password": PASSWORD,
    },
    "PUT /api/users/me/email": lambda owner: {
        "email": f"{uuid.uuid4().hex[:16]}@example.com",
        "password": "wrong",
    },
    "POST /api/users/email-change/confirm": lambda owner: {"token": "guessed"},
    "PUT /api/users/me/password": lambda owner: {
        "old_password": "not the right one",
        "new_password": PASSWORD,
    },
    "POST /api/users/me/tokens": lambda owner: {"name": "Backup", "scopes": ["exports:read"]},
    "DELETE /api/users/me": lambda owner: {"password": "a wrong one"},
    "DELETE /api/users/:id": lambda owner: {"password": "a wrong one"},
    "PUT /api/users/:id": lambda owner: {"disabled": False},
    "POST /api/exercises": lambda owner: new_exercise(),
    "PUT /api/exercises/:id": lambda owner: {"notes": "changed"},
    "POST /api/exercises/:id/merge": lambda owner: {"into": SIT_UPS},
    "PUT /api/exercises/:id/mine": lambda owner: {"notes": "changed"},
    "PUT /api/imports/:id/mapping": lambda owner: {"Squat (Barbell)": 2},
    "POST /api/webhooks": lambda owner: NEW_WEBHOOK,
    "PUT /api/webhooks/:id": lambda owner: {"description": "changed"},
    "POST /api/workouts": lambda owner: WORKOUT,
    "PUT /api/workouts/:id": lambda owner: {"notes": "changed"},
    "POST /api/measurements": lambda owner: MEASUREMENT,
    "PUT /api/measurements": lambda owner: MEASUREMENT | {"external_id": uuid.uuid4().hex},
    "PUT /api/measurements/:id": lambda owner: {"value": 81.9},
}
# nobody listens there
NEW_WEBHOOK = {"url": "http://127.0.0.1:1/gym", "events": ["workout.created"]}
HISTORY = (
    "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,"
    "Workout Notes,RPE\n"
    "2024-02-16 10:00:00,Legs,1h,Squat (Barbell),1,80,5,0,0,,,\n"
)
UPLOADS = {"POST /api/imports": HISTORY}
QUERIES = {
    "POST /api/imports": "?time_zone=UTC&weight_unit=kg",
    "GET /api/exercises/search": "?q=bench",
    "GET /api/exercises/last": "?ids=1,2",
    "DELETE /api/measurements": "?external_id=nobodys",
    "GET /api/stats/one-rep-max": "?weight=100&reps=5",
    "GET /api/exports/workouts": "?format=json",
}


def new_exercise():
    return {"name": uuid.uuid4().hex, "measure": "reps"}


STAMP = re.compile(rb'"timestamp":\d+')


@dataclass
class Stage:
    """The people of the table, and what they do."""

    http: object
    owner: object
    stranger: object
    administrator: object
    make_revoked: object
    delivery: int = 1

    def token(self, caller):
        if caller == "none":
            return None
        if caller in ("user", "other"):
            return self.stranger.token()
        if caller == "admin":
            return self.administrator.token()
        if caller == "expired":
            return self.owner.expired_token()
        token = self.owner.token()
        return self.make_revoked(token) if caller == "revoked" else token

    def new_workout(self):
        answer = self.http.post("/api/workouts", WORKOUT, token=self.owner.token())
        return answer.json()["data"][0]["id"]

    def new_exercise(self):
        answer = self.http.post("/api/exercises", new_exercise(), token=self.owner.token())
        return answer.json()["data"][0]["id"]

    def new_measurement(self):
        answer = self.ask("POST /api/measurements", token=self.owner.token())
        return answer.json()["data"][0]["id"]

    def new_import(self):
        """Return the id of an import that has been read."""
        token = self.owner.token()
        answer = self.ask("POST /api/imports", token=token)
        path = f"/api/imports/{answer.json()['data'][0]['id']}"

        def is_read():
            return self.http.get(path, token=token).json()["data"][0]["status"] == "preview"

        eventually(is_read)
        return answer.json()["data"][0]["id"]

    def without_webhooks(self, token):
        """Delete those that somebody has, as one may have few."""
        for webhook in self.http.get("/api/webhooks", token=token).json()["data"]:
            self.http.delete(f"/api/webhooks/{webhook['id']}", token=token)

    def new_webhook(self):
        """Return the id of a webhook, and remember that of a delivery to it."""
        token = self.owner.token()
        self.without_webhooks(token)
        path = "/api/webhooks"
        (made,) = self.http.post(path, NEW_WEBHOOK, token=token).json()["data"]
        path = f"{path}/{made['id']}/test"
        (delivery,) = self.http.post(path, token=token).json()["data"]
        self.delivery = delivery["id"]
        return made["id"]

    def thing(self, route, caller):
        """Return the id that a caller asks for."""
        method, path = route.split()
        if route == "POST /api/webhooks":
            self.without_webhooks(self.token(caller))
        if path.startswith("/api/users/me/sessions/") and caller != "user":
            return self.owner.session_id()
        if path.startswith("/api/users/me/tokens/") and caller != "user":
            answer = self.ask("POST /api/users/me/tokens", token=self.owner.token())
            return answer.json()["data"][0]["id"]
        if path.startswith("/api/stats") or (method == "GET" and "/exercises" in path):
            return 1
        if caller == "user":
            return NOWHERE
        if path.startswith("/api/exercises"):
            return self.new_exercise()
        if path.startswith("/api/webhooks/"):
            return self.new_webhook()
        if path.startswith("/api/imports/"):
            return self.new_import()
        if path.startswith("/api/measurements/"):
            return self.new_measurement()
        return self.new_workout() if path.startswith("/api/workouts") else self.owner.id

    def ask(self, route, id_=1, token=None, **options):
        method, path = route.split()
        path = path.replace(":id", str(id_)).replace(":delivery", str(self.delivery))
        path = path.replace(":file", "start.js") + QUERIES.get(route, "")
        make_body = BODIES.get(route)
        body = make_body(self.owner) if make_body else None
        if route in UPLOADS:
            options = options | {"headers": {"Content-Type": "text/csv"}, "data": UPLOADS[route]}
        return self.http.request(method, path, json=body, token=token, **options)


@pytest.fixture
def stage(http, person, stranger, administrator, make_revoked):
    return Stage(http, person, stranger, administrator, make_revoked)


@pytest.fixture(scope="module")
def lasting_stage(http, new_user, settings, make_admin, make_revoked):
    """A stage for the rows that leave the people as they were."""
    owner, stranger, administrator = (Person(new_user(), settings, http) for _ in range(3))
    make_admin(administrator.id)
    return Stage(http, owner, stranger, administrator, make_revoked)


@pytest.fixture
def stage_of_row(request, route):
    """A stage for a row of the table: rows about accounts change what the next one would find."""
    return request.getfixturevalue("stage" if "/api/users" in route else "lasting_stage")


@pytest.fixture(scope="module")
def providers():
    """Whatever a gateway serves: the entrypoints of its class, and the pages of its extensions."""
    with gateway_alone() as gateway:
        server = gateway.container.shared_extensions[WebServer]
        yield list(server._providers)


def test_every_route_has_a_row_and_every_row_a_route(providers):
    served = {f"{provider.method} {provider.path}" for provider in providers}
    assert served == set(TABLE), "add or remove rows in tests/security/routes.py"
    assert all(tuple(row) == CALLERS for row in TABLE.values())


@pytest.mark.parametrize("route", TABLE)
def test_every_caller_gets_the_answer_of_the_table(stage_of_row, route):
    stage, row = stage_of_row, TABLE[route]
    # whoever is refused leaves the thing to the next one; `user` asks for what is not there
    refused = [caller for caller in CALLERS if row[caller] >= 400 and caller != "user"]
    theirs = stage.thing(route, refused[0]) if refused else None
    found = {}
    for caller in CALLERS:
        id_ = theirs if caller in refused else stage.thing(route, caller)
        found[caller] = stage.ask(route, id_, stage.token(caller)).status_code
    assert found == row


@pytest.mark.slow
@pytest.mark.parametrize("route", TABLE)
def test_refused_callers_learn_nothing_and_change_nothing(stage, route):
    for caller, status in TABLE[route].items():
        if status < 400:
            continue
        id_ = stage.thing(route, caller)
        answer = stage.ask(route, id_, stage.token(caller))
        assert answer.json()["data"] == []
        assert len(answer.json()["errors"]) == 1
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)
        assert stage.owner.user.email not in answer.text
        if "/workouts/" in route and caller != "user":
            kept = stage.http.get(f"/api/workouts/{id_}", token=stage.owner.token())
            (workout,) = kept.json()["data"]
            assert (workout["notes"], workout["version"]) == (None, 1)


@pytest.mark.slow
@pytest.mark.parametrize("route", PERSONAL)
def test_nothing_personal_is_kept_on_the_way(stage, route):
    for caller in ("owner", "other", "none"):
        answer = stage.ask(route, stage.thing(route, caller), stage.token(caller))
        assert answer.headers["Cache-Control"] == "private, no-store"


def in_full(answer):
    """Return all of an answer but the moment it was given."""
    headers = {name: value for name, value in answer.headers.items() if name != "Date"}
    return answer.status_code, headers, STAMP.sub(b"", answer.content)


@pytest.mark.parametrize(
    "route", ["GET /api/workouts/:id", "PUT /api/workouts/:id", "DELETE /api/workouts/:id"]
)
def test_a_missing_workout_a_deleted_one_and_somebody_elses_are_alike_to_the_byte(stage, route):
    theirs, deleted = stage.new_workout(), stage.new_workout()
    stage.http.delete(f"/api/workouts/{deleted}", token=stage.owner.token())
    token = stage.stranger.token()
    same_id = {"X-Request-ID": "the-same"}
    answers = [
        in_full(stage.ask(route, id_, token, headers=same_id))
        for id_ in (theirs, deleted, NOWHERE, theirs + 10**9)
    ]
    assert answers[0][0] == 404
    for answer, other in itertools.pairwise(answers):
        assert answer == other


@pytest.mark.parametrize(
    "route", [route for route in TABLE if "/api/exercises/:id" in route], ids=str
)
def test_a_missing_exercise_a_deleted_one_and_somebody_elses_are_alike_to_the_byte(stage, route):
    theirs, deleted = stage.new_exercise(), stage.new_exercise()
    stage.http.delete(f"/api/exercises/{deleted}", token=stage.owner.token())
    same_id = {"X-Request-ID": "the-same"}
    answers = [
        in_full(stage.ask(route, id_, stage.stranger.token(), headers=same_id))
        for id_ in (theirs, deleted, NOWHERE, theirs + 10**9)
    ]
    assert answers[0][0] == 404
    for answer, other in itertools.pairwise(answers):
        assert answer == other


def test_somebody_elses_profile_and_a_missing_one_are_alike_to_the_byte(stage):
    same_id = {"X-Request-ID": "the-same"}
    answers = [
        in_full(stage.ask("GET /api/users/:id", id_, stage.stranger.token(), headers=same_id))
        for id_ in (stage.owner.id, NOWHERE)
    ]
    assert answers[0][0] == 403
    assert answers[0] == answers[1]


@pytest.mark.parametrize("bad", [{"date": 5}, {"exercises": [{"exercise_id": NOWHERE}]}, {"x": 1}])
def test_a_faulty_change_does_not_tell_whose_the_workout_is(stage, bad):
    theirs = stage.new_workout()
    answers = [
        stage.http.put(
            f"/api/workouts/{id_}",
            bad,
            token=stage.stranger.token(),
            headers={"X-Request-ID": "the-same"},
        )
        for id_ in (theirs, NOWHERE)
    ]
    assert in_full(answers[0]) == in_full(answers[1])


def test_a_stale_version_does_not_tell_whose_the_workout_is(stage):
    answer = stage.http.put(
        f"/api/workouts/{stage.new_workout()}", {"version": 9}, token=stage.stranger.token()
    )
    assert answer.status_code == 404


def test_lists_and_statistics_are_ones_own(stage):
    stage.new_workout()
    token = stage.stranger.token()
    for path in (
        "/api/workouts",
        f"/api/workouts?user_id={stage.owner.id}",
        f"/api/workouts?user_id={NOWHERE}",
    ):
        answer = stage.http.get(path, token=token)
        assert answer.json()["data"] == []
        assert answer.json()["meta"]["page"]["total_items"] == 0
    records = stage.http.get("/api/stats/personal-records", token=token)
    assert records.json()["data"] == [{"records": []}]
    for path in ("personal-records", "progress", "exercise/1/history"):
        answer = stage.http.get(f"/api/stats/{path}?user_id={stage.owner.id}", token=token)
        assert answer.json()["errors"][0]["code"] == "INVALID_PARAMETER"


@pytest.mark.parametrize("name", ["X-User-ID", "X-User-Id", "User-Id", "X-Role", "X-Admin"])
def test_headers_do_not_say_who_somebody_is(stage, name):
    value = "admin" if name in ("X-Role", "X-Admin") else str(stage.owner.id)
    answer = stage.ask(
        "GET /api/users/:id", stage.owner.id, stage.stranger.token(), headers={name: value}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_headers_do_not_change_the_method(stage, name):
    id_ = stage.new_workout()
    path, token = f"/api/workouts/{id_}", stage.owner.token()
    assert stage.http.get(path, token=token, headers={name: "DELETE"}).status_code == 200
    assert stage.http.get(path, token=token).status_code == 200


def test_a_revoked_token_stays_out_on_every_route(stage):
    token = stage.make_revoked(stage.owner.token())
    for route, row in TABLE.items():
        if row["revoked"] == 401:
            assert stage.ask(route, 1, token).status_code == 401


def test_an_idempotency_key_gives_nobody_elses_answer(stage):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = stage.http.post("/api/workouts", WORKOUT, token=stage.owner.token(), headers=key)
    second = stage.http.post("/api/workouts", WORKOUT, token=stage.stranger.token(), headers=key)
    assert second.status_code == 201
    assert "Idempotent-Replayed" not in second.headers
    assert first.json()["data"][0]["id"] != second.json()["data"][0]["id"]


class TestWhatTheGatewayRemembers:
    """Answers that are given without asking a service are for the same caller only."""

    @staticmethod
    def warm(stage, path, token):
        return [stage.http.get(path, token=token).json()["data"] for _ in range(3)][-1]

    def test_it_gives_nobody_elses_answers(self, stage):
        stage.new_workout()
        assert len(self.warm(stage, "/api/workouts", stage.owner.token())) == 1
        assert self.warm(stage, "/api/workouts", stage.stranger.token()) == []
        for token in (None, stage.owner.expired_token()):
            assert stage.http.get("/api/workouts", token=token).status_code == 401

    def test_a_token_that_was_remembered_is_out_once_it_is_revoked(self, stage):
        token = stage.owner.token()
        self.warm(stage, "/api/workouts", token)
        stage.make_revoked(token)
        assert stage.http.get("/api/workouts", token=token).status_code == 401

    def test_an_administrator_is_not_answered_as_the_user_they_were(self, stage, make_admin):
        stage.new_workout()
        path = f"/api/workouts?user_id={stage.owner.id}"
        assert self.warm(stage, path, stage.stranger.token()) == []
        make_admin(stage.stranger.id)
        promoted = stage.stranger.token()
        assert len(self.warm(stage, path, promoted)) == 1

    def test_an_entity_tag_tells_nobody_what_others_have(self, stage):
        path = f"/api/workouts/{stage.new_workout()}"
        tag = stage.http.get(path, token=stage.owner.token()).headers["ETag"]
        for tags in (tag, "*"):
            answer = stage.http.get(
                path, token=stage.stranger.token(), headers={"If-None-Match": tags}
            )
            assert answer.status_code == 404

    def test_two_tokens_in_one_request_are_none(self, stage):
        token = stage.owner.token()
        self.warm(stage, "/api/workouts", token)
        line = f"Authorization: Bearer {token}\r\n"
        sent = f"GET /api/workouts HTTP/1.1\r\nHost: x\r\n{line}{line}Connection: close\r\n\r\n"
        assert stage.http.raw(sent.encode()).startswith(b"HTTP/1.1 401")
