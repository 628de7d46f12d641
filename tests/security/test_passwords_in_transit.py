"""A password is kept nowhere, also when the service that it is for does not answer.

Every service is stalled under requests until they have expired, in a system of its own: with
traces, and with all that the servers write in earnest.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle

import pytest
import redis
import requests

from services.process import budgets
from stack import rabbitmq
from stack.broker import connection_to
from stack.layout import RUN_DIRECTORY
from stack.testing import running_system
from stack.traces import DIRECTORY as TRACES
from tests.waiting import eventually

pytestmark = pytest.mark.slow

MARK = b"open-sesame"
PASSWORD = f"{MARK.decode()} and more"
ACCOUNT = {"email": "early@example.com", "password": PASSWORD}
NEW_ACCOUNT = {"email": "late@example.com", "password": PASSWORD}
STALLED = ("users", "exercises", "workouts", "analytics")
TIMES = budgets.SERVICE_WORKERS + 5
"""More than a service takes off its queue while it is stalled."""

SECONDS = 30


@pytest.fixture(scope="module")
def apart():
    directory = RUN_DIRECTORY / f"test-{os.getpid()}-passwords"
    with running_system(directory=directory, throwaway=False) as system:
        yield system


@pytest.fixture(scope="module")
def found_meanwhile(apart):
    """The files that held a password when all requests had expired, and all was still stalled."""
    # more than one, as none of them gets all workers
    accounts = [ACCOUNT, *({**ACCOUNT, "email": f"{place}@example.com"} for place in range(4))]
    tokens = [
        send(apart, "POST", "/api/users/register", account).json()["data"][0]["token"]
        for account in accounts
    ]
    assert send(apart, "POST", "/api/users/login", ACCOUNT).status_code == 200
    for token in tokens:
        # while the users service is stalled nobody can tell what an unknown token is good for
        assert send(apart, "GET", "/api/workouts", token=token).status_code == 200
    for name in STALLED:
        apart.pause(name)
    try:
        with ThreadPoolExecutor(100) as pool:
            answers = [pool.submit(send, apart, *request) for request in requests_for_all(tokens)]
            with connected(apart) as channel:
                eventually(lambda: all(have_waiting(channel, f"rpc-{name}") for name in STALLED))
        assert {answer.result().status_code for answer in answers} <= {503, 504}
        return [path for path in holders(apart) if path.parts[0] != rabbitmq.DIRECTORY]
    finally:
        for name in STALLED:
            apart.resume(name)


@pytest.fixture(scope="module")
def calm(apart, found_meanwhile):
    """The system after that, with nothing left to do."""
    apart.wait_ready(STALLED)
    eventually(lambda: not any(count for name, count in queues(apart) if "rpc-" in name), SECONDS)
    return apart


def requests_for_all(tokens):
    """Return requests for every service, with a password wherever there can be one."""
    workout = {"date": "2026-01-02", "notes": PASSWORD}
    for _, token in zip(range(TIMES), cycle(tokens)):
        yield "POST", "/api/users/login", ACCOUNT
        yield "POST", "/api/users/register", NEW_ACCOUNT
        yield "POST", "/api/workouts", workout, token
        yield "GET", f"/api/exercises/search?q={PASSWORD}"
        yield "GET", "/api/stats/progress", None, token


def send(system, method, path, body=None, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(
        method, f"{system.url}{path}", json=body, headers=headers, timeout=SECONDS
    )


@contextmanager
def connected(system):
    """Give a channel on which anything may be done."""
    connection = connection_to(system.environment["AMQP_URI"], SECONDS)
    connection.connect()
    with connection:
        yield connection.channel()


def have_waiting(channel, queue):
    return channel.queue_declare(queue, passive=True).message_count > 0


def queues(system):
    """Return the name and the number of messages of each queue that anybody may read."""
    lines = system.rabbitmqctl(
        "list_queues", "--vhost", "gym", "name", "messages", "exclusive", "--no-table-headers"
    )
    rows = (line.split("\t") for line in lines.splitlines())
    # a quorum queue, which can't be, says nothing of it
    return [(name, int(count)) for name, count, exclusive in rows if exclusive != "true"]


def holders(system):
    """Return the files that have a password in them."""
    return [
        path.relative_to(system.directory)
        for path in system.directory.rglob("*")
        if path.is_file() and MARK in content(path)
    ]


def content(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        # servers delete files now and then
        return b""


def test_no_log_trace_or_database_has_a_password_meanwhile(apart, found_meanwhile):
    assert any((apart.directory / TRACES).iterdir())
    assert found_meanwhile == []


def test_no_queue_has_a_message_afterwards(calm):
    with connected(calm) as channel:
        left = {name: channel.basic_get(name) for name, _ in queues(calm)}
    assert {name: message.body for name, message in left.items() if message} == {}


def test_no_file_has_a_password_afterwards(calm):
    with redis.Redis(port=int(calm.environment["REDIS_PORT"])) as client:
        client.config_set("rdbcompression", "no")
        client.save()
    assert holders(calm) == []
