"""``gym admin``, on a running system."""

import os
import re
import subprocess
import sys
import uuid

import pytest

from stack import administrators
from stack.calls import Refused
from stack.failures import Failure
from stack.layout import CHECKOUT

SECONDS = 60
PASSWORD = "correct horse battery staple"
KEPT = "{} is an administrator now, with the password it had.\n"


def new_email():
    return f"{uuid.uuid4().hex}@example.com"


@pytest.fixture
def gym_admin(system):
    def run(email):
        return subprocess.run(
            [sys.executable, "-m", "stack", "admin", email],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=CHECKOUT,
            env=os.environ | {"AMQP_URI": system.environment["AMQP_URI"]},
            timeout=SECONDS,
        )

    return run


@pytest.mark.slow
def test_an_account_that_there_is_keeps_its_password(gym_admin, rpc):
    email = new_email()
    rpc.users.register({"email": email, "password": PASSWORD})

    for _ in range(2):
        ended = gym_admin(email.upper())
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout == KEPT.format(email)

    assert rpc.users.login({"email": email, "password": PASSWORD})["user"]["role"] == "admin"


@pytest.mark.slow
def test_a_new_one_has_a_password_that_is_printed_once(gym_admin, rpc):
    email = new_email()

    ended = gym_admin(email)

    assert ended.returncode == 0, ended.stderr
    told = rf"{email} is a new account, and an administrator, with the password (\S{{20}})\.\n"
    password = re.fullmatch(told, ended.stdout)[1]
    assert rpc.users.login({"email": email, "password": password})["user"]["role"] == "admin"
    assert (
        gym_admin(email).stdout == f"{email} is an administrator now, with the password it had.\n"
    )


def test_what_is_no_e_mail(gym_admin):
    ended = gym_admin("nonsense")
    assert ended.returncode == 1
    assert ended.stderr == "gym: email: Invalid email format\n"


# At a terminal


class Users:
    """The users service without the account."""

    def __init__(self, refusal=None):
        self.calls = []
        self.refusal = refusal

    def call(self, service, method, *arguments):
        self.calls.append((f"{service}.{method}", *arguments))
        if len(arguments) == 1:
            raise Refused("NotFound", "There is no account with this e-mail")
        if self.refusal:
            raise self.refusal
        return {"email": arguments[0], "disabled": False, "is_new": True}


def test_a_password_that_is_typed_is_not_printed():
    users = Users()

    told = administrators.make_administrator(users, "ann@example.com", lambda _: PASSWORD)

    assert told == "ann@example.com is a new account, and an administrator."
    assert users.calls[-1] == ("users.make_administrator", "ann@example.com", PASSWORD)


def test_a_password_that_is_refused():
    users = Users(Refused("ValidationFailed", "password: too short"))
    with pytest.raises(Failure, match="too short"):
        administrators.make_administrator(users, "ann@example.com", lambda _: "short")


def test_a_password_is_typed_twice(monkeypatch, capsys):
    typed = iter([PASSWORD, PASSWORD, PASSWORD, "another", ""])
    monkeypatch.setattr(administrators.getpass, "getpass", lambda _: next(typed))

    assert administrators.ask_for_password("ann@example.com") == PASSWORD
    with pytest.raises(Failure, match="two passwords"):
        administrators.ask_for_password("ann@example.com")
    assert administrators.ask_for_password("ann@example.com") == ""
    assert "no account with the e-mail ann@example.com" in capsys.readouterr().err


def test_other_refusals_are_told():
    class Broken:
        def call(self, *_arguments):
            raise Refused("DatabaseError", "The database could not do that")

    with pytest.raises(Refused, match="could not do that"):
        administrators.make_administrator(Broken(), "ann@example.com", lambda _: "")
