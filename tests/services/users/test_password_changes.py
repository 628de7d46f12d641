"""Changing a password, and which ones may be chosen, over RPC."""

import threading
import uuid

import bcrypt
import jwt
import pytest

from schemas.errors import Forbidden, InvalidParameter, Unauthorized, ValidationFailed
from tests.users_database import query, transaction
from tests.waiting import eventually

PASSWORD = "correct horse battery staple"
OTHER = "staple of a correct horse"


def new_email():
    return f"{uuid.uuid4().hex}@example.com"


@pytest.fixture
def ada(rpc):
    return rpc.users.register({"email": new_email(), "password": PASSWORD})


def session_of(answer):
    return jwt.decode(answer["token"], options={"verify_signature": False})["session_id"]


def login(rpc, ada, password=PASSWORD):
    return rpc.users.login({"email": ada["email"], "password": password})


def refresh(rpc, answer):
    return rpc.users.refresh({"refresh_token": answer["refresh_token"]})


def change(rpc, ada, old=PASSWORD, new=OTHER, **options):
    body = {"old_password": old, "new_password": new}
    return rpc.users.change_password(ada["id"], body, **options)


def faults_of(refusal):
    return [(fault["field"], fault["details"]["constraint"]) for fault in refusal.value.faults]


def test_the_new_one_is_good_and_the_old_one_is_not(rpc, ada):
    assert change(rpc, ada, session_id=session_of(ada)) == {"changed": True, "sessions_ended": 0}

    assert login(rpc, ada, OTHER)["token"]
    with pytest.raises(Unauthorized):
        login(rpc, ada)


def test_all_sessions_end_but_the_one_it_was_made_in(rpc, ada):
    others = [login(rpc, ada) for _ in range(2)]

    assert change(rpc, ada, session_id=session_of(ada))["sessions_ended"] == 2

    for other in others:
        with pytest.raises(Unauthorized):
            refresh(rpc, other)
    assert refresh(rpc, ada)


def test_tokens_without_a_session_end(rpc, ada):
    issued_at = 1_700_000_000
    assert rpc.users.check_token(ada["id"], "of the version before", issued_at)

    change(rpc, ada, session_id=session_of(ada))

    with pytest.raises(Unauthorized):
        rpc.users.check_token(ada["id"], "of the version before", issued_at)


@pytest.mark.parametrize("old", ["another password", "", "x" * 99, PASSWORD.upper(), "nul\0"])
def test_a_wrong_old_one_changes_nothing(rpc, ada, old):
    other = login(rpc, ada)

    with pytest.raises(Forbidden, match="The password is wrong"):
        change(rpc, ada, old=old)

    assert login(rpc, ada)
    assert refresh(rpc, other)


def test_of_changes_at_the_same_moment_one_succeeds(rpc, ada):
    news = [f"{OTHER} {number}" for number in range(4)]
    replies = [
        rpc.users.change_password.call_async(
            ada["id"], {"old_password": PASSWORD, "new_password": new}
        )
        for new in news
    ]
    changed = []
    for new, reply in zip(news, replies, strict=True):
        try:
            reply.result()
            changed.append(new)
        except Forbidden:
            pass

    [new] = changed
    assert login(rpc, ada, new)


def test_a_log_in_whose_password_is_changed_meanwhile_begins_no_session(rpc, system, ada):
    """It has compared the old password, and waits for the row that the change holds."""
    held = threading.Event()
    change_in_database = threading.Thread(target=hold_change, args=(system, ada["id"], held))
    change_in_database.start()
    held.wait()
    with pytest.raises(Unauthorized):
        login(rpc, ada)
    change_in_database.join()

    assert query(system, "SELECT count(*) FROM sessions WHERE user_id = %s", ada["id"]) == [(1,)]


def hold_change(system, user_id, held):
    """Change a password in a transaction that ends when somebody waits for it."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with transaction(system) as cursor:
        cursor.execute("UPDATE users SET password_hash = 'another' WHERE id = %s", (user_id,))
        held.set()
        eventually(lambda: query(system, waiting) != [(0,)])


def test_all_faults_are_told_at_once(rpc, ada):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.change_password(ada["id"], {"new_password": "short", "more": 1})

    assert faults_of(refusal) == [
        ("old_password", "required"),
        ("new_password", "min_length"),
        ("more", "unknown_field"),
    ]


def test_nobody(rpc):
    with pytest.raises(Forbidden):
        change(rpc, {"id": 2**63 - 1})
    with pytest.raises(InvalidParameter):
        change(rpc, {"id": 0})


# Common ones


@pytest.mark.parametrize("password", ["sunshine", "Password12", "QwertyUiop", "ｔｒｕｓｔｎｏ１"])
def test_the_commonest_are_refused_and_not_repeated(rpc, ada, password):
    with pytest.raises(ValidationFailed) as of_registration:
        rpc.users.register({"email": new_email(), "password": password})
    with pytest.raises(ValidationFailed) as of_change:
        change(rpc, ada, new=password)

    for refusal, field in ((of_registration, "password"), (of_change, "new_password")):
        [fault] = refusal.value.faults
        assert fault["field"] == field
        assert fault["details"] == {"constraint": "common", "most_common": 10_000}
        assert password not in str(refusal.value.args)
    assert login(rpc, ada)


def test_a_common_one_is_told_with_all_other_faults(rpc):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.register({"email": "nonsense", "password": "password1"})

    assert faults_of(refusal) == [("email", "email"), ("password", "common")]


def test_who_has_a_common_one_from_before_can_still_sign_in(rpc, system, ada):
    other = rpc.users.register({"email": new_email(), "password": PASSWORD})
    change(rpc, other, new=OTHER)
    # as an account of the version before
    hashed = bcrypt.hashpw(b"password12", bcrypt.gensalt(4)).decode()
    query(system, "UPDATE users SET password_hash = %s WHERE id = %s", hashed, ada["id"])

    assert login(rpc, ada, "password12")
    assert change(rpc, ada, old="password12", new=OTHER)["changed"]
