"""Ending the weekly mail with one click, on the whole running system."""

import pytest

UNSUBSCRIBE = "/api/mail/unsubscribe"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def user(http, new_user):
    user = new_user()
    http.put("/api/users/me", {"weekly_summary_mail": True}, token=user.token)
    return user


@pytest.fixture
def token(rpc, user):
    return rpc.users.mail_recipient(user.id)["unsubscribe_token"]


def wants(http, user):
    profile = http.get("/api/users/me", token=user.token).json()["data"][0]
    return profile["weekly_summary_mail"]


# as RFC 8058 has it: either form; and nothing, and what the page sends
@pytest.mark.parametrize(
    "body",
    [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}, {}, {"json": {}}],
    ids=["urlencoded", "multipart", "empty", "json"],
)
def test_one_click_ends_it(http, user, token, body):
    for _ in range(2):
        answer = http.post(f"{UNSUBSCRIBE}?token={token}", **body)
        assert answer.status_code == 200
        assert answer.json()["data"] == [{"ended": True}]
        assert not wants(http, user)


def test_whoever_is_signed_in_ends_what_the_token_is_for(http, user, token, new_user):
    other = new_user()
    answer = http.post(f"{UNSUBSCRIBE}?token={token}", token=other.token)
    assert answer.status_code == 200
    assert not wants(http, user)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_program_that_only_looks_ends_nothing(http, user, token, method):
    answer = http.request(method, f"{UNSUBSCRIBE}?token={token}")
    assert answer.status_code == 405
    assert wants(http, user)


def test_a_token_that_is_not_ours_is_refused(http, user, token):
    for text in ("x", f"{token}x", f"{user.id}-{'A' * 43}", f"{user.id + 1}{token[1:]}", "%00"):
        answer = http.post(f"{UNSUBSCRIBE}?token={text}", data=ONE_CLICK)
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert error["field"] == "token"
        assert token not in answer.text
    assert http.post(UNSUBSCRIBE, data=ONE_CLICK).status_code == 400
    twice = f"{UNSUBSCRIBE}?token={token}&token={token}"
    assert http.post(twice, data=ONE_CLICK).status_code == 400
    assert wants(http, user)


def test_a_token_is_in_no_log(http, system, token):
    http.post(f"{UNSUBSCRIBE}?token={token}", data=ONE_CLICK)
    for file in (system.directory / "logs").iterdir():
        assert token not in file.read_text(errors="replace")
