"""Dead letters as ``gym dead-letters`` shows them."""

from datetime import datetime

import amqp
import pytest

from stack.dead_letters import as_table, choose, own_headers, read
from stack.failures import Failure

OURS = {
    "nameko.request_id": "req_1",
    "x-gym-reason": "Poison: the event has no workout_id",
    "x-gym-queue": "evt-gateway-workout_created--analytics.handle_workout_created",
    "x-gym-buried-at": "2026-02-16T10:00:00+00:00",
    "x-gym-attempt": 5,
}
BROKERS = {
    "x-death": [{"queue": "rpc-users", "reason": "rejected", "time": datetime(2026, 2, 16, 10)}],
    "x-first-death-reason": "rejected",
}


def letter(body=b'{"workout_id": 1}', headers=None, **properties):
    return read(amqp.Message(body, application_headers=headers or {}, **properties))


def test_one_that_a_service_gave_up_on():
    found = letter(headers=OURS, message_id="1")
    assert found.queue == OURS["x-gym-queue"]
    assert found.reason == OURS["x-gym-reason"]
    assert found.since == OURS["x-gym-buried-at"]
    assert found.content == '{"workout_id": 1}'


def test_one_that_the_broker_moved():
    found = letter(headers=BROKERS)
    assert (found.queue, found.reason) == ("rpc-users", "rejected")
    assert found.since == "2026-02-16T10:00:00+00:00"


def test_any_content_can_be_shown():
    assert letter(b"\xff\x00\n\x1b[31m" + b"x" * 100).content.endswith("x…")
    assert "\x1b" not in as_table([letter(b"\x1b[31mred", headers={"x-gym-reason": "\x1b[2J"})])


def test_ids_are_the_same_each_time_and_differ():
    assert letter().id == letter().id
    assert letter(message_id="1").id != letter(message_id="2").id


def test_a_replayed_one_starts_anew():
    assert own_headers(OURS | BROKERS) == {"nameko.request_id": "req_1"}


def test_choosing():
    first, second = letters = [letter(message_id="1"), letter(message_id="2")]
    assert choose(letters, [second.id], everything=False) == [second]
    assert choose(letters, [], everything=True) == [first, second]
    with pytest.raises(Failure, match="say which"):
        choose(letters, [], everything=False)
    with pytest.raises(Failure, match="no dead letter nonsense"):
        choose(letters, ["nonsense"], everything=False)


def test_the_table_has_a_line_for_each():
    lines = as_table([letter(headers=OURS), letter(headers=BROKERS)]).splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["id", "since", "queue", "reason", "content"]
