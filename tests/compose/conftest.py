"""The system in containers. These tests run with ``./gym test --compose`` alone."""

import itertools
import time
import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
import requests

from stack.compose import CLUSTER, make_stack
from tests.api.http_client import Client
from tests.waiting import eventually

RECOVERY_SECONDS = 60
BENCH = 1
PASSWORD = "correct horse battery"


class Lifter:
    """Somebody who logs workouts, and knows what must come out of them."""

    def __init__(self, stack):
        self.stack = stack
        self.weights = itertools.count(50)
        self.logged = []
        email = f"lifter-{uuid.uuid4().hex[:16]}@example.com"
        account = {"email": email, "password": PASSWORD}
        answer = self.http.post("/api/users/register", json=account)
        assert answer.status_code == 201, answer.text
        opened = answer.json()["data"][0]
        self.token, self.user_id = opened["token"], opened["id"]

    @property
    def http(self):
        """A client of the gateway, whose port changes when its container does."""
        return client_of(self.stack)

    def log(self, weight=None, **headers):
        """Try to log a workout, heavier than any before, and return the answer."""
        weight = weight or next(self.weights)
        day = date(2025, 1, 1) + timedelta(days=weight)
        workout = {
            "date": day.isoformat(),
            "exercises": [{"exercise_id": BENCH, "sets": [{"reps": 1, "weight": weight}]}],
        }
        answer = self.http.post("/api/workouts", json=workout, token=self.token, headers=headers)
        if answer.status_code == 201:
            self.logged.append(weight)
        return answer

    def log_for_sure(self):
        """Log a workout, however often it must be tried."""

        def logged():
            return self.log().status_code == 201

        eventually(logged, RECOVERY_SECONDS)

    def counted(self):
        """Return how many workouts, and which weight, the statistics know."""
        path = f"/api/stats/exercise/{BENCH}/history?range=all"
        answer = self.http.get(path, token=self.token)
        assert answer.status_code == 200, answer.text
        stats = answer.json()["data"][0]["stats"]
        return stats["lifetime_workouts"], stats["current_max_weight"]

    def check_statistics(self, seconds=RECOVERY_SECONDS):
        """Wait until whatever was acknowledged is counted, once."""

        def all_counted():
            assert self.counted() == (len(self.logged), max(self.logged))
            return True

        eventually(all_counted, seconds)


def client_of(stack):
    host, port = stack.address("api-gateway", 8080)
    return Client(f"http://{host}:{port}")


def management(stack, path):
    """Ask RabbitMQ's management API, as the operator."""
    host, port = stack.address("rabbitmq", 15672)
    credentials = ("operator", stack.settings["RABBITMQ_OPERATOR_PASSWORD"])
    answer = requests.get(f"http://{host}:{port}/api/{path}", auth=credentials, timeout=20)
    answer.raise_for_status()
    return answer.json()


def running(project, *options, overlays=(), **settings):
    """Start a stack for tests; at the end nothing of it may be left.

    Args:
        project: its name.
        options: of ``docker compose up``.
        overlays: further compose files.
        settings: variables of the compose files.
    """
    stack = make_stack(project, overlays)
    stack = replace(stack, settings={**stack.settings, **settings})
    stack.down()
    began = time.monotonic()
    try:
        stack.compose("build")
        built = time.monotonic()
        stack.up(*options)
        healthy = time.monotonic()
        print(f"\nbuilt in {built - began:.0f} s, healthy {healthy - built:.0f} s later")
        yield stack
    finally:
        left = stack.down()
    assert not left


@pytest.fixture(scope="module")
def stack():
    options = ("--scale", "workout-service=2", "--scale", "analytics-service=2")
    yield from running("gym-test", *options)


@pytest.fixture(scope="module")
def cluster():
    yield from running("gym-test-cluster", overlays=(CLUSTER,))


@pytest.fixture
def http(stack):
    return client_of(stack)


@pytest.fixture
def lifter(stack):
    return Lifter(stack)
