"""What one client, or some, may hold of the gateway's connections, at the real bounds.

The clients are other addresses of this machine's loopback network.
"""

import itertools
import re
import resource
import socket
import threading
from contextlib import ExitStack, suppress

import pytest

from services.dependencies.messaging.consuming import QueueConsumer
from services.dependencies.metrics import HTTP, HTTP_DROPPED
from services.dependencies.web import bounds
from tests.api.http_client import read_all
from tests.api.lone_gateway import gateway_alone, held_back, wait_until

MANY = 2050
OPEN_FILES = 6000
MEGABYTE = 1_000_000
ATTACKER = "127.0.0.2"
OTHER = "127.0.0.3"
PROXY = "127.0.0.200"
CROWD = [f"127.0.1.{number}" for number in range(1, 10)]
RESET = b"\x01\0\0\0\0\0\0\0"

WORKOUT = {"id": 1, "version": 1, "date": "2026-01-01"}

_numbers = itertools.count(1000)


@pytest.fixture(scope="module")
def gateway():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < OPEN_FILES:
        pytest.skip(f"both ends are here, which takes {OPEN_FILES} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, OPEN_FILES), hard))
    try:
        with gateway_alone(TRUSTED_PROXIES=PROXY) as gateway:
            gateway.container.shared_extensions[QueueConsumer].usable = True
            yield gateway
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(autouse=True)
def quick_answers(gateway):
    gateway.answers["exercises.get"] = lambda number: {"id": number}
    yield
    wait_until(lambda: not gateway.server._connections)


@pytest.fixture
def connect(gateway):
    """Open a connection from an address, which is reset at the end."""
    with ExitStack() as opened:

        def open_one(source, sent=b""):
            connection = opened.enter_context(gateway.http.connect(source=source))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            with suppress(ConnectionError):
                connection.sendall(sent)
            return connection

        yield open_one


def get(path, more=""):
    return f"GET {path} HTTP/1.1\r\nHost: gym\r\n{more}\r\n".encode()


def begun_post(token, length, sent):
    return (
        f"POST /api/workouts HTTP/1.1\r\nHost: gym\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode() + b" " * sent


def ask(gateway, source, path="/api/exercises/1"):
    """Ask on a connection of its own; return the status, or None if there was no answer."""
    try:
        with gateway.http.connect(source=source) as connection:
            connection.sendall(get(path, "Connection: close\r\n"))
            found = re.match(rb"HTTP/1\.1 (\d+) ", read_all(connection))
    except ConnectionError:
        return None
    return int(found[1]) if found else None


def is_open(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def dropped(bound, why):
    return HTTP_DROPPED.labels(bound, why)._value.get()


# --- connections


@pytest.mark.parametrize("sources", [[ATTACKER], CROWD], ids=["one address", "nine addresses"])
def test_one_byte_connections_shut_nobody_out(gateway, connect, sources):
    for _, source in zip(range(MANY), itertools.cycle(sources), strict=False):
        connect(source, b"G")
    assert [ask(gateway, OTHER) for _ in range(100)] == [200] * 100
    assert len(gateway.server._connections) <= bounds.MOST_CONNECTIONS


def test_neither_do_those_that_come_back_at_once(gateway, connect):
    kept = connect(OTHER, get("/api/exercises/1"))
    assert kept.recv(10_000)
    for _, source in zip(range(MANY), itertools.cycle(CROWD), strict=False):
        connect(source, b"G")
    ended = threading.Event()

    def come_back():
        for source in itertools.cycle(CROWD):
            if ended.is_set():
                return
            try:
                gateway.http.connect(source=source).close()
            except OSError:
                continue

    attack = threading.Thread(target=come_back)
    attack.start()
    try:
        assert [ask(gateway, OTHER) for _ in range(100)] == [200] * 100
    finally:
        ended.set()
        attack.join()
    kept.sendall(get("/api/exercises/1"))
    assert kept.recv(10_000).startswith(b"HTTP/1.1 200 ")


def test_an_address_at_its_bound_displaces_its_own(gateway, connect):
    before = dropped("address", "displaced")
    others = connect(OTHER, b"G")
    idle = connect(ATTACKER, get("/api/exercises/1"))
    assert idle.recv(10_000)
    own = [connect(ATTACKER, b"G") for _ in range(bounds.MOST_PER_ADDRESS + 9)]
    wait_until(lambda: dropped("address", "displaced") - before == 10)
    wait_until(lambda: not any(map(is_open, own[:10])))
    assert all(map(is_open, [*own[10:], idle, others]))


def test_at_its_bound_the_longest_idle_goes_if_no_head_is_begun(gateway, connect, monkeypatch):
    monkeypatch.setattr(bounds, "MOST_PER_ADDRESS", 3)
    idle = []
    for _ in range(3):
        idle.append(connect(ATTACKER, get("/api/exercises/1")))
        assert idle[-1].recv(10_000)
    idle[0].sendall(get("/api/exercises/1"))
    assert idle[0].recv(10_000)
    assert ask(gateway, ATTACKER) == 200
    assert [is_open(connection) for connection in idle] == [True, False, True]


def test_at_its_bound_whoever_comes_while_all_are_busy_is_refused(gateway, connect, monkeypatch):
    monkeypatch.setattr(bounds, "MOST_PER_ADDRESS", 3)
    before, release = dropped("address", "refused"), threading.Event()
    gateway.answers["exercises.get"] = held_back(release, {})
    calls = len(gateway.calls)
    try:
        busy = [connect(ATTACKER, get(f"/api/exercises/{next(_numbers)}")) for _ in range(3)]
        wait_until(lambda: len(gateway.calls) - calls == 3)
        assert ask(gateway, ATTACKER, "/health") is None
        assert ask(gateway, OTHER, "/health") == 200
    finally:
        release.set()
    assert dropped("address", "refused") - before == 1
    assert all(connection.recv(10_000).startswith(b"HTTP/1.1 200 ") for connection in busy)


def test_a_proxy_may_have_more_than_an_address(gateway, connect):
    proxied = [connect(PROXY, b"G") for _ in range(bounds.MOST_PER_ADDRESS + 20)]
    assert ask(gateway, PROXY) == 200
    assert all(map(is_open, proxied))


def test_slow_bodies_give_way_when_nothing_else_can(gateway, connect, make_token):
    begun = begun_post(make_token(gateway), 100, 1)
    slow = [
        connect(source, begun)
        for _, source in zip(range(MANY), itertools.cycle(CROWD), strict=False)
    ]
    assert [ask(gateway, OTHER) for _ in range(100)] == [200] * 100
    assert is_open(slow[-1])


def test_a_client_that_goes_in_the_middle_of_its_body_is_no_fault_of_ours(
    gateway, connect, make_token
):
    connection = connect(ATTACKER, begun_post(make_token(gateway), 100, 1))
    wait_until(lambda: any(c.state.name == "BUSY" for c in gateway.server._connections))
    before = HTTP.tally("POST", "/api/workouts", 400).total
    connection.close()
    wait_until(lambda: HTTP.tally("POST", "/api/workouts", 400).total > before)
    assert HTTP.tally("POST", "/api/workouts", 500).total == 0
