"""Sessions and their tokens, over RPC."""

import uuid

import jwt
import pytest

from schemas.errors import InvalidParameter, NotFound, Unauthorized, ValidationFailed
from services.users.sessions import cleaning
from tests.users_database import query, transaction
from tests.waiting import eventually

PASSWORD = "correct horse battery staple"
PHONE = {"device": "GymTracker/2.1 (Android 14)", "address": "203.0.113.7"}


def new_email():
    return f"{uuid.uuid4().hex}@example.com"


@pytest.fixture
def ada(rpc):
    return rpc.users.register({"email": new_email(), "password": PASSWORD}, client=PHONE)


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def session_of(answer):
    return claims_of(answer["token"])["session_id"]


def login(rpc, ada, **options):
    return rpc.users.login({"email": ada["email"], "password": PASSWORD}, **options)


def refresh(rpc, answer, **options):
    return rpc.users.refresh({"refresh_token": answer["refresh_token"]}, **options)


def is_refused(rpc, answer):
    with pytest.raises(Unauthorized) as refusal:
        refresh(rpc, answer)
    return refusal.value.message == "The refresh token is not valid or has expired"


def sessions_of(rpc, ada, **options):
    return rpc.users.list_sessions(ada["id"], **options)["items"]


def grow_older(system, ada, interval):
    """Move all that is known of somebody's sessions into the past."""
    moved = f"- interval '{interval}'"
    query(
        system,
        f"""
        UPDATE refresh_tokens SET used_at = used_at {moved}, issued_at = issued_at {moved}
        WHERE session_id IN (SELECT id FROM sessions WHERE user_id = %s)
        """,
        ada["id"],
    )
    query(
        system,
        f"""
        UPDATE sessions SET created_at = created_at {moved}, last_used_at = last_used_at {moved},
            expires_at = expires_at {moved}
        WHERE user_id = %s
        """,
        ada["id"],
    )


# Beginning


def test_a_registration_and_each_log_in_begin_a_session(rpc, ada):
    again = login(rpc, ada)

    sessions = sessions_of(rpc, ada)
    assert [session["id"] for session in sessions] == [session_of(again), session_of(ada)]
    for answer in (ada, again):
        assert answer["expires_in"] == 86400
        claims = claims_of(answer["token"])
        assert claims["exp"] - claims["iat"] == answer["expires_in"]


def test_what_is_known_of_a_session(rpc, ada):
    [session] = sessions_of(rpc, ada)

    assert session.keys() == {
        *("id", "device", "address", "created_at", "last_used_at", "expires_at", "is_current")
    }
    assert (session["device"], session["address"]) == (PHONE["device"], PHONE["address"])
    assert session["created_at"] == session["last_used_at"] < session["expires_at"]
    assert session["is_current"] is False
    [session] = sessions_of(rpc, ada, session_id=session["id"])
    assert session["is_current"] is True


@pytest.mark.parametrize(
    ("client", "device"),
    [
        (None, None),
        ({}, None),
        ({"device": None, "address": 7}, None),
        ({"device": ""}, None),
        ({"device": "x" * 500, "address": "y" * 99}, "x" * 200),
        ({"device": "a\0b\ud800c"}, "ab?c"),
    ],
)
def test_whatever_a_client_says_of_itself(rpc, ada, client, device):
    login(rpc, ada, client=client)

    assert sessions_of(rpc, ada)[0]["device"] == device


# Refreshing


def test_a_refresh_goes_on_with_the_session(rpc, ada):
    fresh = refresh(rpc, ada, client={"device": "GymTracker/2.2", "address": None})

    assert fresh.keys() == {"token", "refresh_token", "expires_in"}
    assert fresh["refresh_token"] != ada["refresh_token"]
    before, after = claims_of(ada["token"]), claims_of(fresh["token"])
    assert after["jti"] != before["jti"]
    assert after["session_id"] == before["session_id"]
    assert after["user_id"] == ada["id"]
    assert after["exp"] - after["iat"] == fresh["expires_in"] == 86400
    [session] = sessions_of(rpc, ada)
    assert session["last_used_at"] > session["created_at"]
    assert (session["device"], session["address"]) == ("GymTracker/2.2", PHONE["address"])


def test_refreshes_follow_one_another(rpc, ada):
    answers = [ada]
    for _ in range(5):
        answers.append(refresh(rpc, answers[-1]))

    assert len({answer["refresh_token"] for answer in answers}) == 6
    assert len(sessions_of(rpc, ada)) == 1


def test_for_ten_seconds_the_answer_is_the_same(rpc, system, ada):
    first = refresh(rpc, ada)

    assert refresh(rpc, ada) == first
    grow_older(system, ada, "9 seconds")
    again = refresh(rpc, ada)
    assert again["refresh_token"] == first["refresh_token"]
    assert claims_of(again["token"])["jti"] == claims_of(first["token"])["jti"]
    assert refresh(rpc, first)["refresh_token"] not in (
        ada["refresh_token"],
        first["refresh_token"],
    )


def test_of_requests_at_the_same_moment_all_have_the_same_answer(rpc, system, ada):
    request = {"refresh_token": ada["refresh_token"]}
    replies = [rpc.users.refresh.call_async(request) for _ in range(8)]
    answers = [reply.result() for reply in replies]

    assert all(answer == answers[0] for answer in answers)
    session_id = session_of(ada)
    [(tokens,)] = query(
        system, "SELECT count(*) FROM refresh_tokens WHERE session_id = %s", session_id
    )
    assert tokens == 2


def test_a_used_token_that_comes_late_ends_its_session(rpc, system, ada):
    other = login(rpc, ada)
    stolen, fresh = ada, refresh(rpc, ada)
    grow_older(system, ada, "11 seconds")

    assert is_refused(rpc, stolen)
    assert is_refused(rpc, fresh)
    assert [session["id"] for session in sessions_of(rpc, ada)] == [session_of(other)]
    assert refresh(rpc, other)


def test_a_token_whose_session_is_used_up_is_worth_nothing(rpc, system, ada):
    fresh = refresh(rpc, ada)
    grow_older(system, ada, "61 days")

    assert is_refused(rpc, ada)
    assert is_refused(rpc, fresh)
    assert sessions_of(rpc, ada) == []


def test_each_refresh_makes_it_sixty_days_again(rpc, system, ada):
    grow_older(system, ada, "59 days")
    fresh = refresh(rpc, ada)
    grow_older(system, ada, "59 days")

    assert refresh(rpc, fresh)


def test_somebody_who_is_disabled_refreshes_nothing(rpc, system, ada):
    query(system, "UPDATE users SET disabled_at = now() WHERE id = %s", ada["id"])

    assert is_refused(rpc, ada)
    with pytest.raises(Unauthorized, match="Wrong e-mail or password"):
        login(rpc, ada)


@pytest.mark.parametrize("token", ["", "nonsense", "\0", "\ud800", "x" * 5000, "A" * 43])
def test_what_is_no_refresh_token(rpc, token):
    assert is_refused(rpc, {"refresh_token": token})


@pytest.mark.parametrize(
    ("request_", "constraint"),
    [
        ({}, "required"),
        ({"refresh_token": None}, "required"),
        ({"refresh_token": 7}, "type"),
        ({"refresh_token": ["x"]}, "type"),
    ],
)
def test_requests_of_a_wrong_shape(rpc, request_, constraint):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.refresh(request_)

    [fault] = refusal.value.faults
    assert (fault["field"], fault["details"]["constraint"]) == ("refresh_token", constraint)
    assert "received" not in fault["details"] or fault["details"]["received"] is None


def test_the_database_knows_no_token(system, ada):
    [(kept,)] = query(
        system,
        "SELECT string_agg(encode(token_hash, 'escape'), ' ') FROM refresh_tokens"
        " WHERE session_id = %s",
        session_of(ada),
    )
    assert ada["refresh_token"] not in kept


# Ending


def test_signing_out_ends_the_session(rpc, ada):
    other = login(rpc, ada)

    assert rpc.users.logout(ada["token"]) == {"revoked": True}

    assert is_refused(rpc, ada)
    assert [session["id"] for session in sessions_of(rpc, ada)] == [session_of(other)]


def test_ending_one(rpc, ada):
    other = login(rpc, ada)

    ended = rpc.users.end_session(ada["id"], session_of(other))

    assert ended == {"id": session_of(other), "ended": True}
    assert is_refused(rpc, other)
    assert refresh(rpc, ada)
    with pytest.raises(NotFound):
        rpc.users.end_session(ada["id"], session_of(other))


def test_others_sessions_look_as_missing_ones_do(rpc, ada):
    eve = rpc.users.register({"email": new_email(), "password": PASSWORD})
    told = []
    for session_id in (session_of(ada), 2**63 - 1):
        with pytest.raises(NotFound) as refusal:
            rpc.users.end_session(eve["id"], session_id)
        told.append(refusal.value.message)

    assert told[0] == told[1]
    assert refresh(rpc, ada)


def test_ending_all_others(rpc, ada):
    others = [login(rpc, ada) for _ in range(3)]

    assert rpc.users.end_other_sessions(ada["id"], session_of(ada)) == {"count": 3}

    assert all(is_refused(rpc, other) for other in others)
    assert refresh(rpc, ada)
    assert rpc.users.end_other_sessions(ada["id"], session_of(ada)) == {"count": 0}


def test_ending_all(rpc, ada):
    login(rpc, ada)

    assert rpc.users.end_other_sessions(ada["id"]) == {"count": 2}
    assert sessions_of(rpc, ada) == []


def test_sessions_come_in_pages(rpc, ada):
    for _ in range(4):
        login(rpc, ada)

    found = rpc.users.list_sessions(ada["id"], page=2, limit=3)

    assert (len(found["items"]), found["total"]) == (2, 5)
    with pytest.raises(InvalidParameter):
        rpc.users.list_sessions(ada["id"], page=0)


# Cleaning


@pytest.fixture
def fetch(system):
    def run(statement):
        return query(system, statement.preparation.partition(" AS ")[2])

    return run


def test_what_has_expired_is_deleted(rpc, system, ada, fetch):
    fresh = refresh(rpc, ada)
    other = login(rpc, ada)
    query(
        system,
        "UPDATE sessions SET expires_at = now() - interval '1 day' WHERE id = %s",
        session_of(other),
    )
    query(
        system,
        "UPDATE refresh_tokens SET issued_at = now() - interval '61 days'"
        " WHERE session_id = %s AND used_at IS NOT NULL",
        session_of(ada),
    )
    query(
        system,
        "INSERT INTO revoked_tokens VALUES ('old', %s, now() - interval '1 day'),"
        " ('young', %s, now() + interval '1 day')",
        ada["id"],
        ada["id"],
    )
    query(
        system,
        "INSERT INTO known_devices SELECT %s, d::bytea, now(), now() - days * interval '1 day'"
        " FROM (VALUES ('old', 91), ('young', 89)) AS given (d, days)",
        ada["id"],
    )

    cleaning.delete_expired(fetch)

    kept = query(system, "SELECT id FROM sessions WHERE user_id = %s", ada["id"])
    assert kept == [(session_of(ada),)]
    revoked = query(system, "SELECT token_id FROM revoked_tokens WHERE user_id = %s", ada["id"])
    assert revoked == [("young",)]
    known = query(system, "SELECT device_hash FROM known_devices WHERE user_id = %s", ada["id"])
    hashes = {bytes(each) for (each,) in known}
    assert (b"old" in hashes, b"young" in hashes) == (False, True)
    assert refresh(rpc, fresh)
    assert is_refused(rpc, ada)


def test_a_token_that_is_deleted_while_it_is_exchanged_is_refused(rpc, system, ada):
    session_id = session_of(ada)
    with transaction(system) as cursor:
        cursor.execute("SELECT id FROM sessions WHERE id = %s FOR UPDATE", [session_id])
        reply = rpc.users.refresh.call_async({"refresh_token": ada["refresh_token"]})
        eventually(lambda: waits_for_a_lock(system))
        cursor.execute("DELETE FROM refresh_tokens WHERE session_id = %s", [session_id])

    with pytest.raises(Unauthorized):
        reply.result()


def waits_for_a_lock(system):
    return query(
        system,
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()",
    )


def test_of_a_session_the_latest_thousand_tokens_are_kept(rpc, system, ada):
    query(
        system,
        "INSERT INTO refresh_tokens (token_hash, session_id, issued_at, used_at)"
        " SELECT decode(md5(n::text || %s), 'hex'), %s, now() - interval '1 day', now()"
        " FROM generate_series(1, 1500) n",
        ada["email"],
        session_of(ada),
    )
    fresh = refresh(rpc, ada)

    [(kept,)] = query(
        system, "SELECT count(*) FROM refresh_tokens WHERE session_id = %s", session_of(ada)
    )
    assert kept == 1000
    assert refresh(rpc, ada) == fresh
    assert refresh(rpc, fresh)


def test_a_user_has_a_thousand_sessions_at_most(rpc, system, ada, fetch):
    query(
        system,
        "INSERT INTO sessions (user_id, last_used_at, expires_at)"
        " SELECT %s, now() - interval '1 hour', now() + interval '1 day'"
        " FROM generate_series(1, 1100)",
        ada["id"],
    )
    eve = rpc.users.register({"email": new_email(), "password": PASSWORD})

    assert ada["id"] in cleaning.end_sessions_beyond_the_limit(fetch)

    assert rpc.users.list_sessions(ada["id"])["total"] == 1000
    assert refresh(rpc, ada)
    assert refresh(rpc, eve)
    assert cleaning.end_sessions_beyond_the_limit(fetch) == set()
