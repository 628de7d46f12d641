"""Rate limits, on a gateway of its own without Redis (its counts are then in memory)."""

import random
import time

import pytest
from redis import ConnectionError, Redis

from gateway import limits
from services.dependencies.settings import BadSettings
from tests.api.lone_gateway import gateway_alone

TRUSTED = {"TRUSTED_PROXIES": "127.0.0.0/8"}


def statuses(send, times):
    return [send(number).status_code for number in range(times)]


def test_logins_of_an_address_are_limited():
    with gateway_alone(RATE_LIMIT_LOGIN="3/minute") as gateway:
        gateway.answers["users.login"] = {}
        got = statuses(lambda n: gateway.http.post("/api/users/login", {"email": f"{n}@x.de"}), 5)
        assert got == [200, 200, 200, 429, 429]
        answer = gateway.http.post("/api/users/login", {})
        (error,) = answer.json()["errors"]
        assert error["code"] == "RATE_LIMIT_EXCEEDED"
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert error["details"]["retry_after"] == int(answer.headers["Retry-After"])


def test_logins_with_an_email_are_limited_wherever_they_come_from():
    with gateway_alone(RATE_LIMIT_LOGIN_EMAIL="2/minute", **TRUSTED) as gateway:
        gateway.answers["users.login"] = {}

        def login(email, address):
            headers = {"X-Forwarded-For": address}
            return gateway.http.post("/api/users/login", {"email": email}, headers=headers)

        assert login("a@x.de", "1.1.1.1").status_code == 200
        assert login(" A@x.de ", "2.2.2.2").status_code == 200
        assert login("a@x.de", "3.3.3.3").status_code == 429
        assert login("b@x.de", "3.3.3.3").status_code == 200
        assert login(None, "3.3.3.3").status_code == 200


def test_registrations_of_an_address_are_limited():
    with gateway_alone(RATE_LIMIT_REGISTER="1/minute", RATE_LIMIT_LOGIN="1/minute") as gateway:
        gateway.answers |= {"users.register": {"id": 1}, "users.login": {}}
        assert statuses(lambda _: gateway.http.post("/api/users/register", {}), 2) == [201, 429]
        assert gateway.http.post("/api/users/login", {}).status_code == 200


def test_requests_are_limited_per_user_or_per_address(make_token):
    with gateway_alone(RATE_LIMIT_API="2/minute", **TRUSTED) as gateway:
        gateway.answers |= {"workouts.get": {}, "exercises.get": {}}

        def read(user_id):
            return gateway.http.get("/api/workouts/1", token=make_token(gateway, user_id))

        def look(address):
            return gateway.http.get("/api/exercises/1", headers={"X-Forwarded-For": address})

        assert statuses(lambda _: read(1), 3) == [200, 200, 429]
        assert read(2).status_code == 200
        assert statuses(lambda _: look("1.1.1.1"), 3) == [200, 200, 429]
        assert look("2.2.2.2").status_code == 200


def test_bad_tokens_count_for_their_address():
    with gateway_alone(RATE_LIMIT_API="2/minute") as gateway:
        got = statuses(lambda _: gateway.http.get("/api/workouts", token="guess"), 3)
        assert got == [401, 401, 429]


def test_nobody_else_is_believed_about_addresses():
    with gateway_alone(RATE_LIMIT_API="2/minute") as gateway:
        gateway.answers["exercises.get"] = {}

        def look(number):
            headers = {"X-Forwarded-For": f"1.1.1.{number}"}
            return gateway.http.get("/api/exercises/1", headers=headers)

        assert statuses(look, 3) == [200, 200, 429]


def test_all_gateways_count_together(system, make_token):
    where = {name: system.environment[name] for name in ("REDIS_HOST", "REDIS_PORT")}
    user_id = random.randrange(10**9, 2**62)
    with (
        gateway_alone(RATE_LIMIT_API="3/minute", **where) as one,
        gateway_alone(RATE_LIMIT_API="3/minute", **where) as two,
    ):

        def read(gateway):
            gateway.answers["workouts.get"] = {}
            return gateway.http.get("/api/workouts/1", token=make_token(gateway, user_id))

        got = [read(gateway).status_code for gateway in (one, two, one, two, one)]
        assert got == [200, 200, 200, 429, 429]
        assert 1 <= int(read(one).headers["Retry-After"]) <= 60
    client = Redis(where["REDIS_HOST"], int(where["REDIS_PORT"]), decode_responses=True)
    with client:
        (key,) = client.keys(f"*{user_id}*")
        assert key.startswith("gateway:limit:")
        assert 0 < client.ttl(key) <= 60


def test_without_redis_no_request_waits_for_it():
    with gateway_alone(RATE_LIMIT_API="1000/minute") as gateway:
        gateway.answers["exercises.get"] = {}
        begun = time.monotonic()
        assert set(statuses(lambda _: gateway.http.get("/api/exercises/1"), 20)) == {200}
        assert time.monotonic() - begun < 1


def test_counts_in_memory_end_when_redis_is_back(system, monkeypatch):
    monkeypatch.setattr(limits.budgets, "REDIS_PAUSE_SECONDS", 0)
    where = {name: system.environment[name] for name in ("REDIS_HOST", "REDIS_PORT")}
    address = f"10.{random.randrange(250)}.{random.randrange(250)}.{random.randrange(1, 250)}"
    with gateway_alone(RATE_LIMIT_API="2/minute", **where, **TRUSTED) as gateway:
        gateway.answers["exercises.get"] = {}
        rate_limits = next(iter(gateway.container.entrypoints)).door.limits
        shared = rate_limits._shared

        class Down:
            def hit(self, *_):
                raise ConnectionError("away")

        def look():
            headers = {"X-Forwarded-For": address}
            return gateway.http.get("/api/exercises/1", headers=headers).status_code

        monkeypatch.setattr(rate_limits, "_shared", Down())
        assert [look(), look(), look()] == [200, 200, 429]
        monkeypatch.setattr(rate_limits, "_shared", shared)
        assert [look(), look(), look()] == [200, 200, 429]
        assert not rate_limits._own.storage.events


def test_an_empty_limit_is_off(edge):
    edge.answers["exercises.get"] = {}
    got = statuses(lambda _: edge.http.get("/api/exercises/1"), 30)
    assert set(got) == {200}


def test_health_is_not_limited():
    with gateway_alone(RATE_LIMIT_API="1/minute") as gateway:
        assert statuses(lambda _: gateway.http.get("/health"), 3) == [200] * 3


@pytest.mark.parametrize("settings", [{"RATE_LIMIT_API": "many"}, {"TRUSTED_PROXIES": "the proxy"}])
def test_bad_settings_stop_the_start(settings):
    with pytest.raises(BadSettings) as caught, gateway_alone(**settings):
        pass
    assert next(iter(settings)) in str(caught.value)
