"""Tokens whose users may do less than before, in two gateways, while Redis is away or went back."""

import pytest
import redis
import requests

from tests.erasing import PASSWORD, open_account
from tests.waiting import eventually

pytestmark = pytest.mark.slow

REDIS = ("redis", "redis-counters")


@pytest.fixture
def without_redis(system):
    for name in REDIS:
        system.stop(name)
    yield
    for name in REDIS:
        system.start(name)


def ask(url, method, path, token=None, json=None, status=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.request(method, url + path, headers=headers, json=json, timeout=20)
    assert status in (None, answer.status_code), answer.text
    return answer


def log_in(url, account):
    credentials = {"email": account.email, "password": PASSWORD}
    [signed_in] = ask(url, "POST", "/api/users/login", json=credentials, status=200).json()["data"]
    return signed_in["token"]


def is_refused_soon(url, path, token, status=401):
    """Wait for less than an answer of users is remembered."""
    eventually(lambda: ask(url, "GET", path, token).status_code == status, seconds=5)


@pytest.fixture
def account(system):
    return open_account(system)


@pytest.fixture
def administrator(system):
    """The token of an administrator who stays one."""
    return log_in(system.url, open_account(system, role="admin"))


@pytest.fixture
def in_use(system, other, account, without_redis):
    """A token that both gateways know, and neither by Redis."""
    token = log_in(system.url, account)
    for url in (system.url, other):
        ask(url, "GET", "/api/stats/progress", token, status=200)
    return token


def end_session(system, account, token, administrator):
    ask(system.url, "DELETE", "/api/users/me/sessions", log_in(system.url, account), status=200)


def sign_out(system, account, token, administrator):
    ask(system.url, "POST", "/api/users/logout", token, status=200)


def disable(system, account, token, administrator):
    path, body = f"/api/users/{account.id}", {"disabled": True}
    ask(system.url, "PUT", path, administrator, body, status=200)


def delete(system, account, token, administrator):
    ask(system.url, "DELETE", "/api/users/me", token, {"password": PASSWORD}, status=202)


@pytest.mark.parametrize("change", [end_session, sign_out, disable, delete])
def test_without_redis_the_other_gateway_hears_of_it(
    system, other, account, administrator, in_use, change
):
    change(system, account, in_use, administrator)
    # statistics are there without asking users, and would be shown of who was deleted, too
    is_refused_soon(other, "/api/stats/progress", in_use)
    is_refused_soon(system.url, "/api/stats/progress", in_use)


def test_without_redis_the_other_gateway_hears_of_a_role(system, other, administrator, in_use):
    [me] = ask(other, "GET", "/api/users/me", in_use, status=200).json()["data"]
    ask(other, "GET", "/api/users", in_use, status=403)
    path = f"/api/users/{me['id']}"
    for role, status in (("admin", 200), ("user", 403)):
        ask(system.url, "PUT", path, administrator, {"role": role}, status=200)
        is_refused_soon(other, "/api/users", in_use, status)


def go_back(system, change):
    """Have both servers forget a change, as if they were started from an older copy."""
    for name in ("REDIS_PORT", "REDIS_COUNTERS_PORT"):
        with redis.Redis(port=int(system.environment[name])) as client:
            client.save()
    change()
    for name in REDIS:
        system.kill_for_good(name)
        system.start(name)


@pytest.mark.parametrize("change", [end_session, sign_out, disable])
def test_what_was_revoked_stays_so_when_redis_goes_back(
    system, other, account, administrator, change
):
    token = log_in(system.url, account)
    path = "/api/stats/progress"
    for url in (system.url, other):
        ask(url, "GET", path, token, status=200)
    go_back(system, lambda: change(system, account, token, administrator))
    for _ in range(3):
        for url in (system.url, other):
            ask(url, "GET", path, token, status=401)
    # a gateway that knows nothing but what Redis says
    fresh = system.start_another("gateway", "fresh-gateway")
    try:
        ask(f"http://{fresh}", "GET", path, token, status=401)
    finally:
        system.stop("fresh-gateway")
