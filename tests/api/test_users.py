"""Users over HTTP, on the whole running system."""

import uuid

import pytest


def some_email():
    return f"lifter-{uuid.uuid4().hex[:12]}@example.com"


def faults(answer):
    return {error.get("field"): error["details"]["constraint"] for error in answer.json()["errors"]}


def test_register_answers_with_the_user_and_a_token(http):
    email = some_email()
    answer = http.post(
        "/api/users/register",
        json={"email": f"  {email.upper()} ", "password": "a long password", "name": "  Jo  "},
    )
    assert answer.status_code == 201
    (user,) = answer.json()["data"]
    assert set(user) == {
        *("id", "email", "name", "role", "created_at"),
        *("token", "refresh_token", "expires_in"),
    }
    assert (user["email"], user["name"], user["role"]) == (email, "Jo", "user")
    assert user["created_at"].endswith("Z")
    assert answer.headers["Location"] == f"/api/users/{user['id']}"
    assert answer.headers["Cache-Control"] == "private, no-store"
    shown = http.get(answer.headers["Location"], token=user["token"])
    assert shown.status_code == 200
    assert shown.json()["data"][0]["email"] == email
    assert "password" not in shown.text
    assert "token" not in shown.json()["data"][0]


def test_a_name_is_optional(http):
    for name in ({}, {"name": None}, {"name": "   "}):
        body = {"email": some_email(), "password": "a long password"} | name
        answer = http.post("/api/users/register", json=body)
        assert answer.status_code == 201
        assert answer.json()["data"][0]["name"] is None


def test_an_email_is_taken_once(http, new_user):
    user = new_user()
    for email in (user.email, user.email.upper(), f" {user.email} "):
        body = {"email": email, "password": "a long password"}
        answer = http.post("/api/users/register", json=body)
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["code"] == "CONFLICT"


GOOD = {"email": "x@example.com", "password": "a long password", "name": "Jo"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"email": None}, {"email": "required"}),
        ({"email": ""}, {"email": "required"}),
        ({"email": "invalid-email"}, {"email": "email"}),
        ({"email": "a@" + "b" * 250 + ".de"}, {"email": "max_length"}),
        ({"email": 5}, {"email": "type"}),
        ({"email": "a\x00@example.com"}, {"email": "characters"}),
        ({"password": None}, {"password": "required"}),
        ({"password": "1234567"}, {"password": "min_length"}),
        ({"password": "p" * 73}, {"password": "max_length"}),
        ({"password": "é" * 37}, {"password": "max_length"}),
        ({"password": 12345678}, {"password": "type"}),
        ({"name": "n" * 101}, {"name": "max_length"}),
        ({"name": ["Jo"]}, {"name": "type"}),
        ({"role": "admin"}, {"role": "unknown_field"}),
        ({"id": 1, "created_at": "x"}, {"id": "unknown_field", "created_at": "unknown_field"}),
        ({"email": "x", "password": "abc"}, {"email": "email", "password": "min_length"}),
    ],
    ids=str,
)
def test_register_tells_all_faults_at_once(http, changes, expected):
    answer = http.post("/api/users/register", json=GOOD | changes)
    assert answer.status_code == 400
    assert faults(answer) == expected
    assert {error["code"] for error in answer.json()["errors"]} == {"VALIDATION_ERROR"}
    assert "a long password" not in answer.text


def test_a_short_password_is_told_by_its_length_only(http):
    answer = http.post("/api/users/register", json=GOOD | {"password": "abc"})
    (error,) = answer.json()["errors"]
    assert error["details"] == {"constraint": "min_length", "required": 8, "received": 3}


def test_a_password_is_the_same_on_every_keyboard(http):
    spellings = ["Größe-1234", "Gro\u0308ße-1234", "Ｇｒößｅ－１２３４"]
    for registered in spellings:
        email = some_email()
        body = {"email": email, "password": registered}
        assert http.post("/api/users/register", json=body).status_code == 201
        for spelling in spellings:
            body = {"email": email, "password": spelling}
            assert http.post("/api/users/login", json=body).status_code == 200


def test_a_password_is_as_long_as_the_form_that_is_compared(http):
    answer = http.post("/api/users/register", json=GOOD | {"password": "e\u0301" * 7})
    (error,) = answer.json()["errors"]
    assert error["details"] == {"constraint": "min_length", "required": 8, "received": 7}


def test_login_gives_a_token_and_the_user(http):
    body = {"email": some_email(), "password": " pass word é "}
    registered = http.post("/api/users/register", json=body).json()["data"][0]
    answer = http.post("/api/users/login", json=body | {"email": body["email"].upper()})
    assert answer.status_code == 200
    (data,) = answer.json()["data"]
    assert set(data) == {"token", "refresh_token", "expires_in", "user"}
    assert data["user"]["id"] == registered["id"]
    assert http.get(f"/api/users/{registered['id']}", token=data["token"]).status_code == 200


def test_every_wrong_login_gets_the_same_answer(http, new_user):
    user = new_user()
    answers = [
        http.post("/api/users/login", json={"email": email, "password": password})
        for email, password in (
            (user.email, "wrong password"),
            (some_email(), "a long password"),
            ("not an e-mail", "a long password"),
            (user.email, "short"),
            (user.email, "p" * 100),
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({str(answer.json()["errors"]) for answer in answers}) == 1
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"email": "required", "password": "required"}),
        ({"email": 1, "password": "x"}, {"email": "type"}),
        ({"email": "a@example.com", "password": None}, {"password": "required"}),
        ({"email": "a@example.com", "password": "x", "a": 1}, {"a": "unknown_field"}),
    ],
    ids=str,
)
def test_a_login_that_is_none(http, body, expected):
    answer = http.post("/api/users/login", json=body)
    assert (answer.status_code, faults(answer)) == (400, expected)


def test_others_profiles_look_as_missing_ones_do(http, new_user):
    user, other = new_user(), new_user()
    answers = [http.get(f"/api/users/{id_}", token=user.token) for id_ in (other.id, 2**63 - 1)]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]


def test_an_admin_sees_every_profile(http, new_user, admin_token):
    user = new_user()
    shown = http.get(f"/api/users/{user.id}", token=admin_token)
    assert shown.status_code == 200
    assert shown.json()["data"][0]["email"] == user.email
    missing = http.get(f"/api/users/{2**63 - 1}", token=admin_token)
    assert missing.status_code == 404
    assert missing.json()["errors"][0]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("id_", ["0", "-1", "abc", "1.0", str(2**63), "1%20", "%00", "a%2Fb"])
def test_ids_are_whole_numbers(http, new_user, id_):
    answer = http.get(f"/api/users/{id_}", token=new_user().token)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "INVALID_PARAMETER"
    assert answer.json()["errors"][0]["field"] == "id"


def test_logout_ends_the_token_and_no_other(http, new_user):
    user = new_user()
    path = f"/api/users/{user.id}"
    body = {"email": user.email, "password": user.password}
    other = http.post("/api/users/login", json=body).json()["data"][0]["token"]
    answer = http.post("/api/users/logout", token=user.token)
    assert answer.status_code == 200
    assert answer.json()["data"] == [{"revoked": True}]
    assert http.get(path, token=user.token).status_code == 401
    assert http.post("/api/users/logout", token=user.token).status_code == 401
    assert http.get(path, token=other).status_code == 200


@pytest.mark.parametrize("path", ["register?x=1", "login?x=1"])
def test_writes_take_no_parameters(http, path):
    answer = http.post(f"/api/users/{path}", json={})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "INVALID_PARAMETER"
