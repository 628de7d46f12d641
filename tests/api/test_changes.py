"""Following what changes of one's own, over HTTP."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.logbook import ago

PATH = "/api/changes"
BENCH, SQUAT = 1, 2

ACCOUNT = {"id", "email", "name", "role", "created_at"}
"""What of a profile is no setting."""

WRITERS = 6
WRITES = 40
"""Of each writer."""


def changes(http, token, **query):
    answer = http.get(PATH, token=token, params=query)
    assert answer.status_code == 200
    return answer.json()["data"]


def error(http, token, **query):
    answer = http.get(PATH, token=token, params=query)
    return answer.status_code, answer.json()["errors"]


class Copy:
    """What an app holds that follows the changes."""

    def __init__(self, http, token):
        self.http, self.token = http, token
        self.cursor = "0"
        self.held = {}

    def catch_up(self, **query):
        while found := changes(self.http, self.token, after=self.cursor, **query):
            for change in found:
                self.take(change)

    def take(self, change):
        self.cursor = change["cursor"]
        key = change["kind"], change["id"]
        if change["op"] == "delete":
            self.held.pop(key, None)
        else:
            self.held[key] = change["data"]


def everything(http, token, path):
    """Yield all that the pages of a list have."""
    page = 1
    while found := http.get(path, token=token, params={"page": page, "limit": 100}).json()["data"]:
        yield from found
        page += 1


def workouts(http, token):
    for listed in everything(http, token, "/api/workouts"):
        [workout] = http.get(f"/api/workouts/{listed['id']}", token=token).json()["data"]
        yield workout["id"], workout


def measurements(http, token):
    for measurement in everything(http, token, "/api/measurements"):
        yield measurement["id"], measurement


def settings(http, token):
    [profile] = http.get("/api/users/me", token=token).json()["data"]
    yield profile["id"], {name: profile[name] for name in profile.keys() - ACCOUNT}


KINDS = {"workout": workouts, "measurement": measurements, "settings": settings}
"""What yields id and data of all things of a kind, as the API shows them."""


def shown(http, token, exercises=()):
    """Return all that the API shows, by what it is called in a copy.

    Args:
        exercises: the ids of those that the user has had something to do with.
    """
    found = {
        (kind, thing_id): data
        for kind, things in KINDS.items()
        for thing_id, data in things(http, token)
    }
    for exercise_id in exercises:
        for exercise in http.get(f"/api/exercises/{exercise_id}", token=token).json()["data"]:
            if exercise["owner"] == "me":
                found["exercise", exercise_id] = exercise
            elif exercise["mine"]:
                found["exercise_details", exercise_id] = exercise["mine"]
    return found


def create(http, user, **fields):
    answer = http.post("/api/workouts", {"date": ago(0), **fields}, token=user.token)
    assert answer.status_code == 201
    [workout] = answer.json()["data"]
    return workout


def measure(http, user, **fields):
    weight = {"kind": "weight", "value": 82.4, "unit": "kg", "measured_at": f"{ago(0)}T00:00:00Z"}
    answer = http.post("/api/measurements", weight | fields, token=user.token)
    assert answer.status_code in (200, 201)
    [measurement] = answer.json()["data"]
    return measurement


def test_a_copy_holds_what_the_api_shows(http, new_user):
    user = new_user()
    copy = Copy(http, user.token)
    copy.catch_up()
    assert copy.held == shown(http, user.token)
    assert [*copy.held] == [("settings", user.id)]

    first, second = create(http, user, name="Push"), create(http, user)
    copy.catch_up(limit=1)
    assert copy.held == shown(http, user.token)
    assert len(copy.held) == 3

    http.put(f"/api/workouts/{first['id']}", {"name": "Pull"}, token=user.token)
    http.delete(f"/api/workouts/{second['id']}", token=user.token)
    copy.catch_up()
    assert copy.held == shown(http, user.token)
    assert len(copy.held) == 2


def test_a_copy_holds_the_measurements_that_the_api_shows(http, new_user):
    user = new_user()
    copy = Copy(http, user.token)
    weight, waist = measure(http, user), measure(http, user, kind="waist", value=80, unit="cm")
    copy.catch_up(limit=1)
    assert copy.held == shown(http, user.token)
    assert len(copy.held) == 3

    http.put(f"/api/measurements/{weight['id']}", {"value": 81}, token=user.token)
    http.delete(f"/api/measurements/{waist['id']}", token=user.token)
    copy.catch_up()
    assert copy.held == shown(http, user.token)
    assert len(copy.held) == 2


def test_a_copy_holds_the_exercises_and_notes_that_the_api_shows(http, new_user):
    user = new_user()
    copy = Copy(http, user.token)
    made = [BENCH, SQUAT]
    for name in ("Gorilla Row", "Silverback Row", "Frog Hold"):
        answer = http.post(
            "/api/exercises", {"name": name, "measure": "weight_reps"}, token=user.token
        )
        made.append(answer.json()["data"][0]["id"])
    for exercise_id in (BENCH, SQUAT):
        path = f"/api/exercises/{exercise_id}/mine"
        assert http.put(path, {"notes": "Slowly"}, token=user.token).status_code == 200
    copy.catch_up(limit=2)
    assert copy.held == shown(http, user.token, made)
    assert {kind for kind, _ in copy.held} == {"exercise", "exercise_details", "settings"}
    assert len(copy.held) == 6

    _, _, row, other, hold = made
    http.put(f"/api/exercises/{hold}", {"notes": "Low"}, token=user.token)
    http.post(f"/api/exercises/{row}/merge", {"into": other}, token=user.token)
    http.put(f"/api/exercises/{BENCH}/mine", {"notes": None}, token=user.token)
    copy.catch_up()
    assert copy.held == shown(http, user.token, made)
    assert len(copy.held) == 5
    http.delete(f"/api/exercises/{hold}", token=user.token)
    copy.catch_up()
    assert copy.held == shown(http, user.token, made)
    assert len(copy.held) == 4


def test_a_cursor_from_before_there_were_more_kinds_goes_on(http, new_user):
    user = new_user()
    copy = Copy(http, user.token)
    create(http, user)
    copy.catch_up()
    # as the gateway of the version before gave it
    copy.cursor, _, _ = copy.cursor.partition(".")
    assert copy.cursor.startswith("workouts-")
    measurement = measure(http, user)
    create(http, user)
    copy.catch_up()
    assert copy.held["measurement", measurement["id"]] == measurement
    assert copy.held == shown(http, user.token)


@pytest.mark.slow
def test_while_many_write_nothing_is_missed(http, new_user):
    user = new_user()
    copy = Copy(http, user.token)

    def write(number):
        chance, mine = random.Random(number), []
        for _ in range(WRITES):
            kind = chance.choice(["create", "update", "delete", "measure", "note", "set"])
            if kind == "create" or (kind in ("update", "delete") and not mine):
                mine.append(create(http, user, name=f"{number}")["id"])
            elif kind == "update":
                body = {"name": f"{chance.random()}"}
                http.put(f"/api/workouts/{chance.choice(mine)}", body, token=user.token)
            elif kind == "delete":
                path = f"/api/workouts/{mine.pop(chance.randrange(len(mine)))}"
                http.delete(path, token=user.token)
            elif kind == "measure":
                measure(
                    http, user, external_id=f"{chance.randrange(5)}", value=chance.randrange(70, 90)
                )
            elif kind == "note":
                body = {"notes": chance.choice(["Slowly", "Fast", None])}
                path = f"/api/exercises/{chance.choice([BENCH, SQUAT])}/mine"
                http.put(path, body, token=user.token)
            else:
                body = {"weekly_goal": chance.randrange(1, 20)}
                http.put("/api/users/me", body, token=user.token)

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, number) for number in range(WRITERS)]
        while not all(each.done() for each in writing):
            copy.catch_up(limit=10)
        for each in writing:
            each.result()
    copy.catch_up()
    assert copy.held == shown(http, user.token, [BENCH, SQUAT])


def test_a_copy_holds_the_settings_that_the_api_shows(http, new_user):
    user = new_user()
    copy = Copy(http, user.token)
    copy.catch_up()
    body = {"weight_unit": "lb", "locale": "pt-BR", "weekly_goal": 3}
    assert http.put("/api/users/me", body, token=user.token).status_code == 200
    copy.catch_up()
    assert copy.held == shown(http, user.token)
    assert copy.held["settings", user.id]["weight_unit"] == "lb"


def test_only_ones_own(http, new_user):
    user, other = new_user(), new_user()
    create(http, other)
    measure(http, other)
    assert [(change["kind"], change["id"]) for change in changes(http, user.token)] == [
        ("settings", user.id)
    ]


def script(http, user, *scopes):
    body = {"name": "Script", "scopes": scopes}
    return http.post("/api/users/me/tokens", body, token=user.token).json()["data"][0]["token"]


def test_a_script_is_told_what_its_scopes_let_it_read(http, new_user):
    user = new_user()
    create(http, user)
    measure(http, user)
    copy = Copy(http, user.token)
    copy.catch_up()
    assert http.put("/api/users/me", {"locale": "de"}, token=user.token).status_code == 200
    create(http, user)

    # it goes on with the whole cursor, and what it may not read stays to be told
    limited = Copy(http, script(http, user, "workouts:read"))
    limited.cursor, limited.held = copy.cursor, {**copy.held}
    limited.catch_up()
    assert {key[0] for key in limited.held.keys() - copy.held.keys()} == {"workout"}
    assert limited.held["settings", user.id]["locale"] is None

    both = Copy(http, script(http, user, "workouts:read", "profile:read"))
    both.cursor, both.held = limited.cursor, limited.held
    both.catch_up()
    assert both.held == shown(http, user.token)
    from_0 = changes(http, limited.token)
    assert {change["kind"] for change in from_0} == {"workout", "measurement"}
    assert "users" not in from_0[-1]["cursor"]


@pytest.mark.parametrize(
    "cursor",
    ["1", "workouts", "workouts-", "workouts--1", "workouts-01", "-1", f"workouts-{10**19 - 1}"],
)
def test_what_is_no_cursor(http, new_user, cursor):
    status, problem = error(http, new_user().token, after=cursor)
    assert (status, problem[0]["code"], problem[0]["field"]) == (400, "INVALID_PARAMETER", "after")


def test_what_is_no_limit(http, new_user):
    status, problem = error(http, new_user().token, limit=101)
    assert (status, problem[0]["field"]) == (400, "limit")


def test_a_cursor_of_what_never_was_has_expired(http, new_user):
    user = new_user()
    create(http, user)
    change, *_ = changes(http, user.token)
    name, _, position = change["cursor"].rpartition("-")
    status, problem = error(http, user.token, after=f"{name}-{int(position) + 10**6}")
    assert (status, problem[0]["code"]) == (409, "CONFLICT")
    assert problem[0]["message"] == "The cursor has expired: read the changes from 0"


def test_a_cursor_may_name_what_this_version_does_not_know(http, new_user):
    user = new_user()
    workout = create(http, user)
    change, *_ = changes(http, user.token, after="workouts-0.somethingnew-17")
    assert change["id"] == workout["id"]
