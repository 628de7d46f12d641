"""RabbitMQ killed, absent at the start, full, and fed with what nobody can handle."""

import json
import time
from collections import Counter

import amqp
import pytest
import requests

from stack import commands
from stack.layout import SERVICES
from stack.services import ask
from tests.faults.checking import check
from tests.faults.deputies import instead_of
from tests.faults.letters import drop_letters, fetch_letters
from tests.faults.lifters import Crowd, Lifter
from tests.faults.reporting import note
from tests.waiting import eventually

EVENT_QUEUE = "evt-gateway-workout_{0}--analytics.handle_workout_{0}"
FIRST_TRIES = f"{EVENT_QUEUE}_first"
KINDS = ("created", "updated", "deleted")


def pids(system):
    return {name: system.pid(name) for name in SERVICES}


@pytest.mark.parametrize("pause", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_broker_killed_under_load(system, pause):
    before = pids(system)
    with Crowd(system) as crowd:
        eventually(lambda: crowd.has_done(20), seconds=30)
        system.kill_for_good("rabbitmq")
        time.sleep(pause)
        answer = requests.get(f"{system.url}/api/exercises", timeout=10)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        system.start("rabbitmq")
        back = time.monotonic()
        recovered = eventually(lambda: crowd.seconds_until_good(back, "create"), seconds=20)
        system.wait_ready(SERVICES)
    tally = check(crowd)
    note(f"RabbitMQ killed, back after {pause} s", crowd, tally, recovered)
    assert pids(system) == before
    assert recovered < 10
    assert crowd.worst_seconds < 9


@pytest.mark.slow
def test_broker_down_when_services_start(system):
    for name in SERVICES:
        system.stop(name)
    system.kill_for_good("rabbitmq")
    for name in SERVICES:
        system.supervisor.start_part(name)
    eventually(lambda: all(_is_up(system, name) for name in SERVICES), seconds=30)
    before = pids(system)
    time.sleep(5)
    assert not any(ask(system.address(name)).ready for name in SERVICES)
    assert pids(system) == before
    system.start("rabbitmq")
    back = time.monotonic()
    with Crowd(system, lifters=2) as crowd:
        recovered = eventually(lambda: crowd.seconds_until_good(back, "create"), seconds=20)
        system.wait_ready(SERVICES)
    note("RabbitMQ down when services start", crowd, check(crowd), recovered)
    assert pids(system) == before
    assert recovered < 10


def _is_up(system, name):
    try:
        return requests.get(f"http://{system.address(name)}/health", timeout=2).ok
    except requests.ConnectionError:
        return False


@pytest.mark.slow
def test_memory_alarm(system):
    before = pids(system)
    with Crowd(system) as crowd:
        eventually(lambda: crowd.has_done(20), seconds=30)
        system.rabbitmqctl("set_vm_memory_high_watermark", "0")
        try:
            time.sleep(12)
        finally:
            system.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "512MB")
        back = time.monotonic()
        recovered = eventually(lambda: crowd.seconds_until_good(back, "create"), seconds=20)
    tally = check(crowd)
    note("RabbitMQ's memory alarm, 12 s", crowd, tally, recovered)
    assert 503 in crowd.statuses
    assert recovered < 5
    assert crowd.worst_seconds < 9
    assert pids(system) == before


@pytest.mark.slow
def test_an_alarm_uses_up_no_event(system):
    drop_letters(system)
    lifter = Lifter(system)
    with instead_of(system, "analytics", "analytics.handle:fail:on purpose") as deputy:
        lifter.create()
        eventually(lambda: _pauses(system.log(deputy)) == [1, 5], seconds=20)
        system.rabbitmqctl("set_vm_memory_high_watermark", "0")
        try:
            # it comes back, fails again, and can't be sent to wait
            time.sleep(9)
        finally:
            system.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "512MB")
        assert _pauses(system.log(deputy)) == [1, 5, 30]
    crowd = Crowd.of(lifter)
    note("an event that fails during an alarm", crowd, check(crowd))
    assert not fetch_letters(system)


@pytest.mark.slow
def test_frozen_broker(system):
    before = pids(system)
    with Crowd(system) as crowd:
        eventually(lambda: crowd.has_done(20), seconds=30)
        system.pause("rabbitmq")
        try:
            time.sleep(25)
        finally:
            system.resume("rabbitmq")
        back = time.monotonic()
        recovered = eventually(lambda: crowd.seconds_until_good(back, "create"), seconds=30)
    tally = check(crowd)
    note("RabbitMQ frozen for 25 s", crowd, tally, recovered)
    assert recovered < 10
    assert crowd.worst_seconds < 9
    assert pids(system) == before


def test_lost_events_are_made_good(system):
    lifter = Lifter(system)
    system.pause("analytics")
    try:
        for _ in range(12):
            lifter.create()
        lifter.edit()
        lifter.remove()
        for kind in KINDS:
            system.rabbitmqctl("purge_queue", "--vhost", "gym", FIRST_TRIES.format(kind))
    finally:
        system.resume("analytics")
    crowd = Crowd.of(lifter)
    note("events lost (queue purged)", crowd, check(crowd))


def publish(system, queue, body, **properties):
    """Publish as somebody at the management pages would, but of any size."""
    with amqp.Connection(**_broker(system)) as connection:
        channel = connection.channel()
        channel.confirm_select()
        message = amqp.Message(body, **properties)
        channel.basic_publish_confirm(message, "", queue)


def _broker(system):
    return {
        "host": f"127.0.0.1:{system.state.ports['rabbitmq']}",
        "userid": "operator",
        "password": system.state.secrets["rabbitmq"],
        "virtual_host": "gym",
    }


JSON = {"content_type": "application/json", "content_encoding": "utf-8"}
POISON = {
    "no JSON": ("{nonsense", JSON),
    "wrong shape": ("[1, 2]", JSON),
    "wrong fields": ('{"workout": "1"}', JSON),
    "wrong type": ('{"workout_id": "1; DROP TABLE"}', JSON),
    "unknown workout": ('{"workout_id": 999999999999}', JSON),
    "no content type": ('{"workout_id": 1}', {}),
    "other content type": ("a: 1", {"content_type": "application/x-yaml"}),
    "pickle": ("cos\nsystem", {"content_type": "application/x-python-serialize"}),
    "other encoding": ('{"workout_id": 1}'.encode("utf-16"), JSON),
    "bad header": (
        '{"workout_id": 1}',
        JSON | {"application_headers": {"nameko.call_id_stack": 7, "x-gym-attempt": "many"}},
    ),
}
HUGE = json.dumps({"workout_id": "1" * 20_000_000})


@pytest.mark.slow
def test_poison(system):
    drop_letters(system)
    before = pids(system)
    lifter = Lifter(system)
    lifter.create()
    queues = system.rabbitmqctl("list_queues", "--vhost", "gym", "name", "--no-table-headers")
    targets = [name for name in queues.split() if name.startswith(("rpc", "evt-"))]
    for queue in targets:
        for body, properties in POISON.values():
            publish(system, queue, body, **properties)
    for queue in (EVENT_QUEUE.format("created"), "rpc-users"):
        publish(system, queue, HUGE, **JSON)
    # whatever is behind the poison is handled
    for _ in range(3):
        lifter.create()
    lifter.edit()
    crowd = Crowd.of(lifter)
    tally = check(crowd)
    # requests are answered or dropped, and never kept
    expected = Counter({EVENT_QUEUE.format(kind): 2 * len(POISON) for kind in KINDS})
    expected[EVENT_QUEUE.format("created")] += 1
    # news that each process hears are not kept for anybody
    of_events = {name.removesuffix("_first") for name in targets if ".handle_" in name}
    assert of_events > expected.keys()
    letters = []

    def all_there():
        letters[:] = fetch_letters(system)
        # twice, where the broker's confirmation of the copy came too late
        found = Counter(letter.queue for letter in letters)
        assert found >= expected
        assert found.keys() == of_events
        return True

    eventually(all_there, seconds=20)
    assert all(letter.reason and letter.since for letter in letters)
    assert all(len(letter.message.body) <= 4096 for letter in letters)
    assert pids(system) == before
    drop_letters(system)
    remark = f"{len(targets)} queues, {len(letters)} dead letters"
    note("poison on every queue", crowd, tally, remark=remark)


@pytest.mark.slow
def test_a_handler_that_keeps_failing(system, monkeypatch, capsys):
    drop_letters(system)
    lifter = Lifter(system)
    queue = EVENT_QUEUE.format("created")
    with instead_of(system, "analytics", "analytics.handle:fail:on purpose") as deputy:
        workout = lifter.create()
        eventually(lambda: _pauses(system.log(deputy))[:3] == [1, 5, 30], seconds=20)
        # the rest of the way takes minutes, so this one has nearly come to its end
        publish(
            system,
            queue,
            json.dumps({"workout_id": workout["id"]}),
            application_headers={"x-gym-attempt": 5},
            **JSON,
        )
        (letter,) = eventually(lambda: fetch_letters(system), seconds=10)
        assert letter.queue == queue
        assert "given up after 6 tries" in letter.reason
        assert "on purpose" in letter.reason
    monkeypatch.setattr(commands, "_running_system", lambda: system)
    assert commands.main(["dead-letters"]) == 0
    listed = capsys.readouterr().out
    assert letter.id in listed
    assert "given up after 6 tries" in listed
    assert commands.main(["dead-letters", "replay", letter.id]) == 0
    assert capsys.readouterr().out == "1 sent again.\n"
    eventually(lambda: not _waiting(system, queue), seconds=10)
    assert commands.main(["dead-letters", "drop", "--all"]) == 0
    assert capsys.readouterr().out == "0 dropped.\n"
    crowd = Crowd.of(lifter)
    note("a handler that keeps failing", crowd, check(crowd), remark="dead letter replayed")


def _pauses(log):
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [x["after_seconds"] for x in lines if x["event"].startswith("event failed")]


def _waiting(system, queue):
    lines = system.rabbitmqctl("list_queues", "--vhost", "gym", "name", "messages")
    counts = dict(line.split() for line in lines.splitlines() if queue in line)
    return int(counts[queue])
