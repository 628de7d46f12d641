"""Personal access tokens over HTTP, on the whole running system."""

import pytest

from tests.users_database import query

TOKENS = "/api/users/me/tokens"
WORKOUT = {"date": "2024-02-16", "exercises": [{"exercise_id": 1, "sets": [{"reps": 5}]}]}


def make(http, user, *scopes, **fields):
    body = {"name": "Script", "scopes": list(scopes or ["workouts:read"])} | fields
    answer = http.post(TOKENS, body, token=user.token)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"][0]


def reads_workouts(http, made):
    return http.get("/api/workouts", token=made["token"]).status_code


def test_one_is_shown_once(http, new_user):
    user = new_user()

    answer = http.post(TOKENS, {"name": "Backup", "scopes": ["exports:read"]}, token=user.token)

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "private, no-store"
    (made,) = answer.json()["data"]
    assert answer.headers["Location"] == f"{TOKENS}/{made['id']}"
    assert made["token"].startswith("gym_")
    listed = http.get(TOKENS, token=user.token)
    assert made["token"] not in listed.text
    assert listed.json()["data"] == [{name: made[name] for name in made if name != "token"}]


def test_it_lets_a_script_in_with_its_scopes_and_no_more(http, new_user):
    user = new_user()
    made = make(http, user, "workouts:read")

    assert reads_workouts(http, made) == 200
    for method, path in (
        ("POST", "/api/workouts"),
        ("GET", "/api/stats/personal-records"),
        ("GET", "/api/users/me"),
        ("GET", TOKENS),
        ("POST", TOKENS),
        ("DELETE", f"{TOKENS}/{made['id']}"),
        ("PUT", "/api/users/me"),
        ("PUT", "/api/users/me/password"),
        ("GET", "/api/users/me/sessions"),
        ("DELETE", "/api/users/me/sessions"),
        ("POST", "/api/users/logout"),
    ):
        answer = http.request(method, path, token=made["token"], json={})
        assert answer.status_code == 403, f"{method} {path}"
    assert reads_workouts(http, made) == 200


def test_a_scope_to_write(http, new_user):
    made = make(http, new_user(), "workouts:write", "profile:read")
    assert http.post("/api/workouts", WORKOUT, token=made["token"]).status_code == 201
    assert http.get("/api/users/me", token=made["token"]).status_code == 200
    assert reads_workouts(http, made) == 403


def test_a_deleted_one_is_out_at_once(http, new_user):
    user = new_user()
    made, other = make(http, user), make(http, user)
    assert [reads_workouts(http, each) for each in (made, other)] == [200, 200]

    answer = http.delete(f"{TOKENS}/{made['id']}", token=user.token)

    assert answer.json()["data"] == [{"id": made["id"], "deleted": True}]
    assert [reads_workouts(http, each) for each in (made, other)] == [401, 200]
    assert http.delete(f"{TOKENS}/{made['id']}", token=user.token).status_code == 404


def test_nobody_deletes_the_tokens_of_others(http, new_user):
    user, eve = new_user(), new_user()
    made = make(http, user)

    assert http.delete(f"{TOKENS}/{made['id']}", token=eve.token).status_code == 404

    assert reads_workouts(http, made) == 200
    assert http.get(TOKENS, token=eve.token).json()["data"] == []


def test_an_expired_one_is_out(http, system, new_user):
    made = make(http, new_user(), expires_at="2999-12-31T23:00:00Z")
    query(
        system,
        "UPDATE personal_tokens SET expires_at = now() - interval '1 second' WHERE id = %s",
        made["id"],
    )
    assert reads_workouts(http, made) == 401


def test_a_change_of_the_password_leaves_it(http, new_user):
    user = new_user()
    made = make(http, user)
    body = {"old_password": user.password, "new_password": "staple of a correct horse"}

    assert http.put("/api/users/me/password", body, token=user.token).status_code == 200

    assert reads_workouts(http, made) == 200


def test_when_it_was_used_last(http, new_user):
    user = new_user()
    made = make(http, user)
    assert made["last_used_at"] is None
    reads_workouts(http, made)
    (listed,) = http.get(TOKENS, token=user.token).json()["data"]
    assert listed["last_used_at"] > listed["created_at"]


@pytest.mark.parametrize(
    ("body", "status", "faults"),
    [
        ({}, 400, {"name": "required", "scopes": "required"}),
        ({"name": "x", "scopes": ["all"]}, 400, {"scopes[0]": "one_of"}),
        (
            {"name": "x", "scopes": ["stats:read"], "expires_at": "2020-01-01T00:00:00Z"},
            422,
            {"expires_at": "min"},
        ),
    ],
)
def test_what_makes_no_token(http, new_user, body, status, faults):
    answer = http.post(TOKENS, body, token=new_user().token)
    assert answer.status_code == status
    found = {error["field"]: error["details"]["constraint"] for error in answer.json()["errors"]}
    assert found == faults
