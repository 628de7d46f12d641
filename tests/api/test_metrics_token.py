"""Who may read the metrics, which are on the port that everybody reaches."""

import pytest

from tests.api.lone_gateway import gateway_alone

TOKEN = "4f1d9c0e4f1d9c0e"


@pytest.fixture(scope="module")
def guarded():
    with gateway_alone(METRICS_TOKEN=TOKEN) as gateway:
        yield gateway.http


def test_whoever_has_the_token_reads_them(guarded):
    answer = guarded.get("/metrics", token=TOKEN)
    assert answer.status_code == 200
    assert "gym_http_request_seconds" in answer.text


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"],
)
def test_nobody_else_does(guarded, given):
    headers = {} if given is None else {"Authorization": given.encode()}
    answer = guarded.get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED"
    assert "gym_http" not in answer.text


def test_probes_need_none(guarded):
    assert guarded.get("/health").status_code == 200


def test_without_one_they_are_open(edge):
    assert edge.http.get("/metrics").status_code == 200
