"""Administrators over HTTP, on the whole running system."""

import uuid

import pytest

USERS = "/api/users"


@pytest.fixture
def administrator(new_user, make_admin):
    user = new_user()
    make_admin(user.id)
    return user


def change(http, administrator, user, **changes):
    answer = http.put(f"{USERS}/{user.id}", changes, token=administrator.token)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][0]


def is_in(http, user):
    return http.get("/api/users/me", token=user.token).status_code == 200


def test_finding_somebody(http, administrator, new_user):
    user = new_user()
    name = uuid.uuid4().hex
    http.put("/api/users/me", {"name": f"Jo {name}"}, token=user.token)

    for q in (user.email, name.upper()):
        answer = http.get(USERS, params={"q": q}, token=administrator.token)
        assert answer.status_code == 200
        assert answer.json()["meta"]["page"]["total_items"] == 1
        (found,) = answer.json()["data"]
        assert found.keys() == {"id", "email", "name", "role", "created_at", "disabled"}
        assert (found["id"], found["disabled"]) == (user.id, False)
        shown = http.get(f"{USERS}/{user.id}", token=administrator.token)
        assert shown.json()["data"] == [found]


def test_pages_are_linked(http, administrator, new_user):
    new_user()
    answer = http.get(USERS, params={"limit": 1, "sort": "id:desc"}, token=administrator.token)
    assert 'rel="next"' in answer.headers["Link"]
    assert len(answer.json()["data"]) == 1


def test_others_see_and_change_nobody(http, new_user):
    user, other = new_user(), new_user()
    for answer in (
        http.get(USERS, token=user.token),
        http.get(USERS, params={"q": other.email}, token=user.token),
        http.put(f"{USERS}/{other.id}", {"disabled": True}, token=user.token),
        http.put(f"{USERS}/{user.id}", {"role": "admin"}, token=user.token),
        http.put(f"{USERS}/{2**63 - 1}", {"role": "admin"}, token=user.token),
    ):
        assert answer.status_code == 403
        (error,) = answer.json()["errors"]
        assert error["message"] == "This is for administrators"
        assert other.email not in answer.text
    assert is_in(http, other)
    assert http.get(f"{USERS}/{user.id}", token=user.token).json()["data"][0]["role"] == "user"


def test_ones_own_profile_says_nothing_of_it(http, new_user):
    user = new_user()
    (shown,) = http.get(f"{USERS}/{user.id}", token=user.token).json()["data"]
    assert "disabled" not in shown


def test_a_disabled_account_is_out_at_once(http, administrator, new_user):
    user = new_user()
    body = {"name": "Script", "scopes": ["profile:read"]}
    made = http.post("/api/users/me/tokens", body, token=user.token).json()["data"][0]
    assert is_in(http, user)
    assert http.get("/api/users/me", token=made["token"]).status_code == 200

    assert change(http, administrator, user, disabled=True)["disabled"] is True

    assert not is_in(http, user)
    assert http.get("/api/users/me", token=made["token"]).status_code == 401
    credentials = {"email": user.email, "password": user.password}
    refused = http.post("/api/users/login", json=credentials)
    unknown = {"email": f"{uuid.uuid4().hex}@example.com", "password": user.password}
    assert refused.status_code == 401
    assert refused.json()["errors"] == http.post("/api/users/login", json=unknown).json()["errors"]

    change(http, administrator, user, disabled=False)
    assert not is_in(http, user)
    assert http.get("/api/users/me", token=made["token"]).status_code == 200
    assert http.post("/api/users/login", json=credentials).status_code == 200


def test_a_role_is_given_and_taken_at_once(http, administrator, new_user):
    user = new_user()
    assert http.get(USERS, token=user.token).status_code == 403

    change(http, administrator, user, role="admin")
    assert http.get(USERS, token=user.token).status_code == 200

    change(http, administrator, user, role="user")
    assert http.get(USERS, token=user.token).status_code == 403


def test_a_token_of_an_administrator_is_no_administrator(http, administrator):
    body = {"name": "Script", "scopes": ["profile:read", "workouts:read"]}
    made = http.post("/api/users/me/tokens", body, token=administrator.token).json()["data"][0]
    assert http.get(USERS, token=made["token"]).status_code == 403
    assert http.get(f"{USERS}/{administrator.id}", token=made["token"]).status_code == 200
    assert http.get(f"{USERS}/{administrator.id + 1}", token=made["token"]).status_code == 403


@pytest.mark.parametrize(
    ("body", "field", "constraint"),
    [
        ({"role": "boss"}, "role", "one_of"),
        ({"disabled": "yes"}, "disabled", "type"),
        ({"password": "a long password"}, "password", "unknown_field"),
    ],
)
def test_what_is_no_change(http, administrator, new_user, body, field, constraint):
    answer = http.put(f"{USERS}/{new_user().id}", body, token=administrator.token)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["field"], error["details"]["constraint"]) == (field, constraint)


def test_nobody(http, administrator):
    answer = http.put(f"{USERS}/{2**63 - 1}", {"disabled": True}, token=administrator.token)
    assert answer.status_code == 404
