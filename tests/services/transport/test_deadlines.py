"""How long a caller waits, between processes whose clocks nobody compares."""

import time

import amqp
import pytest
import requests

from tests.services.logbook import ago, body, lift, one
from tests.services.raw_caller import Caller, channel_of, request
from tests.waiting import eventually

OLD_HEADER = "nameko.deadline"
"""The version before wrote into it, as seconds since the epoch, when the caller gives up."""

# nearly as many requests as a process takes at a time, of more bytes than fit into its socket
LARGE = body(ago(0), *[lift(1, *[one(5, 100, notes="x" * 1000)] * 100)] * 4)
SMALL = body(ago(0), lift(1, one(5, 100)))


@pytest.mark.parametrize("clock", [-3600, -60, 0, 3600])
def test_a_gateway_of_the_version_before_is_served_whatever_its_clock_says(system, clock):
    headers = {OLD_HEADER: time.time() + clock + 8}
    with channel_of(system) as channel:
        reply = Caller(channel).ask(
            "exercises", "get", request(1), expiration="8000", application_headers=headers
        )
    assert reply["result"]["id"] == 1


def test_a_service_of_the_version_before_finds_no_moment_of_ours(system):
    """It serves any request that names none."""
    with channel_of(system) as channel:
        queue = channel.queue_declare(exclusive=True).queue
        channel.queue_bind(queue, "nameko-rpc", "exercises.get")
        requests.get(f"{system.url}/api/exercises/{2**62}", timeout=20)
        message = eventually(lambda: channel.basic_get(queue, no_ack=True))
    assert "nameko.request_id" in message.headers
    assert OLD_HEADER not in message.headers
    assert 0 < int(message.properties["expiration"]) <= 8000


@pytest.mark.parametrize("given", ["", "soon", "-5", "\u0663\u0663"])
def test_what_is_no_number_of_milliseconds_is_refused_by_the_broker(system, given):
    """So no service meets it; one that does takes it for none."""
    with channel_of(system) as channel:
        caller = Caller(channel)
        with pytest.raises(amqp.PreconditionFailed):
            caller.ask("exercises", "get", request(1), expiration=given)


@pytest.fixture
def frozen(system):
    """Workouts, which the broker delivers to and which looks at nothing."""
    system.pause("workouts")
    yield
    system.resume("workouts")


@pytest.mark.slow
def test_a_frozen_service_does_what_is_waited_for_and_nothing_else(system, rpc, fresh_user, frozen):
    """Whatever it finds in its socket looks as if it had just come."""
    with channel_of(system) as channel:
        caller = Caller(channel)

        def log(workout, name, seconds):
            text = request(fresh_user, {**workout, "name": name})
            expiration = str(int(seconds * 1000))
            caller.send("workouts", "create", text, expiration=expiration, correlation_id=name)

        begun = time.monotonic()
        for number in range(6):
            log(LARGE, f"given up {number}", 2)
        time.sleep(4)
        # fewer seconds than the process has been frozen for: only the broker knows its age
        log(SMALL, "waited for", 3.9)
        log(SMALL, "waited for long", 60)
        system.resume("workouts")
        assert time.monotonic() - begun < 6
        assert caller.wait_for(2, 10) == ["waited for", "waited for long"]
    listed = rpc.workouts.list(fresh_user)["items"]
    assert {workout["name"] for workout in listed} == {"waited for", "waited for long"}
