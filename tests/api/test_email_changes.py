"""Changing an e-mail, on the whole running system, which keeps mails as files."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.mailbox import Mailbox, link_in
from tests.users_database import query

CHANGE, CONFIRM = "/api/users/me/email", "/api/users/email-change/confirm"


@pytest.fixture(scope="module")
def mailbox(system):
    return Mailbox(system.directory)


def some_email():
    return f"lifter-{uuid.uuid4().hex[:16]}@example.com"


@pytest.fixture
def change(http):
    def ask(user, email, password=None):
        body = {"email": email, "password": password or user.password}
        return http.put(CHANGE, body, token=user.token)

    return ask


@pytest.fixture
def ask(change, mailbox):
    """Ask for another e-mail, and return the token in the mail."""

    def get(user, email, count=1):
        assert change(user, email).status_code == 202
        _, page, token = link_in(mailbox.mail_to(email, count))
        assert page == "confirm-email"
        return token

    return get


@pytest.fixture
def email_of(http):
    def get(user):
        return http.get(f"/api/users/{user.id}", token=user.token).json()["data"][0]["email"]

    return get


def confirm(http, token):
    return http.post(CONFIRM, {"token": token})


def in_general(answer):
    """Return an answer without what differs between any two."""
    headers = {k: v for k, v in answer.headers.items() if k not in ("Date", "X-Request-ID")}
    body = answer.json()
    return answer.status_code, headers, body["data"], body.get("errors"), set(body["meta"])


def test_a_link_to_the_new_address_changes_it(http, new_user, change, mailbox, email_of):
    user, email = new_user(), some_email()
    answer = change(user, f" {email.upper()} ")
    assert answer.status_code == 202
    assert answer.json()["data"] == [{"email": email, "confirmed": False}]
    assert answer.headers["Location"] == f"/api/users/{user.id}"
    mail = mailbox.mail_to(email)
    assert email_of(user) == user.email
    assert not mailbox.mails_to(user.email)
    done = confirm(http, link_in(mail)[2])
    assert done.status_code == 200
    assert done.json()["data"] == [{"email": email, "confirmed": True}]
    assert email_of(user) == email
    assert "another e-mail" in mailbox.mail_to(user.email)["Subject"]
    for address, status in ((email, 200), (user.email, 401)):
        body = {"email": address, "password": user.password}
        assert http.post("/api/users/login", body).status_code == status


def test_a_wrong_password_is_forbidden_and_signs_nobody_out(new_user, change, email_of):
    user = new_user()
    for password in ("wrong password", "", "x\u0000\ud800"):
        answer = change(user, some_email(), password or "short")
        assert answer.status_code == 403
        (error,) = answer.json()["errors"]
        assert (error["code"], error["message"]) == ("FORBIDDEN", "The password is wrong")
    assert email_of(user) == user.email


@pytest.mark.parametrize(
    ("changes", "field", "constraint"),
    [
        ({"email": "nonsense"}, "email", "email"),
        ({"email": None}, "email", "required"),
        ({"password": None}, "password", "required"),
        ({"password": 5}, "password", "type"),
        ({"role": "admin"}, "role", "unknown_field"),
    ],
    ids=str,
)
def test_faults_are_named(http, new_user, changes, field, constraint):
    user = new_user()
    body = {"email": some_email(), "password": user.password} | changes
    answer = http.put(CHANGE, body, token=user.token)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["field"], error["details"]["constraint"]) == (field, constraint)


def test_whether_an_address_is_somebody_s_only_its_owner_is_told(
    http, new_user, change, mailbox, email_of
):
    user, other, free = new_user(), new_user(), some_email()
    answers = [change(user, email) for email in (free, other.email)]
    for answer, email in zip(answers, (free, other.email), strict=True):
        assert answer.json()["data"] == [{"email": email, "confirmed": False}]
    statuses, headers, *_ = zip(*map(in_general, answers), strict=True)
    assert statuses == (202, 202)
    assert headers[0] | {"Content-Length": ""} == headers[1] | {"Content-Length": ""}
    told = mailbox.mail_to(other.email)
    assert "belongs to your account already" in told.get_body(["plain"]).get_content()
    assert "#token" not in told.as_string()
    assert user.email not in told.as_string()
    # nor does the link of the request before tell it: a newer one ends it in either case
    assert confirm(http, link_in(mailbox.mail_to(free))[2]).status_code == 400
    assert (email_of(user), email_of(other)) == (user.email, other.email)


@pytest.mark.slow
def test_the_latest_change_counts(http, new_user, ask, email_of):
    user, first, second = new_user(), some_email(), some_email()
    tokens = [ask(user, first), ask(user, second), ask(user, second, 2)]
    assert [confirm(http, token).status_code for token in tokens] == [400, 400, 200]
    assert email_of(user) == second
    assert confirm(http, tokens[2]).status_code == 400


def test_one_s_own_address_ends_a_change_that_waits(http, new_user, ask, change, mailbox, email_of):
    user, email = new_user(), some_email()
    token = ask(user, email)
    answer = change(user, user.email.upper())
    assert answer.status_code == 200
    assert answer.json()["data"] == [{"email": user.email, "confirmed": True}]
    assert confirm(http, token).status_code == 400
    assert email_of(user) == user.email
    assert not mailbox.mails_to(user.email)


def test_it_can_be_changed_back(http, new_user, ask, email_of):
    user, email = new_user(), some_email()
    assert confirm(http, ask(user, email)).status_code == 200
    # its first mail is the notice that the address is no longer used
    assert confirm(http, ask(user, user.email, 2)).status_code == 200
    assert email_of(user) == user.email


@pytest.mark.slow
def test_of_two_who_want_an_address_one_gets_it(http, new_user, ask, email_of):
    one, other, email = new_user(), new_user(), some_email()
    tokens = [ask(one, email), ask(other, email, 2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda token: confirm(http, token), tokens))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    details = {"field": "email", "constraint": "unique"}
    assert refused.json()["errors"][0]["details"] == details
    assert sorted([email_of(one) == email, email_of(other) == email]) == [False, True]


def test_an_address_that_was_registered_meanwhile_is_not_taken_away(http, new_user, ask, email_of):
    user, email = new_user(), some_email()
    token = ask(user, email)
    body = {"email": email, "password": user.password}
    assert http.post("/api/users/register", body).status_code == 201
    assert confirm(http, token).status_code == 409
    assert email_of(user) == user.email


@pytest.mark.slow
def test_used_late_guessed_and_disabled_tokens_are_refused_alike(http, new_user, ask, system):
    used, late, disabled = new_user(), new_user(), new_user()
    tokens = {user: ask(user, some_email()) for user in (used, late, disabled)}
    assert confirm(http, tokens[used]).status_code == 200
    query(system, "UPDATE email_changes SET expires_at = now() WHERE user_id = %s", late.id)
    query(system, "UPDATE users SET disabled_at = now() WHERE id = %s", disabled.id)
    sent = [*tokens.values(), "A" * 43, "", "x\u0000\ud800"]
    answers = [confirm(http, token) for token in sent]
    assert len({str(in_general(answer)) for answer in answers}) == 1
    (error,) = answers[0].json()["errors"]
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "token")


@pytest.mark.slow
def test_the_old_address_gets_no_new_password_any_more(http, new_user, ask, mailbox):
    user, email = new_user(), some_email()
    http.post("/api/users/password-reset", {"email": user.email})
    _, _, reset = link_in(mailbox.mail_to(user.email))
    assert confirm(http, ask(user, email)).status_code == 200
    body = {"token": reset, "new_password": "staple battery horse"}
    assert http.post("/api/users/password-reset/confirm", body).status_code == 400


@pytest.mark.slow
def test_a_new_password_ends_a_change_that_waits(http, new_user, ask, mailbox):
    user = new_user()
    token = ask(user, some_email())
    http.post("/api/users/password-reset", {"email": user.email})
    body = {"token": link_in(mailbox.mail_to(user.email))[2], "new_password": user.password}
    assert http.post("/api/users/password-reset/confirm", body).status_code == 200
    assert confirm(http, token).status_code == 400


@pytest.mark.slow
def test_nobody_sends_mails_to_strangers_all_day(new_user, ask, change):
    user = new_user()
    for _ in range(5):
        ask(user, some_email())
    answer = change(user, some_email())
    assert answer.status_code == 429
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_400
    # what sends none is not counted
    assert change(user, user.email).status_code == 200


@pytest.mark.slow
def test_tokens_are_stored_as_hashes(new_user, ask, system):
    user = new_user()
    token = ask(user, some_email())
    [(stored,)] = query(system, "SELECT token_hash FROM email_changes WHERE user_id = %s", user.id)
    assert token.encode() not in bytes(stored)
    assert len(bytes(stored)) == 32
