"""Mails about weeks and webhooks, over a real SMTP server, on a system of its own."""

import os
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import requests
from nameko.standalone.rpc import ClusterRpcProxy
from sqlalchemy import NullPool, create_engine

from gateway.openapi.examples import WEEKLY_SUMMARY
from services.dependencies.database import Database
from services.dependencies.mail import outbox
from services.process.settings import Settings
from stack.layout import RUN_DIRECTORY
from stack.testing import SETTINGS, running_system
from tests.erasing import run
from tests.fakes.smtp_server import SmtpServer
from tests.faults.deputies import instead_of
from tests.waiting import eventually

pytestmark = pytest.mark.slow

PUBLIC_URL = "https://gym.example.com"
PASSWORD = "correct horse battery staple"
SECONDS = 20
SERVICES = ("users", "notifications", "gateway")


@pytest.fixture(scope="module")
def smtp():
    with SmtpServer() as server:
        yield server


@pytest.fixture(scope="module")
def system(smtp):
    settings = {
        "SMTP_URL": smtp.url(),
        "MAIL_FROM": "Gym <gym@example.com>",
        "PUBLIC_URL": PUBLIC_URL,
    }
    directory = RUN_DIRECTORY / f"test-{os.getpid()}-mails"
    with running_system(SERVICES, SETTINGS | settings, directory) as running:
        yield running


@pytest.fixture(scope="module")
def rpc(system):
    with ClusterRpcProxy({"AMQP_URI": system.environment["AMQP_URI"]}, timeout=30) as calls:
        yield calls


@pytest.fixture
def register(rpc):
    def make(**settings):
        email = f"ann-{uuid.uuid4().hex[:16]}@example.com"
        user = rpc.users.register({"email": email, "password": PASSWORD})
        rpc.users.update_profile(user["id"], {"weekly_summary_mail": True} | settings)
        return user

    return make


@pytest.fixture
def ann(register):
    return register()


@pytest.fixture
def fresh_user(ann):
    """The owner of webhooks is somebody who has an e-mail."""
    return ann["id"]


@pytest.fixture
def tell(publish):
    """Tell of a summary of a week, as analytics do."""

    def send(user, happened_at=None, **fields):
        summary = WEEKLY_SUMMARY | fields
        event = {
            "id": str(uuid.uuid4()),
            "user_id": user["id"],
            "week": summary["week"],
            "happened_at": (happened_at or datetime.now(UTC)).isoformat(),
            "summary": summary,
        }
        publish(event, event_type="weekly_summary_ready")
        return event

    return send


@pytest.fixture
def waiting(system):
    """Return whether there is something left to send of each of a user's mails, and its tries."""

    def find(user):
        statement = (
            "SELECT content IS NOT NULL, tries FROM pending_mails WHERE user_id = :id ORDER BY id"
        )
        return [tuple(row) for row in run(system, "notifications", statement, id=user["id"])]

    return find


@pytest.fixture
def is_done(waiting):
    def wait(user, count=1):
        def found():
            rows = waiting(user)
            return len(rows) == count and not any(is_left for is_left, _ in rows)

        return eventually(found, SECONDS)

    return wait


@pytest.fixture
def due(system):
    """Let a user's mails be tried now."""

    def make(user):
        now = "UPDATE pending_mails SET next_try_at = now() WHERE user_id = :id"
        run(system, "notifications", f"{now} AND next_try_at IS NOT NULL", id=user["id"])

    return make


def test_a_week_is_told_in_text_and_html(ann, tell, smtp, is_done):
    tell(ann)
    mail = smtp.mail_to(ann["email"])
    assert mail.message["Subject"] == "Your week: 1 of 1 workout"
    assert mail.message["Message-ID"].startswith("<notifications-")
    for kind in ("plain", "html"):
        body = mail.body(kind)
        assert "From 10 February 2025 to 16 February 2025" in body
        assert "heaviest weight: 102.5 kg" in body
    is_done(ann)


def test_it_is_in_one_s_unit(register, tell, smtp):
    user = register(weight_unit="lb")
    tell(user)
    assert "heaviest weight: 225.97 lb" in smtp.mail_to(user["email"]).body()


def test_one_click_ends_it_and_so_does_the_link(system, rpc, ann, tell, smtp, is_done):
    tell(ann)
    mail = smtp.mail_to(ann["email"])
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.fullmatch(f"<{PUBLIC_URL}(/.*)>", mail.message["List-Unsubscribe"])[1]
    token = link.partition("?token=")[2]
    assert f"\n{PUBLIC_URL}/unsubscribe#token={token}\n" in mail.body().replace("\r\n", "\n")
    assert f'href="{PUBLIC_URL}/unsubscribe#token={token}"' in mail.body("html")
    form = {"List-Unsubscribe": "One-Click"}
    assert requests.post(system.url + link, data=form, timeout=SECONDS).status_code == 200
    assert rpc.users.get_profile(ann["id"])["weekly_summary_mail"] is False
    tell(ann, week="2025-W08")
    is_done(ann, 2)
    assert len(smtp.mails_to(ann["email"])) == 1


def test_what_users_have_written_begins_no_line_and_no_element(ann, tell, smtp):
    name = "<script>alert(1)</script>\r\n.\r\nSubject: & \u2028x"
    records = [WEEKLY_SUMMARY["records"][0] | {"exercise_name": name}]
    muscles = [WEEKLY_SUMMARY["muscles"][0] | {"muscle": '"><img src=x>'}]
    tell(ann, records=records, muscles=muscles)
    mail = smtp.mail_to(ann["email"])
    html = mail.body("html")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; . Subject: &amp;  x" in html
    assert "&#34;&gt;&lt;img src=x&gt;" in html
    assert "<script" not in html
    assert "<img" not in html
    assert "* <script>alert(1)</script> . Subject: &  x" in mail.body().splitlines()
    assert mail.message["Subject"] == "Your week: 1 of 1 workout"


def test_who_has_not_asked_for_it_gets_none(register, tell, smtp, is_done):
    user = register(weekly_summary_mail=False)
    tell(user)
    is_done(user)
    assert not smtp.mails_to(user["email"])


def test_who_wants_it_no_more_when_it_is_due_gets_none(rpc, ann, tell, smtp, waiting, due, is_done):
    smtp.refusals["RCPT"] = "451 4.7.1 come back later"
    tell(ann)
    eventually(lambda: ann["email"] in smtp.tried and waiting(ann) == [(True, 1)], SECONDS)
    rpc.users.update_profile(ann["id"], {"weekly_summary_mail": False})
    due(ann)
    is_done(ann)
    assert not smtp.mails_to(ann["email"])


def test_an_event_that_comes_again_makes_no_second_mail(ann, tell, smtp, publish, is_done):
    event = tell(ann)
    publish(event, event, event_type="weekly_summary_ready")
    smtp.mail_to(ann["email"])
    is_done(ann)
    # nor when the first one was sent long ago
    publish(event, event_type="weekly_summary_ready")
    tell(ann, week="2025-W08")
    is_done(ann, 2)
    assert len(smtp.mails_to(ann["email"])) == 2


def test_a_week_of_long_ago_is_told_no_more(ann, tell, smtp, is_done):
    tell(ann, happened_at=datetime.now(UTC) - timedelta(days=6))
    tell(ann, week="2025-W08")
    smtp.mail_to(ann["email"])
    is_done(ann)


def test_while_users_is_away_mails_wait(system, ann, tell, smtp, waiting, due):
    system.stop("users")
    try:
        tell(ann)
        eventually(lambda: [tries for _, tries in waiting(ann)] > [0], SECONDS)
    finally:
        system.start("users")
    assert not smtp.mails_to(ann["email"])
    due(ann)
    smtp.mail_to(ann["email"])


def test_while_the_mail_server_is_away_they_wait(ann, tell, smtp, waiting, due):
    smtp.stop()
    try:
        tell(ann)
        eventually(lambda: [tries for _, tries in waiting(ann)] > [0], SECONDS)
    finally:
        smtp.start()
    due(ann)
    smtp.mail_to(ann["email"])


def test_a_process_that_dies_sends_a_mail_once_more_and_loses_none(
    system, ann, tell, smtp, waiting, due, is_done
):
    with instead_of(system, "notifications", "mail.sent:exit:1"):
        tell(ann)
        smtp.mail_to(ann["email"])
    assert waiting(ann) == [(True, 1)]
    due(ann)
    smtp.mail_to(ann["email"], 2)
    is_done(ann)
    assert len({mail.message["Message-ID"] for mail in smtp.mails_to(ann["email"])}) == 1


def test_who_is_gone_gets_none(system, rpc, register, tell, smtp, waiting, is_done):
    disabled, erased, other = register(), register(), register()
    run(system, "users", "UPDATE users SET disabled_at = now() WHERE id = :id", id=disabled["id"])
    run(system, "notifications", "INSERT INTO erased_users VALUES (:id)", id=erased["id"])
    for user in (disabled, erased, other):
        tell(user)
    smtp.mail_to(other["email"])
    is_done(disabled)
    assert waiting(erased) == []
    assert not smtp.mails_to(disabled["email"]) + smtp.mails_to(erased["email"])


def test_what_waits_is_erased_with_its_user(rpc, ann, tell, smtp, waiting):
    smtp.stop()
    try:
        tell(ann)
        eventually(lambda: waiting(ann), SECONDS)
        rpc.users.delete_account(ann["id"], {"password": PASSWORD})
        eventually(lambda: waiting(ann) == [], SECONDS)
    finally:
        smtp.start()
    assert not smtp.mails_to(ann["email"])


def test_a_webhook_that_is_gone_is_told_by_mail(rpc, ann, receiver, make_webhook, smtp, is_done):
    rpc.users.update_profile(ann["id"], {"weekly_summary_mail": False})
    receiver.status = 410
    for count in (1, 2):
        webhook = make_webhook()
        rpc.notifications.test_webhook(ann["id"], webhook["id"])
        mail = smtp.mail_to(ann["email"], count)
        assert mail.message["Subject"] == "Your webhook to 127.0.0.1 was disabled"
        assert "List-Unsubscribe" not in mail.message
        for kind in ("plain", "html"):
            assert "(410)" in mail.body(kind)
            assert f"/api/webhooks/{webhook['id']}" in mail.body(kind)
    is_done(ann, 2)


def test_a_webhook_that_failed_for_a_week_is_told_by_mail(
    system, rpc, ann, receiver, make_webhook, smtp
):
    receiver.status = 500
    webhook = make_webhook()
    week = """
        UPDATE webhooks SET failing_since = now() - interval '7 days',
            last_failed_at = now() - interval '1 day' WHERE id = :id
    """
    run(system, "notifications", week, id=webhook["id"])
    rpc.notifications.test_webhook(ann["id"], webhook["id"])
    assert "for a week" in smtp.mail_to(ann["email"]).body()
    assert rpc.notifications.get_webhook(ann["id"], webhook["id"])["disabled_reason"] == "failing"


def test_no_log_has_an_address(system, ann, tell, smtp):
    tell(ann)
    smtp.mail_to(ann["email"])
    text = (system.directory / "logs" / "notifications.log").read_text()
    assert "mail sent" in text
    assert ann["email"] not in text


def test_mails_are_counted(system, ann, tell, smtp, is_done):
    smtp.refusals["RCPT"] = "550 5.1.1 nobody here"
    tell(ann)
    is_done(ann)
    tell(ann, week="2025-W08")
    smtp.mail_to(ann["email"])
    is_done(ann, 2)
    url = f"http://127.0.0.1:{system.state.ports['notifications']}/metrics"
    page = requests.get(url, timeout=SECONDS).text
    for outcome in ("OK", "REFUSED"):
        assert f'gym_mails_total{{outcome="{outcome}"}}' in page


def test_mails_of_no_use_are_forgotten_a_part_at_a_time(
    system, ann, tell, smtp, waiting, is_done, monkeypatch
):
    monkeypatch.setattr(outbox, "FORGOTTEN_AT_ONCE", 2)
    mails = outbox.Outbox("pending_mails", ["kind", "content"])
    for number in range(1, 6):
        tell(ann, week=f"2025-W0{number}")
    is_done(ann, 5)
    over = "UPDATE pending_mails SET give_up_at = now() WHERE user_id = :id AND key <> '2025-W05'"
    run(system, "notifications", over, id=ann["id"])
    database = Database("notifications")
    address = Settings.from_environment(system.environment).databases["notifications"]
    database.engine = create_engine(address.url, poolclass=NullPool)
    mails.forget_old(database.fetch)
    assert waiting(ann) == [(False, 1)]
