"""What the server makes can't be given from outside: every such field, on every write."""

import re
import uuid

import pytest

from schemas import responses
from schemas.measurements import MeasurementChanges, NewMeasurement
from schemas.private_exercises import ExerciseChanges, NewExercise
from schemas.users import Credentials, NewUser
from schemas.workouts import LoggedExercise, LoggedSet, NewWorkout, WorkoutChanges
from stack.layout import CHECKOUT
from tests.api.conftest import PASSWORD

# columns, claims and what others' frameworks would take
GUESSED = (
    "id",
    "user_id",
    "workout_id",
    "workout_exercise_id",
    "exercise_name",
    "rep_type",
    "role",
    "is_admin",
    "admin",
    "password_hash",
    "token",
    "jti",
    "version",
    "created_at",
    "updated_at",
    "deleted",
    "deleted_at",
    "total_volume",
    "exercise_count",
    "set_count",
    "idempotency_key",
    "client_ids",
    "request_hash",
    "__proto__",
    "constructor",
    "_id",
    "$set",
    "Role",
    "USER_ID",
    "user.id",
    "user[id]",
    "*",
    "",
)


def workout():
    return {
        "date": "2024-02-16",
        "name": "Push",
        "exercises": [{"exercise_id": 1, "sets": [{"reps": 5, "weight": 60}]}],
    }


def foreign(schema, *answers):
    """Return the fields that a schema does not take: guessed ones, and those of responses."""
    answered = {name for answer in answers for name in answer}
    return sorted({*GUESSED, *answered} - set(schema().fields))


def refused_fields(answer):
    assert answer.status_code == 400, answer.text
    found = {}
    for error in answer.json()["errors"]:
        assert error["code"] == "VALIDATION_ERROR"
        found[error["field"]] = error["details"]["constraint"]
    assert set(found.values()) == {"unknown_field"}
    return set(found)


@pytest.fixture
def made(http, person):
    answer = http.post("/api/workouts", workout(), token=person.token())
    return answer.json()["data"][0]


def values(names):
    return dict.fromkeys(names, 1)


def as_paths(names, prefix=""):
    # a fault of the whole object has no field of its own
    return {f"{prefix}{name}" for name in names}


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (NewUser, [responses.RegisteredUser]),
        (NewExercise, [responses.NewPrivateExercise]),
        (ExerciseChanges, [responses.NewPrivateExercise]),
        (NewMeasurement, [responses.Measurement]),
        (MeasurementChanges, [responses.Measurement]),
        (NewWorkout, [responses.Workout, responses.ListedWorkout]),
        (WorkoutChanges, [responses.Workout, responses.ListedWorkout]),
        (LoggedExercise, [responses.PerformedExercise]),
        (LoggedSet, [responses.PerformedSet]),
    ],
)
def test_what_is_shown_and_not_taken_is_known_as_made_here(body, shown):
    names = {name for schema in shown for name in schema().fields}
    assert body.read_only == names - body().fields.keys()


def test_the_message_says_why_a_field_of_an_answer_is_refused(http, person, made):
    path, token = f"/api/workouts/{made['id']}", person.token()
    errors = http.put(path, made | {"mood": 1}, token=token).json()["errors"]
    messages = {error["field"]: error["message"] for error in errors}
    assert messages.pop("mood") == "Unknown field"
    assert messages.keys() == {
        *("id", "user_id", "client_id", "created_at", "updated_at"),
        *("exercises[0].id", "exercises[0].exercise_name", "exercises[0].sets[0].id"),
    }
    assert set(messages.values()) == {"Unknown field: the server makes it, so leave it out"}


def test_a_workout_without_them_can_be_put_back(http, person, made):
    guide = (CHECKOUT / "docs" / "api.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    known = {}
    exec(example, known)
    path, token = f"/api/workouts/{made['id']}", person.token()
    answer = http.put(path, known["as_body"](made), token=token)
    assert answer.status_code == 200, answer.text
    (again,) = answer.json()["data"]
    assert without_what_changes(again) == without_what_changes(made)


def without_what_changes(workout):
    """Leave out what each change makes anew."""
    if isinstance(workout, list):
        return [without_what_changes(item) for item in workout]
    if not isinstance(workout, dict):
        return workout
    new = ("id", "version", "updated_at")
    return {name: without_what_changes(value) for name, value in workout.items() if name not in new}


def test_registration(http, person):
    profile = http.get(f"/api/users/{person.id}", token=person.token()).json()["data"][0]
    names = [name for name in foreign(NewUser, profile) if name]
    email = f"{uuid.uuid4().hex}@example.com"
    body = {"email": email, "password": PASSWORD} | values(names)
    assert refused_fields(http.post("/api/users/register", body)) == as_paths(names)
    # and nobody was made
    assert http.post("/api/users/login", {"email": email, "password": PASSWORD}).status_code == 401
    user = http.post("/api/users/register", {"email": email, "password": PASSWORD}).json()
    assert user["data"][0]["role"] == "user"


def test_login(http, person):
    names = [name for name in foreign(Credentials) if name]
    body = {"email": person.user.email, "password": PASSWORD} | values(names)
    assert refused_fields(http.post("/api/users/login", body)) == as_paths(names)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_workouts(http, person, made, method):
    schema = NewWorkout if method == "POST" else WorkoutChanges
    path = "/api/workouts" if method == "POST" else f"/api/workouts/{made['id']}"
    listed = http.get("/api/workouts", token=person.token()).json()["data"][0]
    levels = {
        "": [name for name in foreign(schema, made, listed) if name],
        "exercises[0].": [name for name in foreign(LoggedExercise, made["exercises"][0]) if name],
        "exercises[0].sets[0].": [
            name for name in foreign(LoggedSet, made["exercises"][0]["sets"][0]) if name
        ],
    }
    body = workout()
    exercise = body["exercises"][0]
    body |= values(levels[""])
    exercise |= values(levels["exercises[0]."])
    exercise["sets"][0] |= values(levels["exercises[0].sets[0]."])
    answer = http.request(method, path, json=body, token=person.token())
    expected = set()
    for prefix, names in levels.items():
        expected |= as_paths(names, prefix)
    assert refused_fields(answer) == expected
    kept = http.get(f"/api/workouts/{made['id']}", token=person.token()).json()["data"][0]
    assert kept == made
    total = http.get("/api/workouts", token=person.token()).json()["meta"]["page"]["total_items"]
    assert total == 1


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_exercises(http, person, method):
    body, token = {"name": uuid.uuid4().hex, "measure": "reps"}, person.token()
    (made,) = http.post("/api/exercises", body, token=token).json()["data"]
    schema = NewExercise if method == "POST" else ExerciseChanges
    path = "/api/exercises" if method == "POST" else f"/api/exercises/{made['id']}"
    names = [name for name in foreign(schema, made) if name]
    answer = http.request(method, path, json=body | values(names), token=token)
    assert refused_fields(answer) == as_paths(names)
    del made["details"]
    assert http.get("/api/exercises?mine=true", token=token).json()["data"] == [made]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in GUESSED if name])
def test_each_alone_is_refused_too(http, person, made, name):
    token = person.token()
    if name != "version":
        path = f"/api/workouts/{made['id']}"
        assert refused_fields(http.put(path, {name: 1}, token=token)) == {name}
    body = workout() | {name: 1}
    assert refused_fields(http.post("/api/workouts", body, token=token)) == {name}


def test_a_version_is_compared_and_never_taken(http, person, made):
    path, token = f"/api/workouts/{made['id']}", person.token()
    assert http.put(path, {"version": 7, "name": "x"}, token=token).status_code == 409
    changed = http.put(path, {"version": 1, "name": "x"}, token=token).json()["data"][0]
    assert changed["version"] == 2


def test_a_workout_belongs_to_whoever_logs_it(http, person, stranger):
    for query in (f"?user_id={stranger.id}", "?role=admin", "?version=5"):
        answer = http.post(f"/api/workouts{query}", workout(), token=person.token())
        assert answer.json()["errors"][0]["details"]["constraint"] == "unknown_parameter"


def test_routes_without_a_body_do_not_look_at_one(http, person, stranger, made):
    path = f"/api/workouts/{made['id']}"
    body = {"user_id": person.id, "id": made["id"], "role": "admin"}
    answer = http.request("DELETE", path, json=body, token=stranger.token())
    assert answer.status_code == 404
    assert http.get(path, token=person.token()).status_code == 200
