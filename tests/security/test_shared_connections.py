"""No message ends a connection that others use, and whatever else ends one costs nobody a reply."""

import itertools
import json
import threading
import time
import uuid
from urllib.parse import quote, unquote, urlsplit

import amqp
import pytest
import requests
from amqp import serialization

from stack import dead_letters
from stack.broker import connection_to
from stack.layout import SERVICES
from tests.services.clients import connected
from tests.services.logbook import ago, body
from tests.services.raw_caller import BROKER_SECONDS, Caller, channel_of, request
from tests.waiting import eventually

pytestmark = pytest.mark.slow

LARGEST_FRAME = 131_072
EVENT_QUEUE = "evt-gateway-workout_created--analytics.handle_workout_created"


# -- what somebody with a password of the broker sends -----------------------------------------


class Bytes(amqp.Message):
    """A message whose properties are written byte by byte."""

    def __init__(self, text, flags, written):
        super().__init__(text)
        self.written = flags.to_bytes(2, "big") + written

    def _serialize_properties(self):
        return self.written


SHORT = {"content_type": 15, "content_encoding": 14, "correlation_id": 10, "reply_to": 9}
SHORT |= {"expiration": 8, "message_id": 7, "type": 5, "user_id": 4, "app_id": 3, "cluster_id": 2}
ORDER = (
    *("content_type", "content_encoding", "headers", "delivery_mode", "priority"),
    *("correlation_id", "reply_to", "expiration", "message_id", "timestamp"),
    *("type", "user_id", "app_id", "cluster_id"),
)
FLAGS = SHORT | {"headers": 13, "delivery_mode": 12, "priority": 11, "timestamp": 6}


def message(text, more_flags=0, **properties):
    """Write a message as bytes; ``headers`` are those of the table, without its length."""
    properties = {"content_type": b"application/json", "content_encoding": b"utf-8"} | properties
    written, flags = b"", more_flags
    for name in ORDER:
        value = properties.get(name)
        if value is None:
            continue
        flags |= 1 << FLAGS[name]
        if name == "headers":
            written += len(value).to_bytes(4, "big") + value
        else:
            written += bytes([len(value)]) + value if name in SHORT else value
    return Bytes(text, flags, written)


def field(name, kind, value):
    return bytes([len(name)]) + name + kind + value


def long_text(size):
    return size.to_bytes(4, "big") + b"h" * size


ADDRESS = str(uuid.uuid4()).encode()
TABLE = serialization.dumps("F", [{"a": 1, "b": [1, {"c": None}]}])
FIELDS = {
    "boolean": (b"t", b"\x02"),
    "signed byte": (b"b", b"\xff"),
    "unsigned byte": (b"B", b"\xff"),
    "short": (b"s", b"\xff\xff"),
    "unsigned short": (b"u", b"\xff\xff"),
    "int": (b"I", b"\xff" * 4),
    "unsigned int": (b"i", b"\xff" * 4),
    "long": (b"l", b"\x80" + b"\0" * 7),
    "float": (b"f", b"\x7f\xc0\0\0"),
    "no number": (b"d", b"\x7f\xf8" + b"\0" * 6),
    "infinite": (b"d", b"\x7f\xf0" + b"\0" * 6),
    "decimal": (b"D", b"\xff\xff\xff\xff\xff"),
    "text": (b"S", b"\0\0\0\x03\xff\0\xfe"),
    "bytes": (b"x", b"\0\0\0\x03\xff\0\xfe"),
    "time": (b"T", b"\xff" * 8),
    "table": (b"F", TABLE),
    "array": (b"A", b"\0\0\0\x04V" + b"t\x01V"),
    "nothing": (b"V", b""),
}
NO_TEXT = b"\xff" * 255
CASES = {
    "a flag for more flags": {"more_flags": 1},
    "both spare flags": {"more_flags": 3},
    "properties that are no text": dict.fromkeys(
        set(SHORT) - {"expiration", "user_id"}, b"\xff" * 255
    ),
    "an id that grows": {"correlation_id": "\U0001f3cb".encode() * 58 + b"\xff" * 22},
    "an id that grows beyond": {"correlation_id": b"\xff" * 80},
    "an empty id": {"correlation_id": b"", "message_id": b"", "type": b""},
    "expires in a thousand years": {"expiration": b"31557600000000"},
    "expires at once": {"expiration": b"0"},
    "odd expiration": {"expiration": b"1.5"},
    "priority": {"priority": b"\xff", "timestamp": b"\xff" * 8, "delivery_mode": b"\xff"},
    "another user": {"user_id": b"gateway"},
    "own user": {"user_id": b"operator"},
    "long names in the headers": {"headers": field(b"\xff" * 255, b"t", b"\x01")},
    "copies to others": {
        "headers": field(b"CC", b"A", b"\0\0\0\x0fS\0\0\0\x0arpc-nobody")
        + field(b"BCC", b"A", b"\0\0\0\x0fS\0\0\0\x0arpc-nobody")
    },
    "no copies": {"headers": field(b"CC", b"S", long_text(10))},
    "context of any kind": {
        "headers": b"".join(
            field(b"nameko." + name.encode(), *written) for name, written in FIELDS.items()
        )
    },
    "much context": {"headers": field(b"nameko.much", b"S", long_text(100_000))},
    "as many headers as fit": {"headers": field(b"h", b"S", long_text(LARGEST_FRAME - 150))},
    "a lengthy table": {"headers": field(b"h", b"S", b"\0\0\xff\xff" + b"short")},
    "no such kind": {"headers": field(b"h", b"?", b"\0")},
    **{f"a header: {name}": {"headers": field(b"h", *written)} for name, written in FIELDS.items()},
}
TEXTS = [request(1), '{"workout_id": "x"}']


STRANGE_KEYS = ("workouts.\xff", "workouts.", f"workouts.{'x' * 240}", "workouts.get.get", "#", "*")


class Hostile:
    """Publishes, and begins anew whenever the broker has had enough of it."""

    def __init__(self, system):
        self.system = system
        self.connection = self.channel = None
        self.taken = 0

    def send(self, exchange, key, made):
        """Publish a message, and note whether the broker takes it."""
        try:
            if self.channel is None:
                self.connection = connection_to(self.system.environment["AMQP_URI"], BROKER_SECONDS)
                self.connection.connect()
                self.channel = self.connection.channel()
                self.channel.confirm_select()
            self.channel.basic_publish_confirm(made, exchange, key)
            self.taken += 1
        except (amqp.AMQPError, OSError):
            # the broker's own judgement: such a message comes to nobody
            self.close()

    def close(self):
        """End the connection."""
        if self.connection is not None:
            self.connection.collect()
        self.connection = self.channel = None


@pytest.fixture
def hostile(system):
    """Somebody with the operator's password."""
    publisher = Hostile(system)
    yield publisher
    publisher.close()


@pytest.fixture
def others(system):
    """Somebody who asks all services all the time, and must always be answered."""
    enough, problems, asked = threading.Event(), [], []

    def work():
        with connected(system) as rpc:
            while not enough.is_set():
                begun = time.monotonic()
                try:
                    rpc.exercises.get(1)
                    rpc.workouts.list(2**61)
                    rpc.analytics.progress(2**61)
                except Exception as problem:
                    problems.append(problem)
                asked.append(time.monotonic() - begun)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    eventually(lambda: asked)
    yield asked
    enough.set()
    thread.join(60)
    assert not problems, problems[0]


@pytest.fixture
def lines(system):
    """What the services log from now on."""
    logs = {name: system.log(name) for name in SERVICES}
    begun = {name: log.stat().st_size for name, log in logs.items()}

    def written():
        found = []
        for name, log in logs.items():
            with log.open("rb") as opened:
                opened.seek(begun[name])
                found += [f"{name}: {line}" for line in opened.read().decode().splitlines()]
        return found

    return written


@pytest.fixture
def without_letters(system):
    """Leave no dead letters to other tests."""
    yield
    with dead_letters.connected(system.environment["AMQP_URI"]) as queue:
        for letter in queue.fetch():
            queue.drop(letter)


@pytest.mark.timeout(300)
def test_no_message_ends_a_connection(system, others, lines, hostile, without_letters):
    before = {name: system.pid(name) for name in SERVICES}
    queues = [f"rpc-{service}" for service in SERVICES if service != "gateway"]
    for properties in CASES.values():
        asks = {"reply_to": ADDRESS, "correlation_id": b"1"} | properties
        for text, queue in itertools.product(TEXTS, [*queues, EVENT_QUEUE, f"{EVENT_QUEUE}_first"]):
            hostile.send("", queue, message(text, **asks))
        # it comes with what the broker adds to its headers
        hostile.send("wait-1s", EVENT_QUEUE, message("{}", **properties))
    for key in STRANGE_KEYS:
        hostile.send("nameko-rpc", key, message(request(1), reply_to=ADDRESS))
        hostile.send("gateway.events", key, message("{}"))
    assert hostile.taken > 8 * len(CASES)
    count = len(others)
    eventually(lambda: len(others) > count + 5, seconds=60)

    def is_taken():
        listed = system.rabbitmqctl("list_queues", "--vhost", "gym", "name", "messages")
        rows = [line.split() for line in listed.splitlines()]
        taken = ("rpc-", "evt-gateway-", "evt-exercises-")
        left = [row for row in rows if row[0].startswith(taken) and row[1] != "0"]
        assert not left
        return True

    eventually(is_taken, seconds=60)
    lost = [line for line in lines() if "connection lost" in line]
    assert not lost, lost[0]
    assert {name: system.pid(name) for name in SERVICES} == before


# -- a connection is closed --------------------------------------------------------------------


class Management:
    """RabbitMQ's own HTTP interface, by which an operator can close a connection."""

    def __init__(self, system):
        parts = urlsplit(system.environment["AMQP_URI"])
        self.url = f"{system.management_url}/api/connections"
        self.session = requests.Session()
        self.session.auth = unquote(parts.username), unquote(parts.password)

    def find(self, known):
        """Return the broker's name of the connection that workouts replies on, unless known."""
        for each in self.session.get(self.url, timeout=20).json():
            client = each.get("client_properties", {}).get("connection_name")
            if client == "workouts: publishing" and each["name"] not in known:
                return each["name"]
        return None

    def close(self, name):
        answer = self.session.delete(f"{self.url}/{quote(name, safe='')}", timeout=20)
        assert answer.status_code in (204, 404), answer.text


def test_no_reply_is_lost_with_the_connection_that_carries_it(system, rpc, fresh_user):
    management = Management(system)
    asked, closed = set(), []
    # without exercises, about which workouts would have to ask another service
    workout = body(ago(0))

    def close_three_times():
        for _ in range(3):
            name = eventually(lambda: management.find(closed), seconds=30)
            management.close(name)
            closed.append(name)

    closing = threading.Thread(target=close_three_times, daemon=True)
    with channel_of(system) as channel:
        caller = Caller(channel)
        closing.start()
        while closing.is_alive() or len(asked) < 200:
            for method, args in (("create", [fresh_user, workout]), ("list", [fresh_user])):
                name = f"{method} {len(asked)}"
                caller.send("workouts", method, request(*args), correlation_id=name)
                asked.add(name)
            # a few at a time are under way at each moment
            caller.wait_until(lambda: len(asked) - len(caller.answered()) < 20, 20)
        caller.wait_until(lambda: caller.answered() >= asked, 20)
    assert len(closed) == 3
    failed = [json.loads(reply.body)["error"] for reply in caller.replies]
    assert not any(failed), next(filter(None, failed))
    created = sum(name.startswith("create") for name in asked)
    assert rpc.workouts.list(fresh_user)["total"] == created
