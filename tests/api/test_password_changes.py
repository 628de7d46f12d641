"""Changing one's password over HTTP, on the whole running system."""

import uuid

import pytest

from schemas.errors import Forbidden
from tests.api.lone_gateway import gateway_alone
from tests.mailbox import Mailbox, link_in

PATH = "/api/users/me/password"
NEW = "staple of a correct horse"


def sign_in(http, user, password=None):
    body = {"email": user.email, "password": password or user.password}
    return http.post("/api/users/login", json=body)


def tokens_of(answer):
    assert answer.status_code == 200
    return answer.json()["data"][0]


def change(http, user, **fields):
    body = {"old_password": user.password, "new_password": NEW} | fields
    return http.put(PATH, body, token=user.token)


def is_in(http, token):
    return http.get("/api/users/me", token=token).status_code == 200


def test_a_change_ends_all_sessions_but_ones_own(http, new_user):
    user = new_user()
    stolen = tokens_of(sign_in(http, user))
    assert is_in(http, stolen["token"])

    answer = change(http, user)

    assert answer.status_code == 200
    assert answer.json()["data"] == [{"changed": True, "sessions_ended": 1}]
    assert is_in(http, user.token)
    assert not is_in(http, stolen["token"])
    body = {"refresh_token": stolen["refresh_token"]}
    assert http.post("/api/users/token/refresh", json=body).status_code == 401
    assert sign_in(http, user).status_code == 401
    assert sign_in(http, user, NEW).status_code == 200


@pytest.mark.slow
def test_it_ends_links_that_whoever_knew_the_old_one_has_asked_for(http, new_user, system):
    user, thief = new_user(), f"thief-{uuid.uuid4().hex}@example.com"
    mailbox = Mailbox(system.directory)
    body = {"email": thief, "password": user.password}
    assert http.put("/api/users/me/email", body, token=user.token).status_code == 202
    to_another_email = link_in(mailbox.mail_to(thief))[2]
    assert http.post("/api/users/password-reset", {"email": user.email}).status_code == 202
    to_a_password = link_in(mailbox.mail_to(user.email))[2]

    assert change(http, user).status_code == 200

    confirm = {"token": to_another_email}
    assert http.post("/api/users/email-change/confirm", confirm).status_code == 400
    confirm = {"token": to_a_password, "new_password": "a third one"}
    assert http.post("/api/users/password-reset/confirm", confirm).status_code == 400
    assert sign_in(http, user, NEW).status_code == 200


def test_a_mail_tells_of_it(http, new_user, system):
    user = new_user()
    assert change(http, user).status_code == 200
    assert "was changed" in Mailbox(system.directory).mail_to(user.email)["Subject"]


def test_a_wrong_password_is_no_reason_to_sign_out(http, new_user):
    user = new_user()

    answer = change(http, user, old_password="not the right one")

    assert answer.status_code == 403
    (error,) = answer.json()["errors"]
    assert (error["code"], error["message"]) == ("FORBIDDEN", "The password is wrong")
    assert "WWW-Authenticate" not in answer.headers
    assert is_in(http, user.token)
    assert sign_in(http, user).status_code == 200


def test_the_new_one_has_the_rules_of_a_registration(http, new_user):
    user = new_user()
    for password, constraint in (("short", "min_length"), ("Password12", "common")):
        answer = change(http, user, new_password=password)
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert error["field"] == "new_password"
        assert error["details"]["constraint"] == constraint
        assert password not in answer.text


def test_a_common_password_is_refused_at_registration(http):
    body = {"email": "nobody@example.com", "password": "Trustno1"}
    answer = http.post("/api/users/register", json=body)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["details"] == {"constraint": "common", "most_common": 10_000}
    assert "10,000 commonest" in error["message"]


def test_guesses_are_limited_as_those_of_a_log_in(make_token):
    with gateway_alone(RATE_LIMIT_LOGIN_EMAIL="3/minute") as gateway:
        gateway.answers["users.change_password"] = Forbidden("The password is wrong")
        token = make_token(gateway)
        got = [gateway.http.put(PATH, {}, token=token).status_code for _ in range(5)]
        assert got == [403, 403, 403, 429, 429]
