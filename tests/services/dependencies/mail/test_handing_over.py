"""Handing mails to a real SMTP server, and keeping them as files."""

import email
import email.policy
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.dependencies.mail.handing_over import MailDirectory, NotTaken, Refused, way_out
from services.dependencies.mail.messages import Mail
from services.dependencies.mail.outbox import pause
from services.dependencies.mail.texts import Text
from services.process import budgets
from services.process.settings import Settings
from services.users.mail.relay import TEXTS
from tests.fakes.smtp_server import ANYWHERE, LOGIN, USER, SmtpServer, make_certificate

SENDER = "Gym Tracker <gym@example.com>"
LINK = "http://127.0.0.1:8080/reset-password#token=AbC"
MAIL = Mail(
    name="7",
    user_id=12,
    recipient="ann@example.com",
    text=TEXTS.render("password_reset", link=LINK),
    created_at=datetime(2026, 11, 28, 3, 4, 5, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("smtp"))


@pytest.fixture
def believed(certificate, monkeypatch):
    """Have the certificate believed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


def hand_over(url, mail=MAIL):
    settings = Settings.from_environment({"SMTP_URL": url, "MAIL_FROM": SENDER})
    way_out(settings.mail)(mail)


def test_a_mail_arrives_as_text_and_html():
    with SmtpServer() as server:
        hand_over(server.url())
    [received] = server.received
    message = received.message
    assert (received.sender, received.recipients) == ("gym@example.com", ["ann@example.com"])
    assert (message["From"], message["To"]) == (SENDER, "ann@example.com")
    assert message["Subject"] == MAIL.text.subject
    assert message["Date"].datetime == MAIL.created_at
    assert message["Message-ID"].endswith("@example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert LINK in received.body()
    assert f'<a href="{LINK}">' in received.body("html")
    assert not received.was_secret


def test_a_mail_that_is_sent_twice_has_one_id():
    with SmtpServer() as server:
        for name in ("7", "7", "8"):
            hand_over(server.url(), replace(MAIL, name=name))
    assert len({str(mail.message["Message-ID"]) for mail in server.received}) == 2


def test_letters_of_all_languages_arrive():
    text = Text("Größe", "Füße, 重量\n", "<p>Füße, 重量</p>\n")
    with SmtpServer() as server:
        hand_over(server.url(), replace(MAIL, recipient="größe@bücher.example", text=text))
    [received] = server.received
    assert received.recipients == ["größe@xn--bcher-kva.example"]
    assert received.message["Subject"] == text.subject
    assert received.body().splitlines() == text.plain.splitlines()


def test_a_further_header_is_in_one_piece_however_long_it_is():
    link = f"<https://gym.example.com/api/mail/unsubscribe?token={'x' * 200}>"
    with SmtpServer() as server:
        hand_over(server.url(), replace(MAIL, headers={"List-Unsubscribe": link}))
    [received] = server.received
    assert received.message["List-Unsubscribe"] == link
    assert f"List-Unsubscribe: {link}".encode() in received.content


def test_tls_is_used_where_it_is_offered(certificate):
    with SmtpServer(certificate) as server:
        hand_over(server.url())
    assert server.received[0].was_secret


@pytest.mark.parametrize("is_tls", [False, True], ids=["starttls", "smtps"])
def test_a_password_goes_to_a_server_that_proves_who_it_is(believed, is_tls):
    with SmtpServer(believed, is_tls=is_tls, asks_for_login=True) as server:
        hand_over(server.url(LOGIN, ANYWHERE))
    [received] = server.received
    assert (received.user, received.was_secret) == (USER, True)


@pytest.mark.parametrize("is_tls", [False, True], ids=["starttls", "smtps"])
def test_a_password_does_not_go_to_one_that_does_not(certificate, is_tls):
    with (
        SmtpServer(certificate, is_tls=is_tls) as server,
        pytest.raises(NotTaken, match="CERTIFICATE_VERIFY_FAILED") as problem,
    ):
        hand_over(server.url(LOGIN, ANYWHERE))
    assert problem.value.is_down
    assert not server.received


def test_a_password_is_not_sent_in_the_clear():
    with SmtpServer() as server, pytest.raises(NotTaken, match="no STARTTLS"):
        hand_over(server.url(LOGIN, ANYWHERE))
    assert not server.received


def test_on_this_machine_a_password_needs_no_tls():
    with SmtpServer(asks_for_login=True) as server:
        hand_over(server.url(LOGIN))
    assert server.received[0].user == USER


def test_a_wrong_password_is_the_operator_s_fault_and_not_the_mail_s():
    with SmtpServer(asks_for_login=True) as server, pytest.raises(NotTaken) as problem:
        hand_over(server.url("ann:wrong"))
    assert problem.value.is_down
    assert "535" in str(problem.value)
    assert "wrong" not in str(problem.value)


@pytest.mark.parametrize("answer", ["530 5.7.0 Authentication required", "451 4.3.0 later"])
def test_a_refused_sender_is_the_operator_s_fault_and_not_the_mail_s(answer):
    with SmtpServer() as server:
        server.refusals["MAIL"] = answer
        with pytest.raises(NotTaken, match=answer[:3]) as problem:
            hand_over(server.url())
        assert problem.value.is_down
        hand_over(server.url())


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_what_the_server_refuses_for_good_is_not_tried_again(command):
    with SmtpServer() as server:
        server.refusals[command] = "550 5.1.1 <ann@example.com> is nobody here"
        with pytest.raises(Refused, match="550") as problem:
            hand_over(server.url())
    assert "ann@example.com" not in str(problem.value)


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_what_the_server_refuses_for_now_is(command):
    with SmtpServer() as server:
        server.refusals[command] = "451 4.7.1 come back later"
        with pytest.raises(NotTaken, match="451") as problem:
            hand_over(server.url())
        assert not problem.value.is_down
        hand_over(server.url())
    assert len(server.received) == 1


def test_a_server_that_is_not_there_is_down():
    with SmtpServer() as server:
        url = server.url()
    with pytest.raises(NotTaken, match="refused") as problem:
        hand_over(url)
    assert problem.value.is_down


def test_a_server_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(budgets, "MAIL_ANSWER_SECONDS", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(NotTaken, match="timed out") as problem,
    ):
        hand_over(f"smtp://127.0.0.1:{silent.getsockname()[1]}")
    assert problem.value.is_down


def test_a_name_that_has_no_address_is_told():
    with pytest.raises(NotTaken) as problem:
        hand_over("smtp://mail.invalid")
    assert problem.value.is_down


def test_without_a_server_mails_are_files_for_their_owner_alone(tmp_path):
    settings = Settings.from_environment({"MAIL_DIRECTORY": str(tmp_path / "mail")}).mail
    for _ in range(2):
        way_out(settings)(MAIL)
    [file] = (tmp_path / "mail").iterdir()
    assert file.name == "2026-11-28T030405-user-12-7.eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert message["To"] == "ann@example.com"
    # whoever reads the file can copy the link
    assert LINK.encode() in file.read_bytes()


def test_files_about_an_account_are_found_by_its_id(tmp_path):
    settings = Settings.from_environment({"MAIL_DIRECTORY": str(tmp_path)}).mail
    for user_id in (1, 12, 112):
        way_out(settings)(replace(MAIL, user_id=user_id))
    MailDirectory(tmp_path, SENDER).forget(12)
    assert [*tmp_path.glob("*-user-12-*")] == []
    assert len([*tmp_path.iterdir()]) == 2
    MailDirectory(tmp_path / "none", SENDER).forget(12)


def test_a_directory_that_can_not_be_written_is_down(tmp_path):
    (tmp_path / "file").write_text("")
    settings = Settings.from_environment({"MAIL_DIRECTORY": str(tmp_path / "file")}).mail
    with pytest.raises(NotTaken):
        way_out(settings)(MAIL)


def test_a_server_comes_before_a_directory(tmp_path):
    with SmtpServer() as server:
        settings = Settings.from_environment(
            {
                "MAIL_DIRECTORY": str(tmp_path / "mail"),
                "SMTP_URL": server.url(),
                "MAIL_FROM": SENDER,
            }
        )
        way_out(settings.mail)(MAIL)
    assert len(server.received) == 1
    assert not (tmp_path / "mail").exists()


def test_with_neither_there_is_no_way_out():
    assert way_out(Settings.from_environment({}).mail) is None


def test_pauses_grow():
    found = [pause(tries) for tries in range(1, 8)]
    assert found == [10, 60, 300, 1800, 7200, 7200, 7200]
    assert "ann" not in repr(MAIL)
