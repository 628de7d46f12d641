"""Callers of every kind, on the whole running system."""

import time
from dataclasses import dataclass

import pytest

from benchmarks.exhaustion import reporting
from services.auth import LIFETIME_SECONDS, issue
from services.process.settings import Settings
from tests.api.conftest import User, admin_token, http, make_admin, new_user  # noqa: F401
from tests.api.http_client import Client

HOUR = 3600


@dataclass(frozen=True)
class Person:
    """Somebody with an account, who can have any number of tokens."""

    user: User
    settings: Settings
    http: Client

    @property
    def id(self):
        return self.user.id

    def sign_in(self):
        """Begin a session, and return its tokens."""
        body = {"email": self.user.email, "password": self.user.password}
        return self.http.post("/api/users/login", body).json()["data"][0]

    def session_id(self):
        """Begin a session, and return its id."""
        token = self.sign_in()["token"]
        sessions = self.http.get("/api/users/me/sessions", token=token).json()["data"]
        return next(session["id"] for session in sessions if session["is_current"])

    def token(self, now=None):
        profile = {"id": self.id, "email": self.user.email, "name": None, "role": "user"}
        return issue(profile, self.settings, time.time() if now is None else now)

    def expired_token(self):
        return self.token(now=time.time() - LIFETIME_SECONDS - HOUR)


@pytest.fixture(scope="session")
def settings(system):
    return Settings.from_environment(system.environment)


@pytest.fixture
def person(new_user, settings, http):  # noqa: F811
    return Person(new_user(), settings, http)


@pytest.fixture
def stranger(new_user, settings, http):  # noqa: F811
    return Person(new_user(), settings, http)


@pytest.fixture
def administrator(new_user, settings, make_admin, http):  # noqa: F811
    """An administrator, by the database: tokens say what their user was when they were made."""
    person = Person(new_user(), settings, http)
    make_admin(person.id)
    return person


@pytest.fixture(scope="session")
def make_revoked(http):  # noqa: F811
    """Revoke a token, and return it."""

    def revoke(token):
        answer = http.post("/api/users/logout", token=token)
        assert answer.status_code == 200, answer.text
        return token

    return revoke


def pytest_terminal_summary(terminalreporter):
    if reporting.RESULTS:
        terminalreporter.section("attacks")
        terminalreporter.write_line(reporting.table(reporting.RESULTS))
