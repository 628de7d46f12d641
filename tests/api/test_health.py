"""Health and readiness."""

import eventlet
import pytest
import requests
from nameko.extensions import DependencyProvider

from schemas.names import PUBLIC_NAMES
from services.dependencies import health


class Part(DependencyProvider):
    def __init__(self, part, optional=False, ping=lambda: None):
        self.part = part
        self.optional = optional
        self.ping = ping


def broken():
    raise ConnectionError("secret host name")


def ready(gateway, *parts):
    gateway.container.dependencies.update(parts)
    return gateway.http.get("/ready")


@pytest.mark.slow
def test_health_says_that_the_process_answers(edge):
    answer = edge.http.get("/health")
    assert answer.status_code == 200
    assert answer.json()["data"] == [{"status": "ok", "service": "api-gateway"}]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.slow
def test_ready_without_redis_is_degraded(alone):
    answer = ready(alone, Part("database"))
    assert answer.status_code == 200
    (data,) = answer.json()["data"]
    assert (data["status"], data["service"]) == ("ready", "api-gateway")
    assert data["degraded"] == ["redis", "redis-counters"]


def test_ready_shows_the_circuits(alone):
    (data,) = ready(alone).json()["data"]
    assert data["circuits"] == {
        name: {"state": "closed"} for name in PUBLIC_NAMES.values() if name != "api-gateway"
    }


def test_not_ready_says_what_is_missing_and_nothing_more(alone):
    answer = ready(alone, Part("database", ping=broken), Part("broker", ping=broken))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    (error,) = answer.json()["errors"]
    assert error["code"] == "SERVICE_UNAVAILABLE"
    assert error["details"]["missing"] == ["broker", "database"]
    assert error["details"]["service"] == "api-gateway"
    assert "secret" not in answer.text


def test_a_part_that_hangs_is_missing(alone, monkeypatch):
    monkeypatch.setattr(health, "PING_SECONDS", 0.1)
    answer = ready(alone, Part("database", ping=lambda: eventlet.sleep(30)))
    assert answer.json()["errors"][0]["details"]["missing"] == ["database"]


def test_it_takes_no_parameters_into_account(edge):
    assert edge.http.get("/health?x=1").status_code == 200
    assert edge.http.post("/health").status_code == 405


@pytest.mark.parametrize(
    "service", ["gateway", "users", "exercises", "workouts", "analytics", "notifications"]
)
def test_every_process_answers_for_itself(system, service):
    base_url = f"http://{system.environment[f'{service.upper()}_ADDRESS']}"
    for path, status in (("/health", "ok"), ("/ready", "ready")):
        answer = requests.get(base_url + path, timeout=10)
        assert answer.status_code == 200
        (data,) = answer.json()["data"]
        assert (data["status"], data["service"]) == (status, PUBLIC_NAMES[service])
    answer = requests.get(base_url + "/nothing", timeout=10)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "NOT_FOUND")
