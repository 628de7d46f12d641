"""Caches that fill Redis up push out neither rate limits nor revoked tokens.

The servers are as ``./gym up`` starts them, filled beyond what they hold.
"""

import time
import uuid
from contextlib import ExitStack

import pytest
from redis.exceptions import OutOfMemoryError

from schemas.errors import Unauthorized
from services.auth import verify
from stack.redis import SETTINGS
from tests.api.conftest import make_token  # noqa: F401
from tests.api.lone_gateway import gateway_alone
from tests.fakes.redis_servers import RealRedis

VALUE = "x" * 100_000
VALUES = 1000
LONGER_THAN_A_TOKEN = 7 * 24 * 3600
LIMITS = {
    "RATE_LIMIT_LOGIN": "20/minute",
    "RATE_LIMIT_LOGIN_EMAIL": "10/minute",
    "RATE_LIMIT_API": "100/minute",
}


@pytest.fixture(scope="module")
def servers():
    with ExitStack() as stack:
        servers = {name: RealRedis(**settings) for name, settings in SETTINGS.items()}
        for server in servers.values():
            stack.callback(server.remove)
        yield servers


@pytest.fixture
def gateway(servers):
    for server in servers.values():
        server.client.flushall()
    places = {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(servers["redis"].port),
        "REDIS_COUNTERS_HOST": "127.0.0.1",
        "REDIS_COUNTERS_PORT": str(servers["redis-counters"].port),
    }
    with gateway_alone(**places, **LIMITS) as gateway:
        gateway.answers["users.login"] = Unauthorized("Wrong e-mail or password")
        gateway.answers["users.get"] = {"id": 1}
        yield gateway


def fill(servers):
    """Write what caches might: more than there is room for."""
    with servers["redis"].client.pipeline(transaction=False) as pipeline:
        for number in range(VALUES):
            pipeline.set(f"exercise:list:category:all:{number}", VALUE, ex=LONGER_THAN_A_TOKEN)
        pipeline.execute()
    memory = servers["redis"].client.info()
    assert memory["evicted_keys"] > 0
    assert memory["used_memory"] > 0.9 * memory["maxmemory"]


def fill_counters(counters):
    for _ in range(VALUES):
        counters.set(f"gateway:limit:{uuid.uuid4()}", VALUE, ex=30)


def login(gateway):
    body = {"email": "ada@example.com", "password": "wrong password"}
    return gateway.http.post("/api/users/login", body).status_code


def test_full_caches_leave_logins_limited(servers, gateway):
    assert [login(gateway) for _ in range(10)] == [401] * 10
    fill(servers)
    assert [login(gateway) for _ in range(3)] == [429] * 3


@pytest.mark.slow
def test_full_caches_leave_requests_limited(servers, gateway, make_token):  # noqa: F811
    token = make_token(gateway)

    def statuses(times):
        answers = [gateway.http.get("/api/users/1", token=token) for _ in range(times)]
        return [answer.status_code for answer in answers]

    assert statuses(60) == [200] * 60
    fill(servers)
    assert statuses(45) == [200] * 40 + [429] * 5


def revoke(gateway, token):
    """Have the users service know a token as revoked, of which this gateway has heard nothing."""
    token_id = verify(token, gateway.settings, time.time())["jti"]
    gateway.answers["revoked"] = {token_id}


@pytest.mark.slow
def test_full_caches_leave_a_revoked_token_revoked(servers, gateway, make_token):  # noqa: F811
    token = make_token(gateway)
    assert gateway.http.get("/api/users/1", token=token).status_code == 200
    revoke(gateway, token)
    # as the users service does it before it acknowledges
    servers["redis"].client.set("user:1:tokens:version", uuid.uuid4().hex)
    fill(servers)
    assert gateway.http.get("/api/users/1", token=token).status_code == 401


@pytest.mark.slow
def test_a_full_store_of_counters_forgets_nothing(servers, gateway, make_token):  # noqa: F811
    """Whoever fills that one up is counted by each gateway alone; what was revoked stays so."""
    token = make_token(gateway)
    revoke(gateway, token)
    with pytest.raises(OutOfMemoryError):
        fill_counters(servers["redis-counters"].client)
    assert [login(gateway) for _ in range(12)] == [401] * 10 + [429] * 2
    assert gateway.http.get("/api/users/1", token=token).status_code == 401


def test_a_token_that_is_out_here_is_out_without_redis(servers, gateway, make_token):  # noqa: F811
    token = make_token(gateway)
    assert gateway.http.get("/api/users/1", token=token).status_code == 200
    gateway.answers["users.logout"] = {"revoked": True}
    assert gateway.http.post("/api/users/logout", token=token).status_code == 200
    revoke(gateway, token)
    # while it is away the gateway goes by what it remembers
    for server in servers.values():
        server.stop()
    try:
        assert gateway.http.get("/api/users/1", token=token).status_code == 401
    finally:
        for server in servers.values():
            server.start()
