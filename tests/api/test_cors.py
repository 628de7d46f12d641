"""Cross-origin requests."""

import pytest

from tests.api.lone_gateway import gateway_alone

pytestmark = pytest.mark.slow

ORIGIN = {"Origin": "https://app.example"}


def test_listed_origins_may_ask_and_read():
    with gateway_alone(CORS_ORIGINS="https://app.example,https://two.example") as gateway:
        gateway.answers["exercises.get"] = {"id": 1}
        preflight = gateway.http.request(
            "OPTIONS",
            "/api/workouts",
            headers=ORIGIN | {"Access-Control-Request-Method": "POST"},
        )
        assert preflight.status_code == 204
        assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
        by_path = {
            "/api/exercises/1": "Authorization, Origin",
            "/api/workouts": "Origin",
            "/nothing": "Origin",
        }
        for path, varies_by in by_path.items():
            answer = gateway.http.get(path, headers=ORIGIN)
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
            assert "Link" in answer.headers["Access-Control-Expose-Headers"]
            assert answer.headers["Vary"] == varies_by


def test_other_origins_may_not():
    with gateway_alone(CORS_ORIGINS="https://app.example") as gateway:
        for headers in ({"Origin": "https://evil.example"}, {}):
            answer = gateway.http.request("OPTIONS", "/api/workouts", headers=headers)
            assert answer.status_code == 204
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert answer.headers["Vary"] == "Origin"


def test_without_origins_nothing_is_said(edge):
    answer = edge.http.get("/health", headers=ORIGIN)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
