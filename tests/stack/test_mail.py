"""Where the mails of a system go, and links that need no mail."""

import os
import subprocess
import sys

import pytest

from services.process.settings import Settings
from stack import mail
from stack.environment import make_environment
from stack.layout import CHECKOUT
from stack.programs import write_program
from stack.services import program
from stack.state import State, make_secrets
from tests.api.conftest import http, new_user  # noqa: F401

GATEWAY = "http://127.0.0.1:8085"


@pytest.fixture
def state(tmp_path):
    return State(tmp_path, {"gateway": 8085}, make_secrets(), {}, {})


def started(state, shell):
    """Write what the users service is started with, and return its settings and what is said."""
    environment = make_environment(state, "users", shell)
    write_program(state, program("users", environment))
    return Settings.from_environment(environment, "users").mail, mail.describe(state.directory)


def test_without_a_server_mails_are_kept_beside_the_system_s_data(state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings, said = started(state, {})
    assert settings.directory == tmp_path / "mail"
    assert settings.public_url == GATEWAY
    assert said == "Mails are not sent, but kept in mail/; set SMTP_URL to send them"


def test_a_server_that_is_given_takes_them(state):
    shell = {
        "SMTP_URL": "smtp://ann%40example.com:s'ecret@mail.example.com:587",
        "MAIL_FROM": "gym@example.com",
        "PUBLIC_URL": "https://gym.example.com",
    }
    settings, said = started(state, shell)
    assert (settings.server.host, settings.server.password) == ("mail.example.com", "s'ecret")
    assert settings.public_url == "https://gym.example.com"
    assert said == "Mails go to smtp://mail.example.com:587"


def test_a_directory_of_one_s_own_is_taken_and_none_at_all_as_well(state, tmp_path):
    settings, said = started(state, {"MAIL_DIRECTORY": "/var/mails"})
    assert (str(settings.directory), said.split("; ")[0]) == (
        "/var/mails",
        "Mails are not sent, but kept in /var/mails/",
    )
    settings, said = started(state, {"MAIL_DIRECTORY": "off"})
    assert (settings.is_on, said) == (False, "Mails are not sent; set SMTP_URL to send them")


def test_only_those_that_send_mail_are_told(state):
    shell = {"SMTP_URL": "smtp://ann:secret@mail.example.com"}
    for service in ("users", "notifications"):
        assert "SMTP_URL" in make_environment(state, service, shell)
    for service in ("gateway", "exercises", "workouts", "analytics"):
        environment = make_environment(state, service, shell)
        assert not {"SMTP_URL", "MAIL_DIRECTORY", "PUBLIC_URL"} & environment.keys()


def test_a_running_system_says_where_its_mails_are(system):
    assert mail.describe(system.directory).endswith(
        f"test-{system.directory.name.removeprefix('test-')}/mail/; set SMTP_URL to send them"
    )


def gym(system, *arguments):
    environment = os.environ | {"AMQP_URI": system.environment["AMQP_URI"]}
    command = [sys.executable, "-m", "stack", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_link_to_a_new_password_needs_no_mail(system, http, new_user):  # noqa: F811
    user = new_user()
    done = gym(system, "reset-password", user.email)
    assert done.returncode == 0
    origin, _, token = done.stdout.strip().partition("/reset-password#token=")
    assert origin == system.url
    assert done.stderr.startswith("It leads to a new password once, until 20")
    body = {"token": token, "new_password": "staple battery horse"}
    assert http.post("/api/users/password-reset/confirm", body).status_code == 200


def test_nobody_gets_no_link(system):
    done = gym(system, "reset-password", "nobody@example.com")
    assert (done.returncode, done.stdout) == (1, "")
    message = "There is no account with this e-mail, or it is disabled"
    assert done.stderr == f"gym: {message}\n"
