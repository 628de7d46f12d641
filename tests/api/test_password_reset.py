"""New passwords for those who have forgotten theirs, on the whole running system."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.errors import ValidationFailed
from tests.api.conftest import PASSWORD
from tests.api.lone_gateway import gateway_alone
from tests.mailbox import Mailbox, link_in
from tests.users_database import query
from tests.waiting import eventually

NEW = "staple battery horse"
REQUEST, CONFIRM = "/api/users/password-reset", "/api/users/password-reset/confirm"


@pytest.fixture(scope="module")
def mailbox(system):
    return Mailbox(system.directory)


def some_email():
    return f"lifter-{uuid.uuid4().hex[:16]}@example.com"


def in_general(answer):
    """Return an answer without what differs between any two."""
    headers = {k: v for k, v in answer.headers.items() if k not in ("Date", "X-Request-ID")}
    body = answer.json()
    return answer.status_code, headers, body["data"], body.get("errors"), set(body["meta"])


@pytest.fixture
def ask(http, mailbox):
    """Ask for a link, and return the token in the mail."""

    def get(user, count=1):
        assert http.post(REQUEST, {"email": user.email}).status_code == 202
        _, page, token = link_in(mailbox.mail_to(user.email, count))
        assert page == "reset-password"
        return token

    return get


@pytest.fixture
def login(http):
    def status(user, password):
        body = {"email": user.email, "password": password}
        return http.post("/api/users/login", body).status_code

    return status


def confirm(http, token, password=NEW):
    return http.post(CONFIRM, {"token": token, "new_password": password})


def test_a_link_by_mail_leads_to_a_new_password(http, new_user, mailbox, login, gateway_url):
    user = new_user()
    answer = http.post(REQUEST, {"email": f" {user.email.upper()} "})
    assert answer.status_code == 202
    assert answer.json()["data"] == [{"accepted": True, "by_mail": True}]
    mail = mailbox.mail_to(user.email)
    origin, page, token = link_in(mail)
    assert (origin, page) == (gateway_url, "reset-password")
    assert link_in(mail)[2] in mail.get_body(["html"]).get_content()
    assert token not in answer.text
    done = confirm(http, token)
    assert done.status_code == 200
    assert done.json()["data"] == [{"changed": True}]
    assert done.headers["Cache-Control"] == "private, no-store"
    assert (login(user, NEW), login(user, user.password)) == (200, 401)
    assert "was changed" in mailbox.mail_to(user.email, 2)["Subject"]


def test_every_address_gets_the_same_answer(http, new_user, system, mailbox):
    known, disabled = new_user(), new_user()
    query(system, "UPDATE users SET disabled_at = now() WHERE id = %s", disabled.id)
    others = [some_email(), "no address", "", "a" * 3000, "Ann <ann@example.com>", "x\u0000\ud800"]
    addresses = [known.email, disabled.email, *others]
    answers = [http.post(REQUEST, {"email": address}) for address in addresses]
    assert len({str(in_general(answer)) for answer in answers}) == 1
    mailbox.mail_to(known.email)
    assert not mailbox.mails_to(disabled.email)


@pytest.mark.parametrize(
    ("body", "field", "constraint"),
    [
        ({}, "email", "required"),
        ({"email": 5}, "email", "type"),
        ({"email": "a@example.com", "x": 1}, "x", "unknown_field"),
    ],
    ids=str,
)
def test_what_is_no_request(http, body, field, constraint):
    answer = http.post(REQUEST, body)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["field"], error["details"]["constraint"]) == (field, constraint)


def test_a_new_password_signs_everybody_out(http, new_user, ask, system):
    user = new_user()
    before = query(system, "SELECT sessions_ended_at FROM users WHERE id = %s", user.id)
    assert confirm(http, ask(user)).status_code == 200
    after = query(system, "SELECT sessions_ended_at FROM users WHERE id = %s", user.id)
    assert before == [(None,)]
    assert after != before
    assert query(system, "SELECT * FROM sessions WHERE user_id = %s", user.id) == []


def test_the_tokens_that_are_out_are_good_for_nothing_any_more(http, new_user, ask):
    user = new_user()
    credentials = {"email": user.email, "password": user.password}
    [signed_in] = http.post("/api/users/login", credentials).json()["data"]
    access = [user.token, signed_in["token"]]
    assert {http.get("/api/users/me", token=token).status_code for token in access} == {200}
    assert confirm(http, ask(user)).status_code == 200
    for token in access:
        assert http.get("/api/users/me", token=token).status_code == 401
        assert http.get("/api/workouts", token=token).status_code == 401
    body = {"refresh_token": signed_in["refresh_token"]}
    assert http.post("/api/users/token/refresh", body).status_code == 401


@pytest.mark.slow
def test_a_link_is_good_once_and_ends_all_others(http, new_user, ask, login):
    user = new_user()
    first, second = ask(user), ask(user, 2)
    # a newer one does not end an older one: mails may come in any order
    assert confirm(http, first).status_code == 200
    answers = [confirm(http, token, "another " + NEW) for token in (first, second)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert login(user, NEW) == 200


@pytest.mark.slow
def test_used_late_guessed_and_foreign_tokens_are_refused_alike(http, new_user, ask, system):
    used, late, disabled = new_user(), new_user(), new_user()
    tokens = {"used": ask(used), "late": ask(late), "disabled": ask(disabled)}
    confirm(http, tokens["used"])
    expire = "UPDATE password_resets SET expires_at = now() WHERE user_id = %s"
    query(system, expire, late.id)
    query(system, "UPDATE users SET disabled_at = now() WHERE id = %s", disabled.id)
    tokens |= {"guessed": "A" * 43, "empty": "", "strange": "x\u0000\ud800", "long": "A" * 9999}
    answers = [confirm(http, token) for token in tokens.values()]
    assert len({str(in_general(answer)) for answer in answers}) == 1
    assert answers[0].status_code == 400
    (error,) = answers[0].json()["errors"]
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "token")
    assert error["details"] == {"constraint": "good_link"}


def test_at_once_a_link_is_good_for_one(http, new_user, ask, login):
    user = new_user()
    token = ask(user)
    with ThreadPoolExecutor(4) as pool:
        passwords = [f"{NEW} {number}" for number in range(4)]
        answers = list(pool.map(lambda password: confirm(http, token, password), passwords))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    good = [p for p, answer in zip(passwords, answers, strict=True) if answer.status_code == 200]
    assert [p for p in passwords if login(user, p) == 200] == good


@pytest.mark.slow
def test_two_links_at_once_do_not_wait_for_each_other(http, new_user, ask):
    user = new_user()
    tokens = [ask(user), ask(user, 2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda token: confirm(http, token), tokens))
    assert sorted(answer.status_code for answer in answers) == [200, 400]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("password", "constraint"),
    [("short", "min_length"), ("p" * 73, "max_length"), (5, "type"), (None, "required")],
)
def test_the_password_has_the_rules_of_a_registration(http, new_user, ask, password, constraint):
    token = ask(new_user())
    for sent in (token, "guessed"):
        answer = confirm(http, sent, password)
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["field"], error["details"]["constraint"]) == ("new_password", constraint)
        assert "received" not in error["details"] or constraint != "type"
    # the link was not used up by a password that breaks a rule
    assert confirm(http, token).status_code == 200


def test_it_is_none_of_the_commonest(http, rpc, new_user, ask):
    token = ask(new_user())
    with pytest.raises(ValidationFailed) as refusal:
        rpc.users.reset_password({"token": token, "new_password": "Password12"})
    [fault] = refusal.value.faults
    assert (fault["field"], fault["details"]["constraint"]) == ("new_password", "common")
    assert confirm(http, token).status_code == 200


@pytest.mark.slow
def test_an_account_has_a_few_links_at_a_time(http, new_user, mailbox, ask, system):
    user, other = new_user(), new_user()
    for count in (1, 2, 3):
        ask(user, count)
    http.post(REQUEST, {"email": user.email})
    # requests are looked at one after the other
    ask(other)
    assert len(mailbox.mails_to(user.email)) == 3
    query(system, "UPDATE password_resets SET expires_at = now() WHERE user_id = %s", user.id)
    ask(user, 4)


@pytest.mark.slow
def test_tokens_and_links_are_stored_as_hashes_until_the_mail_is_sent(new_user, ask, system):
    user = new_user()
    token = ask(user)
    eventually(lambda: not query(system, "SELECT id FROM mails WHERE user_id = %s", user.id))
    [stored] = query(
        system, "SELECT token_hash, expires_at FROM password_resets WHERE user_id = %s", user.id
    )
    assert token.encode() not in bytes(stored[0])
    assert len(bytes(stored[0])) == 32
    assert 3500 < stored[1].timestamp() - time.time() < 3700


def test_no_log_has_an_address_or_a_token(http, new_user, ask, system):
    user = new_user()
    token = ask(user)
    confirm(http, token)
    for log in (system.directory / "logs").glob("*.log"):
        text = log.read_text(errors="replace")
        assert user.email not in text
        assert token not in text


def test_operators_make_links_without_mail(http, rpc, new_user, login, mailbox):
    user = new_user()
    made = rpc.users.make_password_reset(user.email.upper())
    assert made["expires_at"].endswith("Z")
    origin_and_page, _, token = made["link"].partition("#token=")
    assert origin_and_page.endswith("/reset-password")
    assert not mailbox.mails_to(user.email)
    assert confirm(http, token).status_code == 200
    assert login(user, NEW) == 200
    assert PASSWORD != NEW


def test_requests_are_limited_as_logins_are():
    limits = {"RATE_LIMIT_LOGIN": "5/minute", "RATE_LIMIT_LOGIN_EMAIL": "2/minute"}
    with gateway_alone(**limits) as gateway:
        gateway.answers["users.request_password_reset"] = {"accepted": True, "by_mail": True}
        emails = ["ann@example.com", " ANN@example.com", "ann@example.com", "bob@example.com"]
        got = [gateway.http.post(REQUEST, {"email": email}) for email in emails]
        assert [answer.status_code for answer in got] == [202, 202, 429, 202]
        # of the address one is left, for guessed tokens as well
        body = {"token": "guessed", "new_password": NEW}
        gateway.answers["users.reset_password"] = ValidationFailed("[]")
        got = [gateway.http.post(CONFIRM, body).status_code for _ in range(2)]
    assert got == [400, 429]
