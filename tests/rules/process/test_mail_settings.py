"""Settings of mail: what they mean, and which are refused."""

from pathlib import Path

import pytest

from services.process.settings import BadSettings, Settings
from tests.rules.process.test_settings import EARNEST

SMTP = {"SMTP_URL": "smtp://ann:secret@mail.example.com", "MAIL_FROM": "gym@example.com"}


def mail(environment, service=None):
    return Settings.from_environment(environment, service).mail


def test_without_settings_no_mail_is_sent_and_links_lead_to_the_gateway():
    settings = mail({"GATEWAY_ADDRESS": "127.0.0.1:9999"})
    assert not settings.is_on
    assert settings.public_url == "http://127.0.0.1:9999"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 587, "", "", False)),
        ("smtp://mail.example.com:25", ("mail.example.com", 25, "", "", False)),
        ("smtps://mail.example.com", ("mail.example.com", 465, "", "", True)),
        ("smtp://[::1]:2525/", ("::1", 2525, "", "", False)),
        (
            "smtp://ann%40example.com:p%40ss%2Fw@mail.example.com:587",
            ("mail.example.com", 587, "ann@example.com", "p@ss/w", False),
        ),
    ],
)
def test_the_parts_of_an_address(url, expected):
    server = mail(SMTP | {"SMTP_URL": url}).server
    assert (server.host, server.port, server.user, server.password, server.is_tls) == expected
    assert "p@ss" not in repr(server)


@pytest.mark.parametrize(
    ("url", "needs_proof"),
    [
        ("smtp://mail.example.com", False),
        ("smtp://ann:secret@mail.example.com", True),
        ("smtps://mail.example.com", True),
        ("smtp://ann:secret@127.0.0.1", False),
        ("smtp://ann:secret@localhost", False),
        ("smtps://[::1]", False),
    ],
)
def test_a_password_leaves_the_machine_only_for_a_server_that_proved_who_it_is(url, needs_proof):
    assert mail(SMTP | {"SMTP_URL": url}).server.needs_proof == needs_proof


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"SMTP_URL": "http://ann:secret@mail.example.com"}, "SMTP_URL must be like"),
        ({"SMTP_URL": "mail.example.com"}, "SMTP_URL must be like"),
        ({"SMTP_URL": "smtp://"}, "SMTP_URL must be like"),
        ({"SMTP_URL": "smtp://ann:secret@host:x"}, "SMTP_URL must be like"),
        ({"SMTP_URL": "smtp://ann:secret@host/path"}, "SMTP_URL must be like"),
        ({"MAIL_FROM": ""}, "MAIL_FROM must be given with SMTP_URL"),
        ({"MAIL_FROM": "nobody"}, "MAIL_FROM must be like"),
        ({"MAIL_FROM": "a@example.com\r\nBcc: all@example.com"}, "MAIL_FROM must be like"),
        ({"PUBLIC_URL": "gym.example.com"}, "PUBLIC_URL must be like"),
        ({"PUBLIC_URL": "https://gym.example.com/gym"}, "PUBLIC_URL must be like"),
        ({"PUBLIC_URL": "https://a@gym.example.com"}, "PUBLIC_URL must be like"),
    ],
    ids=str,
)
def test_what_is_refused_is_named_and_never_shown(changes, problem):
    with pytest.raises(BadSettings, match=problem) as refusal:
        mail(SMTP | changes)
    assert "secret" not in str(refusal.value)


def test_in_earnest_links_in_mails_need_an_address_of_their_own():
    with pytest.raises(BadSettings, match="PUBLIC_URL must be given with mail"):
        mail(EARNEST | SMTP)
    settings = mail(EARNEST | SMTP | {"PUBLIC_URL": "https://gym.example.com/"})
    assert settings.public_url == "https://gym.example.com"
    assert not mail(EARNEST).is_on


def test_files_take_the_place_of_a_server():
    settings = mail({"MAIL_DIRECTORY": "/var/mails"})
    assert (settings.is_on, settings.directory) == (True, Path("/var/mails"))
    assert not mail({"MAIL_DIRECTORY": "off"}).is_on


def test_other_services_are_told_nothing_of_mail():
    assert not mail(SMTP | {"MAIL_FROM": "nonsense"}, "workouts").is_on
