"""Sessions over HTTP, on the whole running system."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from tests.api.lone_gateway import gateway_alone
from tests.users_database import query

REFRESH = "/api/users/token/refresh"
SESSIONS = "/api/users/me/sessions"
PHONE = "GymTracker/2.1 (Android 14)"


def sign_in(http, user, device=PHONE):
    body = {"email": user.email, "password": user.password}
    answer = http.post("/api/users/login", json=body, headers={"User-Agent": device})
    assert answer.status_code == 200
    (data,) = answer.json()["data"]
    return data


def refresh(http, tokens):
    return http.post(REFRESH, json={"refresh_token": tokens["refresh_token"]})


def refreshed(http, tokens):
    answer = refresh(http, tokens)
    assert answer.status_code == 200
    (data,) = answer.json()["data"]
    return data


def sessions(http, token):
    answer = http.get(SESSIONS, token=token)
    assert answer.status_code == 200
    return answer.json()["data"]


def use_up_the_grace(system, user):
    query(
        system,
        "UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds' WHERE session_id IN"
        " (SELECT id FROM sessions WHERE user_id = %s)",
        user.id,
    )


def test_a_registration_stays_signed_in(http):
    body = {"email": f"{uuid.uuid4().hex}@example.com", "password": "correct horse battery"}
    (data,) = http.post("/api/users/register", json=body).json()["data"]

    assert data["expires_in"] == 86400
    assert refreshed(http, data)["token"] != data["token"]


def test_a_refresh_needs_no_token_and_gives_a_good_one(http, new_user):
    user = new_user()
    tokens = sign_in(http, user)

    answer = refresh(http, tokens)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    (data,) = answer.json()["data"]
    assert data.keys() == {"token", "refresh_token", "expires_in"}
    assert http.get(f"/api/users/{user.id}", token=data["token"]).status_code == 200


def test_two_that_refresh_in_the_same_second_get_the_same(http, new_user):
    tokens = sign_in(http, new_user())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: refreshed(http, tokens), range(4)))

    assert all(answer == answers[0] for answer in answers)


def test_a_stolen_token_that_is_used_after_its_owner_ends_the_session(http, system, new_user):
    user = new_user()
    tokens = sign_in(http, user)
    owners = refreshed(http, tokens)
    use_up_the_grace(system, user)

    assert refresh(http, tokens).status_code == 401
    assert refresh(http, owners).status_code == 401


def test_every_refused_refresh_gets_the_same_answer(http, system, new_user):
    late, expired, disabled, signed_out = (new_user() for _ in range(4))
    tokens = {user: sign_in(http, user) for user in (late, expired, disabled, signed_out)}
    refreshed(http, tokens[late])
    use_up_the_grace(system, late)
    query(
        system,
        "UPDATE refresh_tokens SET issued_at = issued_at - interval '61 days' WHERE session_id IN"
        " (SELECT id FROM sessions WHERE user_id = %s)",
        expired.id,
    )
    query(system, "UPDATE users SET disabled_at = now() WHERE id = %s", disabled.id)
    http.post("/api/users/logout", token=tokens[signed_out]["token"])

    answers = [refresh(http, each) for each in tokens.values()]
    answers += [refresh(http, {"refresh_token": text}) for text in ("", "nonsense", "A" * 43)]

    assert {answer.status_code for answer in answers} == {401}
    assert len({str(answer.json()["errors"]) for answer in answers}) == 1


@pytest.mark.parametrize("body", [{}, {"refresh_token": 7}, {"refresh_token": "x", "more": 1}])
def test_a_refresh_that_is_none(http, body):
    answer = http.post(REFRESH, json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "VALIDATION_ERROR"


def test_refreshes_of_an_address_are_limited_and_take_nothing_from_logins():
    with gateway_alone(RATE_LIMIT_LOGIN="3/minute") as gateway:
        gateway.answers |= {"users.login": {}, "users.refresh": {}}
        body = {"refresh_token": "x"}
        got = [gateway.http.post(REFRESH, body).status_code for _ in range(5)]
        assert got == [200, 200, 200, 429, 429]
        assert gateway.http.post("/api/users/login", {}).status_code == 200


def test_the_client_is_told_with_what_begins_and_continues_a_session():
    with gateway_alone(TRUSTED_PROXIES="127.0.0.0/8") as gateway:
        gateway.answers |= {"users.login": {}, "users.refresh": {}, "users.register": {"id": 1}}
        for path in ("/api/users/login", "/api/users/register", REFRESH):
            headers = {"User-Agent": PHONE, "X-Forwarded-For": "203.0.113.7"}
            gateway.http.post(path, {}, headers=headers)
            *_, kwargs, _ = gateway.calls[-1]
            assert kwargs == {"client": {"device": PHONE, "address": "203.0.113.7"}}


def test_where_one_is_signed_in(http, new_user):
    user = new_user()
    tokens = sign_in(http, user)

    found = sessions(http, tokens["token"])

    assert len(found) == 2
    assert found[0]["device"] == PHONE
    assert found[0]["address"] == "127.0.0.1"
    assert [session["is_current"] for session in found] == [True, False]


def test_the_same_session_after_a_refresh(http, new_user):
    user = new_user()
    tokens = sign_in(http, user)
    before = sessions(http, tokens["token"])[0]

    after = sessions(http, refreshed(http, tokens)["token"])[0]

    assert (after["id"], after["is_current"]) == (before["id"], True)
    assert after["last_used_at"] > before["last_used_at"]


def test_ending_another_session(http, new_user):
    user = new_user()
    lost = sign_in(http, user, "Lost phone")
    [mine, other] = sessions(http, user.token)[::-1]
    assert (mine["is_current"], other["device"]) == (True, "Lost phone")

    answer = http.delete(f"{SESSIONS}/{other['id']}", token=user.token)

    assert answer.status_code == 200
    assert answer.json()["data"] == [{"id": other["id"], "ended": True}]
    assert refresh(http, lost).status_code == 401
    assert sessions(http, user.token) == [mine]
    assert http.delete(f"{SESSIONS}/{other['id']}", token=user.token).status_code == 404


def test_nobody_ends_the_sessions_of_others(http, new_user):
    user, eve = new_user(), new_user()
    tokens = sign_in(http, user)
    for session in sessions(http, user.token):
        assert http.delete(f"{SESSIONS}/{session['id']}", token=eve.token).status_code == 404
    assert len(sessions(http, eve.token)) == 1
    refreshed(http, tokens)


def test_ending_all_other_sessions(http, new_user):
    user = new_user()
    others = [sign_in(http, user) for _ in range(3)]

    answer = http.delete(SESSIONS, token=user.token)

    assert answer.json()["data"] == [{"count": 3}]
    assert [session["is_current"] for session in sessions(http, user.token)] == [True]
    assert {refresh(http, tokens).status_code for tokens in others} == {401}


def is_in(http, token):
    return http.get(SESSIONS, token=token).status_code == 200


def test_a_token_ends_with_its_session(http, system, new_user):
    user = new_user()
    one, other, third = (sign_in(http, user) for _ in range(3))
    later = refreshed(http, one)
    assert all(is_in(http, each["token"]) for each in (one, later, other, third))
    one_id, other_id = (
        next(session["id"] for session in sessions(http, each["token"]) if session["is_current"])
        for each in (one, other)
    )

    http.delete(f"{SESSIONS}/{one_id}", token=user.token)
    assert [is_in(http, each["token"]) for each in (one, later, other)] == [False, False, True]

    http.post("/api/users/logout", token=other["token"])
    assert not is_in(http, other["token"])
    assert http.delete(f"{SESSIONS}/{other_id}", token=user.token).status_code == 404

    http.delete(SESSIONS, token=user.token)
    assert [is_in(http, each) for each in (third["token"], user.token)] == [False, True]


def test_the_token_of_a_session_that_a_stolen_refresh_token_ended_is_out(http, system, new_user):
    user = new_user()
    tokens = sign_in(http, user)
    owners = refreshed(http, tokens)
    assert is_in(http, owners["token"])
    use_up_the_grace(system, user)

    assert refresh(http, tokens).status_code == 401

    assert not is_in(http, owners["token"])
    assert not is_in(http, tokens["token"])
    assert is_in(http, user.token)


def test_signing_out_ends_the_session(http, new_user):
    user = new_user()
    tokens = sign_in(http, user)

    assert http.post("/api/users/logout", token=tokens["token"]).status_code == 200

    assert refresh(http, tokens).status_code == 401
    assert len(sessions(http, user.token)) == 1


def test_what_was_ended_stays_ended_when_redis_forgets(http, system, new_user):
    user = new_user()
    ended, signed_out, good = (sign_in(http, user) for _ in range(3))
    assert all(is_in(http, each["token"]) for each in (ended, signed_out, good))
    ended_id = next(
        session["id"] for session in sessions(http, ended["token"]) if session["is_current"]
    )
    http.delete(f"{SESSIONS}/{ended_id}", token=good["token"])
    http.post("/api/users/logout", token=signed_out["token"])

    for server in ("REDIS", "REDIS_COUNTERS"):
        with Redis(port=int(system.environment[f"{server}_PORT"])) as redis:
            redis.flushall()

    assert not is_in(http, ended["token"])
    assert not is_in(http, signed_out["token"])
    assert is_in(http, good["token"])
