"""A fresh broker has all that must outlive a process, before the first process comes."""

import json

import pytest
import requests

from stack import rabbitmq
from stack.layout import CHECKOUT, SERVICES
from tests.waiting import eventually

pytestmark = pytest.mark.slow

FIRST = "evt-gateway-workout_created--analytics.handle_workout_created_first"
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
    return headers


def test_what_was_logged_before_analytics_ever_ran_is_counted(fresh):
    # its log may reach the file a moment later
    eventually(lambda: rabbitmq.was_ready(fresh.state))
    assert queues(fresh) == {queue["name"]: 0 for queue in TOPOLOGY["queues"]}
    fresh.start_services([name for name in SERVICES if name != "analytics"])
    headers = log_workout(fresh)
    assert FIRST not in queues(fresh)
    fresh.start_services(["analytics"])

    def workouts():
        answer = requests.get(f"{fresh.url}/api/stats/streak", headers=headers, timeout=30)
        return answer.json()["data"][0]["longest"]

    eventually(lambda: workouts() == 1, seconds=20)
    assert FIRST in queues(fresh)
