"""Whatever a message holds, it stops nobody: what clients write into bodies, and what somebody with
a password of the broker could put on any queue."""

import itertools
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import amqp
import pytest
from amqp import serialization

from schemas.errors import NotFound
from services.process import budgets
from stack import dead_letters
from stack.layout import SERVICES
from tests.services.clients import connected
from tests.services.logbook import ago, body, lift, one
from tests.services.raw_caller import JSON, Caller, channel_of
from tests.waiting import eventually

MARKERS = [
    {"__type__": "no such type", "__value__": 1},
    {"__type__": "decimal", "__value__": "30"},
    {"__type__": "decimal", "__value__": "NaN"},
    {"__type__": "date", "__value__": "2026-01-01"},
    {"__type__": "datetime", "__value__": {"__type__": "x"}},
    {"__type__": [], "__value__": None},
]


# -- what a client writes ----------------------------------------------------------------------


def fields_of(answer):
    assert answer.status_code == 400, answer.text
    return {error["field"]: error["details"]["constraint"] for error in answer.json()["errors"]}


@pytest.mark.parametrize("marker", MARKERS, ids=lambda marker: str(marker["__type__"]))
def test_what_kombu_would_make_a_type_of_is_refused_as_any_object(http, person, marker):
    token = person.token()
    one_set = {"reps": marker, "weight": marker, "unit": marker, "notes": marker}
    workout = {
        "date": marker,
        "duration_minutes": marker,
        "exercises": [{"exercise_id": marker, "sets": [one_set]}],
    }
    found = fields_of(http.post("/api/workouts", workout, token=token))
    assert found == dict.fromkeys(
        ["date", "duration_minutes", "exercises[0].exercise_id"]
        + [f"exercises[0].sets[0].{name}" for name in one_set],
        "type",
    )
    answer = http.post("/api/workouts", body(ago(0), lift(1, one(5, 100))), token=token)
    workout_id = answer.json()["data"][0]["id"]
    answer = http.put(f"/api/workouts/{workout_id}", {"name": marker, "date": marker}, token=token)
    assert fields_of(answer) == {"name": "type", "date": "type"}
    answer = http.post("/api/users/login", {"email": marker, "password": marker})
    assert fields_of(answer) == {"email": "type", "password": "type"}
    answer = http.post("/api/users/register", {"email": marker, "password": marker})
    assert fields_of(answer) == {"email": "type", "password": "type"}


def test_markers_stop_nobody(http, person, stranger):
    bad, good = person.token(), stranger.token()
    fine = body(ago(0), lift(1, one(5, 100)))

    def send(number):
        is_good = number % 4 == 0
        workout = fine if is_good else {"date": MARKERS[number % len(MARKERS)]}
        return http.post("/api/workouts", workout, token=good if is_good else bad).status_code

    with ThreadPoolExecutor(16) as clients:
        statuses = [*clients.map(send, range(160))]
    assert statuses == [201, 400, 400, 400] * 40


# -- what somebody with a password of the broker sends -----------------------------------------


UNDECODABLE = {
    "no JSON": ("{nonsense", {}),
    "nested": ("[" * 5000 + "]" * 5000, {}),
    "no object": ("[1, 2]", {}),
    "not UTF-8": (b'{"args": "\xff"}', {}),
    "other type": ("a: 1", {"content_type": "application/x-yaml"}),
    "pickle": ("cos\nsystem", {"content_type": "application/x-python-serialize"}),
    "too large": (json.dumps({"args": ["x" * budgets.LARGEST_MESSAGE], "kwargs": {}}), {}),
    "bad header": (
        '{"args": [1], "kwargs": {}}',
        {"application_headers": {"nameko.call_id_stack": 7}},
    ),
}


@pytest.mark.parametrize("case", UNDECODABLE)
@pytest.mark.parametrize("service", [name for name in SERVICES if name != "gateway"])
def test_a_request_that_cannot_be_understood_is_answered_at_once(system, service, case):
    text, properties = UNDECODABLE[case]
    with channel_of(system) as channel:
        reply = Caller(channel).ask(service, "get", text, **properties)
    assert reply["result"] is None
    assert reply["error"]["exc_type"] == "MalformedRequest"
    assert len(json.dumps(reply)) < 4096


@pytest.mark.parametrize("reply_to", ["x", "", "amq.gen-abc", "rpc.reply-foo", "\u00fc" * 30, None])
def test_a_reply_address_that_nobody_may_write_to_is_seen_before_the_work(system, rpc, reply_to):
    """The broker would close the connection on which all replies leave."""
    properties = {} if reply_to is None else {"reply_to": reply_to}
    request = amqp.Message('{"args": [1], "kwargs": {}}', **properties, **JSON)
    with channel_of(system) as channel:
        for _ in range(20):
            channel.basic_publish(request, "nameko-rpc", "workouts.get")
            with pytest.raises(NotFound):
                rpc.workouts.get(2**62)
    assert "connection lost" not in last_lines(system, "workouts", 100)


def last_lines(system, service, count):
    return "\n".join(system.log(service).read_text().splitlines()[-count:])


@cache
def deep_headers(depth):
    """A header table of arrays within arrays, as bytes: no client would write it."""
    value = b"t\x01"
    for _ in range(depth):
        value = b"A" + len(value).to_bytes(4, "big") + value
    return serialization.dumps("F", [{}])[4:] + b"\x04deep" + value


class Raw(amqp.Message):
    """A message whose headers are given as bytes."""

    def __init__(self, text, raw_headers, **properties):
        super().__init__(text, **properties)
        self.raw_headers = raw_headers

    def _serialize_properties(self):
        written = super()._serialize_properties()
        flags = int.from_bytes(written[:2], "big") | 1 << 13
        texts = written[2:]
        # content type and encoding come before the headers
        place = 0
        for name in ("content_type", "content_encoding"):
            if name in self.properties:
                place += 1 + texts[place]
        table = len(self.raw_headers).to_bytes(4, "big") + self.raw_headers
        return flags.to_bytes(2, "big") + texts[:place] + table + texts[place:]


BODIES = [
    b"",
    b"{nonsense",
    b"null",
    b"[" * 3000 + b"]" * 3000,
    b'{"workout_id":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"result": {"__type__": "x"}, "error": {"exc_path": "os.system"}}',
    b'{"args": {"a": 1}, "kwargs": [], "workout_id": {"__type__": "uuid", "__value__": 1}}',
    b'{"id": "x", "exercises": [{}], "user_id": [], "version": {}, "date": 1, "workout_id": 1e400}',
    b"\xff" * 10_000,
]
PROPERTIES = [
    {},
    JSON,
    JSON | {"reply_to": "x", "correlation_id": "y" * 255},
    JSON | {"reply_to": str(uuid.uuid4()), "correlation_id": "\u2603" * 80},
    JSON | {"expiration": "60000", "message_id": "m" * 255, "type": "t", "delivery_mode": 2},
    {"content_type": "application/x-python-serialize", "content_encoding": "binary"},
]
HEADERS = [
    None,
    {"nameko.call_id_stack": 7, "x-gym-attempt": "many"},
    {"nameko.call_id_stack": [["deep"], {"a": 1}], "nameko.deadline": "soon"},
    {"nameko.request_id": "r" * 100_000, "nameko.user_id": {"a": [1]}},
    {"nameko.traceparent": 5, "x-gym-dispatched-at": "yesterday", "nameko.deadline": -1.0},
]
DEPTHS = [9, 2000, 12_000]
QUEUES = ("evt-gateway-", "evt-exercises-", *(f"rpc-{name}" for name in SERVICES))
QUEUES += tuple(f"rpc.reply-{name}-" for name in SERVICES)
"""Those of the services; the tests' own clients could not take what is put there."""


def strange_messages():
    for text, properties, headers in itertools.product(BODIES, PROPERTIES, HEADERS):
        given = properties if headers is None else {**properties, "application_headers": headers}
        yield amqp.Message(text, **given)
    for text, properties, depth in itertools.product(BODIES, PROPERTIES[:4], DEPTHS):
        yield Raw(text, deep_headers(depth), **properties)


@pytest.fixture
def without_letters(system):
    """Leave no dead letters to other tests."""
    yield
    with dead_letters.connected(system.environment["AMQP_URI"]) as queue:
        for letter in queue.fetch():
            assert len(letter.message.body) <= 4096
            queue.drop(letter)


@pytest.mark.slow
def test_no_message_on_any_queue_ends_a_process(system, http, person, without_letters):
    before = {name: system.pid(name) for name in SERVICES}
    listed = system.rabbitmqctl("list_queues", "--vhost", "gym", "name", "--no-table-headers")
    queues = [name for name in listed.split() if name.startswith(QUEUES)]
    assert len(queues) >= 11
    with channel_of(system) as channel:
        channel.confirm_select()
        for place, queue in enumerate(queues):
            # a quarter of them on each, another one on the next
            for message in itertools.islice(strange_messages(), place % 4, None, 4):
                channel.basic_publish_confirm(message, "", queue)
    token = person.token()
    logged = body(ago(0), lift(1, one(5, 100)))
    for _ in range(3):
        assert http.post("/api/workouts", logged, token=token).status_code == 201

    def is_counted():
        answer = http.get("/api/stats/progress?weeks=1", token=token)
        return answer.json()["data"][0]["weeks"][0]["total_workouts"] == 3

    eventually(is_counted, seconds=20)
    eventually(lambda: not waiting(system, queues), seconds=30)
    assert {name: system.pid(name) for name in SERVICES} == before
    with connected(system) as rpc:
        assert rpc.exercises.get(1)["id"] == 1


def waiting(system, queues):
    listed = system.rabbitmqctl("list_queues", "--vhost", "gym", "name", "messages")
    counts = dict(line.split() for line in listed.splitlines() if " " in line or "\t" in line)
    return {name: count for name, count in counts.items() if name in queues and count != "0"}
