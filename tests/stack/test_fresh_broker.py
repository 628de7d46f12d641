"""A fresh broker has all that must outlive a process, before the first process comes."""

import json

import pytest
import requests

from stack import rabbitmq
from stack.layout import CHECKOUT, SERVICES
from tests.waiting import eventually

pytestmark = pytest.mark.slow

CREATED = "evt-gateway-workout_created--analytics.handle_workout_created"
TOPOLOGY = json.loads((CHECKOUT / "rabbitmq" / "definitions.json").read_text())
WORKOUT = {"date": "2026-01-02", "exercises": [{"exercise_id": 1, "sets": [{"reps": 5}]}]}


@pytest.fixture
def fresh(servers):
    yield servers
    for name in SERVICES:
        servers.stop(name)


def queues(system):
    lines = system.rabbitmqctl(
        "list_queues", "--vhost", "gym", "name", "messages", "--no-table-headers"
    )
    return {name: int(count) for name, count in map(str.split, lines.splitlines())}


def log_workout(system):
    account = {"email": "early@example.com", "password": "long enough"}
    answer = requests.post(f"{system.url}/api/users/register", json=account, timeout=30)
    headers = {"Authorization": f"Bearer {answer.json()['data'][0]['token']}"}
    answer = requests.post(f"{system.url}/api/workouts", json=WORKOUT, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text


def test_an_event_from_before_analytics_ever_ran_is_kept_for_them(fresh):
    # its log may reach the file a moment later
    eventually(lambda: rabbitmq.was_ready(fresh.state))
    assert queues(fresh) == {queue["name"]: 0 for queue in TOPOLOGY["queues"]}
    fresh.start_services([name for name in SERVICES if name != "analytics"])
    log_workout(fresh)
    # the broker counts the messages of such queues every few seconds
    eventually(lambda: queues(fresh)[CREATED] == 1, seconds=20)
    fresh.start_services(["analytics"])
    eventually(lambda: queues(fresh)[CREATED] == 0, seconds=20)
    assert '"event handled"' in fresh.log("analytics").read_text()
