"""Mail through a real SMTP server, and a system without mail: over HTTP, on a system of its own."""

import json
import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests

from stack.find import find_programs
from stack.layout import RUN_DIRECTORY
from stack.progress import Progress
from stack.testing import SETTINGS, running_system
from tests.api.conftest import PASSWORD
from tests.api.http_client import Client
from tests.fakes.smtp_server import ANYWHERE, LOGIN, USER, SmtpServer, make_certificate
from tests.users_database import query
from tests.waiting import eventually

pytestmark = pytest.mark.slow

REQUEST, CHANGE = "/api/users/password-reset", "/api/users/me/email"
PUBLIC_URL = "https://gym.example.com"
DUE = "UPDATE mails SET next_try_at = now() WHERE recipient = %s"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("smtp"))


@pytest.fixture(scope="module")
def smtp(certificate):
    with SmtpServer(certificate, asks_for_login=True) as server:
        yield server


@pytest.fixture(scope="module")
def mailing(smtp, certificate):
    """A system that sends mail, by STARTTLS and with a password."""
    settings = {
        "SMTP_URL": smtp.url(LOGIN, ANYWHERE),
        "MAIL_FROM": "Gym <gym@example.com>",
        "PUBLIC_URL": PUBLIC_URL,
        "SSL_CERT_FILE": str(certificate),
    }
    directory = RUN_DIRECTORY / f"test-{os.getpid()}-mail"
    with running_system(("users", "gateway"), SETTINGS | settings, directory) as system:
        yield system


@pytest.fixture
def client(mailing):
    with requests.Session() as session:
        yield Client(mailing.url, session)


@pytest.fixture
def ann(client):
    """Register somebody, and return their profile."""
    email = f"ann-{uuid.uuid4().hex[:12]}@example.com"
    body = {"email": email, "password": PASSWORD}
    return client.post("/api/users/register", body).json()["data"][0]


def waiting(system, email):
    statement = (
        "SELECT tries, extract(epoch FROM next_try_at - now())::float FROM mails"
        " WHERE recipient = %s"
    )
    return query(system, statement, email)


def postponed(system, email):
    """Return the tries of mails that are not under way, but wait for another one."""
    return [tries for tries, pause in waiting(system, email) if tries and pause < 11]


def ask(client, email):
    answer = client.post(REQUEST, {"email": email})
    assert answer.status_code == 202
    assert answer.json()["data"] == [{"accepted": True, "by_mail": True}]


def test_a_mail_comes_over_tls_and_is_forgotten_once_it_is_taken(client, ann, smtp, mailing):
    ask(client, ann["email"])
    mail = smtp.mail_to(ann["email"])
    assert (mail.was_secret, mail.user, mail.sender) == (True, USER, "gym@example.com")
    assert f"{PUBLIC_URL}/reset-password#token=" in mail.body()
    assert f'href="{PUBLIC_URL}/reset-password#token=' in mail.body("html")
    eventually(lambda: not waiting(mailing, ann["email"]))


def test_what_is_refused_for_now_is_tried_again_later(client, ann, smtp, mailing):
    smtp.refusals["RCPT"] = "451 4.7.1 <{}> come back later"
    ask(client, ann["email"])
    assert eventually(lambda: postponed(mailing, ann["email"])) == [1]
    assert not smtp.mails_to(ann["email"])
    query(mailing, DUE, ann["email"])
    smtp.mail_to(ann["email"])
    eventually(lambda: not waiting(mailing, ann["email"]))


def test_what_is_refused_for_good_is_not(client, ann, smtp, mailing):
    smtp.refusals["RCPT"] = "550 5.1.1 <{}> is nobody here"
    ask(client, ann["email"])
    eventually(lambda: ann["email"] in smtp.tried)
    eventually(lambda: not waiting(mailing, ann["email"]))
    text = (mailing.directory / "logs" / "users.log").read_text()
    [line] = [line for line in map(json.loads, text.splitlines()) if "refused" in line["event"]]
    assert (line["user_id"], line["reason"]) == (
        ann["id"],
        "the server refused the recipient with 550",
    )
    assert ann["email"] not in text


def test_a_server_that_is_down_delays_mails_and_nobody_else(client, ann, smtp, mailing):
    smtp.stop()
    try:
        ask(client, ann["email"])
        eventually(lambda: postponed(mailing, ann["email"]))
        body = {"email": ann["email"], "password": PASSWORD}
        assert client.post("/api/users/login", body).status_code == 200
        # nor does it matter if the service dies meanwhile
        mailing.kill("users")
    finally:
        smtp.start()
    mailing.wait_ready(["users"])
    query(mailing, DUE, ann["email"])
    smtp.mail_to(ann["email"])


def test_others_are_served_while_a_server_says_nothing(client, ann, smtp, mailing):
    smtp.holds = True
    try:
        ask(client, ann["email"])
        eventually(lambda: ann["email"] in smtp.tried)
        for _ in range(5):
            begun = time.monotonic()
            path = f"/api/users/{ann['id']}"
            assert client.get(path, token=ann["token"]).status_code == 200
            assert time.monotonic() - begun < 2
    finally:
        smtp.holds = False
    smtp.mail_to(ann["email"])


def test_of_several_processes_one_sends_a_mail(client, smtp, mailing):
    emails = [f"bob-{uuid.uuid4().hex[:12]}@example.com" for _ in range(8)]
    for email in emails:
        body = {"email": email, "password": PASSWORD}
        assert client.post("/api/users/register", body).status_code == 201
    mailing.start_another("users", "users-2")
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda email: client.post(REQUEST, {"email": email}), emails))
        for email in emails:
            smtp.mail_to(email)
        eventually(lambda: query(mailing, "SELECT count(*) FROM mails") == [(0,)])
    finally:
        mailing.stop("users-2")
    assert [len(smtp.mails_to(email)) for email in emails] == [1] * len(emails)


def test_what_is_of_no_use_any_more_is_not_sent(client, ann, smtp, mailing):
    smtp.refusals["RCPT"] = "451 come back later"
    ask(client, ann["email"])
    eventually(lambda: postponed(mailing, ann["email"]))
    old = "UPDATE mails SET next_try_at = now(), give_up_at = now() WHERE recipient = %s"
    query(mailing, old, ann["email"])
    ask(client, ann["email"])
    smtp.mail_to(ann["email"])


# Last, as it takes the mail away from the system


@pytest.fixture
def mailless(mailing):
    given = {name: value for name, value in mailing.state.given.items() if name != "SMTP_URL"}
    mailing.state = replace(mailing.state, given=given | {"MAIL_DIRECTORY": "off"})
    with Progress().step("") as step:
        mailing.renew("users", mailing.describe(find_programs()), step)
    return mailing


def test_without_mail_nothing_waits_for_one(client, ann, mailless):
    other = f"other-{ann['email']}"
    assert (
        client.post("/api/users/register", {"email": other, "password": PASSWORD}).status_code
        == 201
    )
    answer = client.post(REQUEST, {"email": ann["email"]})
    assert answer.status_code == 202
    assert answer.json()["data"] == [{"accepted": True, "by_mail": False}]

    def change(email):
        body = {"email": email, "password": PASSWORD}
        return client.put(CHANGE, body, token=ann["token"])

    answer = change(other)
    assert answer.status_code == 409
    details = {"field": "email", "constraint": "unique"}
    assert answer.json()["errors"][0]["details"] == details
    new = f"new-{ann['email']}"
    answer = change(new.upper())
    assert answer.status_code == 200
    assert answer.json()["data"] == [{"email": new, "confirmed": True}]
    body = {"email": new, "password": PASSWORD}
    assert client.post("/api/users/login", body).status_code == 200
    assert change(ann["email"]).status_code == 200
    for table in ("mails", "password_resets", "email_changes"):
        found = query(mailless, f"SELECT * FROM {table} WHERE user_id = %s", ann["id"])
        assert found == []
