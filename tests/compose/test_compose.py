"""The whole system in containers: it works, shares its work, and outlives any of its parts."""

import time

import amqp
import pytest

from stack.layout import DATABASES
from tests.api import test_walkthrough as walkthrough
from tests.compose.conftest import RECOVERY_SECONDS, management
from tests.waiting import eventually

EVENTS = "evt-gateway-workout_created--analytics.handle_workout_created"
SERVICES = [
    *("user-service", "exercise-service", "workout-service"),
    *("analytics-service", "notification-service"),
]
EVERYTHING = [*DATABASES, "redis", "redis-counters", "rabbitmq", *SERVICES, "api-gateway"]
# without these a workout can't be logged
NEEDED = ["workout-db", "workout-service", "rabbitmq"]
FOR_EXERCISES = ["exercise-db", "exercise-service"]
SHARED_REQUESTS = 40
QUICK_SECONDS = 10


def test_the_seed_s_walkthrough(http):
    walkthrough.test_the_walkthrough(
        http, {"email": "walker@gym.com", "password": "a long password", "name": "Test User"}
    )
    walkthrough.test_the_integration_script(http)


def test_every_service_says_that_it_is_ready(stack, http):
    assert http.get("/ready").status_code == 200
    assert {container.service for container in stack.containers()} == set(EVERYTHING)


def test_no_container_runs_our_code_as_root(stack):
    for service in [*SERVICES, "api-gateway"]:
        assert stack.execute(service, "id", "-u").strip() == "10001"


def test_a_request_s_trace_can_be_read(stack, lifter):
    request_id = lifter.log().headers["X-Request-ID"]
    lifter.check_statistics()
    drawn = stack.execute("api-gateway", "python", "-m", "stack", "trace", request_id)
    for step in ("POST /api/workouts", "workout-service", "analytics.handle_workout_created"):
        assert step in drawn
    page = stack.execute("api-gateway", "python", "-m", "stack", "trace", "--html", request_id)
    assert request_id in stack.execute("api-gateway", "cat", page.strip())


def test_two_of_a_kind_share_the_work(stack, lifter):
    for _ in range(SHARED_REQUESTS):
        assert lifter.log().status_code == 201
    lifter.check_statistics()

    def both_work():
        at_work = {}
        for channel in management(stack, "channels"):
            if channel.get("message_stats", {}).get("ack", 0) > 0:
                hosts = at_work.setdefault(channel["user"], set())
                hosts.add(channel["connection_details"]["peer_host"])
        return all(len(at_work.get(user, ())) == 2 for user in ("workouts", "analytics"))

    # the management UI's numbers are some seconds old
    eventually(both_work, 20)


@pytest.mark.parametrize("service", EVERYTHING)
def test_any_container_can_be_killed_and_made_anew(stack, lifter, service):
    assert lifter.log().status_code == 201
    old = stack.kill(service)
    _check_what_still_works(lifter, service)
    stack.recreate(service)
    assert not set(old) & {container.identity for container in stack.containers(service)}
    stack.wait_healthy()
    lifter.log_for_sure()
    lifter.check_statistics()


def test_a_process_that_dies_is_started_again(stack, lifter):
    before = {c.identity: c.restarts for c in stack.containers("workout-service")}
    # the first process is Docker's, which starts ours and ends with it
    stack.execute("workout-service", "python", "-c", "import os; os.kill(-1, 9)")

    def restarted():
        now = {c.identity: c.restarts for c in stack.containers("workout-service")}
        return sum(now.values()) == sum(before.values()) + 1

    eventually(restarted, RECOVERY_SECONDS)
    stack.wait_healthy()
    lifter.log_for_sure()
    lifter.check_statistics()


def test_a_service_s_password_opens_its_own_queues_alone(stack):
    host, port = stack.address("rabbitmq", 5672)
    connection = amqp.Connection(
        f"{host}:{port}", "users", stack.settings["RABBITMQ_USERS_PASSWORD"], virtual_host="gym"
    )
    with connection, pytest.raises(amqp.AccessRefused, match=r"access.*refused"):
        connection.channel().basic_get(EVENTS)


def _check_what_still_works(lifter, service):
    """Look at the system while something is dead: quick answers, and what needs it not, works."""
    if service == "api-gateway":
        return
    began = time.monotonic()
    answer = lifter.log()
    assert time.monotonic() - began < QUICK_SECONDS
    # the exercise may be known from a moment ago
    expected = (201, 503) if service in FOR_EXERCISES else (503,) if service in NEEDED else (201,)
    assert answer.status_code in expected, answer.text
    assert lifter.http.get("/health").status_code == 200
