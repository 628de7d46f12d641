"""Deleting accounts over HTTP: who may, what is refused, and what is told of it."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.api.conftest import PASSWORD
from tests.api.http_client import Client
from tests.erasing import ERASING, in_redis, open_account, run, wait_until_gone
from tests.mailbox import Mailbox
from tests.users_database import query, transaction
from tests.waiting import eventually


def delete_me(http, token, password=PASSWORD):
    return http.delete("/api/users/me", token=token, json={"password": password})


def receipt_of(answer):
    assert answer.status_code == 202, answer.text
    [deletion] = answer.json()["data"]
    assert deletion["status"] == "under_way"
    assert answer.headers["Location"] == f"/api/users/deletions/{deletion['receipt']}"
    return deletion["receipt"]


def log_in(http, account):
    credentials = {"email": account.email, "password": account.password}
    [signed_in] = http.post("/api/users/login", credentials).json()["data"]
    return signed_in["token"]


def wait_until_complete(http, receipt):
    def is_complete():
        [found] = http.get(f"/api/users/deletions/{receipt}").json()["data"]
        assert found["status"] == "complete"
        return found

    return eventually(is_complete)


def test_at_once_nobody_can_sign_in_and_soon_all_is_gone(http, new_user):
    user = new_user()
    assert http.post("/api/workouts", {"date": "2025-02-16"}, token=user.token).status_code == 201
    receipt = receipt_of(delete_me(http, user.token))
    credentials = {"email": user.email, "password": user.password}
    assert http.post("/api/users/login", credentials).status_code == 401
    assert http.get("/api/workouts", token=user.token).status_code == 401
    found = wait_until_complete(http, receipt)
    assert {each["service"] for each in found["services"]} == {*ERASING}
    assert all(each["erased_at"] <= found["completed_at"] for each in found["services"])
    assert "receipt" not in found


@pytest.fixture
def with_limits(system, http):
    """A client of a gateway whose limits outlast the test."""
    limits = {f"RATE_LIMIT_{name}": "" for name in ("LOGIN", "REGISTER")}
    limits |= {"RATE_LIMIT_LOGIN_EMAIL": "10/hour", "RATE_LIMIT_API": "1200/hour"}
    address = system.start_another("gateway", "with-limits", limits)
    with requests.Session() as session:
        yield Client(f"http://{address}", session, check=http.check)
    system.stop("with-limits")


@pytest.mark.slow
def test_what_was_counted_for_rate_limits_is_gone_too(with_limits, system):
    account = open_account(system)
    token = log_in(with_limits, account)
    assert with_limits.get("/api/workouts", token=token).status_code == 200
    assert delete_me(with_limits, token, "another password").status_code == 403
    counted = {key.split("/")[0] for key in in_redis(system, account) if "gateway:limit" in key}
    assert counted == {
        f"REDIS_COUNTERS gateway:limit:{name}" for name in ("api", "login_email", "login_failures")
    }
    wait_until_complete(with_limits, receipt_of(delete_me(with_limits, token)))
    wait_until_gone(system, account)


def test_a_wrong_or_missing_password_deletes_nothing(http, new_user):
    user = new_user()
    wrong = delete_me(http, user.token, "another password")
    assert wrong.status_code == 403
    assert wrong.json()["errors"][0]["message"] == "The password is wrong"
    for body in ({}, {"password": None}, {"password": 5}, {"password": PASSWORD, "more": 1}):
        assert http.delete("/api/users/me", token=user.token, json=body).status_code == 400
    assert http.delete("/api/users/me", token=user.token).status_code == 400
    assert http.delete("/api/users/me", json={"password": PASSWORD}).status_code == 401
    assert http.get(f"/api/users/{user.id}", token=user.token).status_code == 200


def test_a_second_deletion_finds_nobody(http, new_user):
    user = new_user()
    receipt_of(delete_me(http, user.token))
    assert delete_me(http, user.token).status_code == 401


def test_nothing_is_left_of_what_others_have_asked_of_the_address(http, new_user, system):
    other, email = new_user(), f"wanted-{uuid.uuid4().hex}@example.com"
    body = {"email": email, "password": other.password}
    assert http.put("/api/users/me/email", body, token=other.token).status_code == 202
    Mailbox(system.directory).mail_to(email)
    account = {"email": email, "password": other.password}
    [user] = http.post("/api/users/register", account).json()["data"]
    asked = "SELECT count(*) FROM email_changes WHERE email = %s"
    assert query(system, asked, email) == [(1,)]
    body = {"password": other.password}
    assert http.delete("/api/users/me", json=body, token=user["token"]).status_code == 202
    assert query(system, asked, email) == [(0,)]


@pytest.mark.slow
def test_mails_that_were_kept_as_files_are_gone_too(http, new_user, system):
    user, other = new_user(), new_user()
    mailbox = Mailbox(system.directory)
    for each in (user, other):
        http.post("/api/users/password-reset", {"email": each.email})
        mailbox.mail_to(each.email)
    wait_until_complete(http, receipt_of(delete_me(http, user.token)))
    assert mailbox.mails_to(user.email) == []
    assert len(mailbox.mails_to(other.email)) == 1


def test_a_receipt_is_no_guess(http, new_user):
    receipt = receipt_of(delete_me(http, new_user().token))
    for other in (receipt[:-1], receipt.swapcase(), "1", "x" * 100):
        assert http.get(f"/api/users/deletions/{other}").status_code == 404
    assert http.get(f"/api/users/deletions/{'x' * 101}").status_code == 400


def test_the_receipt_is_stored_hashed(http, new_user, system):
    receipt = receipt_of(delete_me(http, new_user().token))
    rows = run(system, "users", "SELECT receipt_hash FROM erasures")
    assert all(len(bytes(digest)) == 32 for (digest,) in rows)
    assert not any(receipt.encode() in bytes(digest) for (digest,) in rows)


def test_the_e_mail_is_free_at_once_and_the_new_account_stays(http, new_user, system):
    user = new_user()
    http.post("/api/workouts", {"date": "2025-02-16"}, token=user.token)
    receipt = receipt_of(delete_me(http, user.token))
    again = {"email": user.email, "password": PASSWORD}
    answer = http.post("/api/users/register", again)
    assert answer.status_code == 201
    [fresh] = answer.json()["data"]
    assert fresh["id"] != user.id
    logged = http.post("/api/workouts", {"date": "2025-02-17"}, token=fresh["token"])
    assert logged.status_code == 201
    wait_until_complete(http, receipt)
    assert len(http.get("/api/workouts", token=fresh["token"]).json()["data"]) == 1
    assert http.post("/api/users/login", again).status_code == 200


@pytest.fixture
def administrator(http, system):
    """An administrator, with a token; another one stays, so that this one can be deleted."""
    open_account(system, role="admin")
    account = open_account(system, role="admin")
    return account, log_in(http, account)


@pytest.mark.slow
def test_an_administrator_deletes_somebody_with_their_own_password(http, system, administrator):
    _, token = administrator
    account = open_account(system)
    path = f"/api/users/{account.id}"
    refused = http.delete(path, token=token, json={"password": "another password"})
    assert refused.status_code == 403
    receipt = receipt_of(http.delete(path, token=token, json={"password": PASSWORD}))
    assert http.delete(path, token=token, json={"password": PASSWORD}).status_code == 404
    wait_until_complete(http, receipt)
    wait_until_gone(system, account)


def test_nobody_else_deletes_others(http, new_user):
    user, other = new_user(), new_user()
    path = f"/api/users/{other.id}"
    refused = http.delete(path, token=user.token, json={"password": PASSWORD})
    assert refused.status_code == 403
    assert http.get(path, token=other.token).status_code == 200


@pytest.mark.parametrize("options", [{}, {"json": {}}, {"json": {"password": 5}}, {"data": "{"}])
def test_somebody_else_is_refused_before_the_body_is_looked_at(http, new_user, options):
    user, other = new_user(), new_user()
    answer = http.request("DELETE", f"/api/users/{other.id}", token=user.token, **options)
    assert answer.status_code == 403


def test_deleting_others_is_no_wrong_password_of_one_s_own(with_limits, new_user):
    user, other = new_user(), new_user()
    for _ in range(12):
        body = {"password": "another password"}
        answer = with_limits.delete(f"/api/users/{other.id}", token=user.token, json=body)
        assert answer.status_code == 403
    assert delete_me(with_limits, user.token).status_code == 202


@pytest.mark.parametrize("what", ["own", "other"])
def test_a_password_that_is_changed_meanwhile_deletes_nothing(http, system, administrator, what):
    account, token = administrator
    path = f"/api/users/{account.id if what == 'own' else open_account(system).id}"
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with ThreadPoolExecutor() as threads:
        with transaction(system) as cursor:
            change = "UPDATE users SET password_hash = %s WHERE id = %s"
            cursor.execute(change, ("$2b$04$another", account.id))
            asked = threads.submit(http.delete, path, token=token, json={"password": PASSWORD})
            eventually(lambda: query(system, waiting) != [(0,)])
        answer = asked.result()
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["message"] == "The password is wrong"


def test_an_administrator_deletes_their_own_account(http, administrator):
    _, token = administrator
    receipt_of(delete_me(http, token))
    assert delete_me(http, token).status_code == 401


@pytest.fixture
def only_administrators(system):
    """Make accounts of administrators, and disable all others meanwhile."""
    change = "UPDATE users SET disabled_at = {} WHERE id = ANY(:ids)"
    others = run(system, "users", "SELECT id FROM users WHERE role = 'admin'")
    ids = [user_id for (user_id,) in others]
    made = []

    def make(count):
        made.extend(open_account(system, role="admin") for _ in range(count))
        run(system, "users", change.format("now()"), ids=ids)
        return made

    yield make
    run(system, "users", change.format("NULL"), ids=ids)
    ours = [account.id for account in made]
    run(system, "users", "UPDATE users SET role = 'user' WHERE id = ANY(:ids)", ids=ours)


def test_the_last_administrator_stays(http, only_administrators):
    [last] = only_administrators(1)
    token = log_in(http, last)
    assert delete_me(http, token).status_code == 422
    own = http.delete(f"/api/users/{last.id}", token=token, json={"password": PASSWORD})
    assert own.status_code == 422


def test_of_the_last_two_administrators_who_go_at_once_one_stays(http, only_administrators):
    tokens = [log_in(http, account) for account in only_administrators(2)]
    with ThreadPoolExecutor() as threads:
        answers = [*threads.map(lambda token: delete_me(http, token), tokens)]
    assert sorted(answer.status_code for answer in answers) == [202, 422]


def test_a_missing_account_is_told_apart_only_for_administrators(http, administrator):
    _, token = administrator
    path = f"/api/users/{uuid.uuid4().int % 10**15}"
    assert http.delete(path, token=token, json={"password": PASSWORD}).status_code == 404
