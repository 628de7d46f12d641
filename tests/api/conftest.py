"""Fixtures of the tests over HTTP."""

import time
import uuid
from dataclasses import dataclass

import pytest
import requests

from services.auth import issue
from tests.api.described import described
from tests.api.http_client import Client
from tests.api.lone_gateway import gateway_alone
from tests.fakes.redis_servers import redis, redis_server  # noqa: F401
from tests.stack.version_before import rows

PASSWORD = "correct horse battery"


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: needs chromium, and is skipped without it")


@dataclass(frozen=True)
class User:
    """Somebody who has just registered."""

    id: int
    email: str
    password: str
    token: str


@pytest.fixture(scope="session")
def http(gateway_url):
    """A client of the whole running system; each answer must be what the document says."""
    with requests.Session() as session:
        yield Client(gateway_url, session, check=described().check)


@pytest.fixture(scope="session")
def new_user(http):
    """Register somebody in the whole running system."""
    return lambda: register(http)


def register(http):
    email = f"lifter-{uuid.uuid4().hex[:16]}@example.com"
    answer = http.post("/api/users/register", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    (user,) = answer.json()["data"]
    return User(user["id"], email, PASSWORD, user["token"])


@pytest.fixture(scope="session")
def make_admin(system):
    """Give the role of an administrator to somebody of the whole running system."""

    def make(user_id):
        rows(system, "users", f"UPDATE users SET role = 'admin' WHERE id = {user_id}")

    return make


@pytest.fixture(scope="session")
def admin_token(system, http, make_admin):
    """A token of an administrator of the whole running system."""
    user = register(http)
    make_admin(user.id)
    return user.token


@pytest.fixture(scope="module")
def edge():
    """A gateway with canned services, shared by a module's tests: for what is HTTP's alone."""
    with gateway_alone() as gateway:
        yield gateway


@pytest.fixture
def alone():
    """A gateway with canned services, for one test."""
    with gateway_alone() as gateway:
        yield gateway


@pytest.fixture
def make_token():
    """Make a token that a lone gateway accepts."""

    def make(gateway, user_id=1, role="user"):
        user = {"id": user_id, "email": "someone@example.com", "name": None, "role": role}
        gateway.answers["role", user_id] = role
        return issue(user, gateway.settings, time.time())

    return make
