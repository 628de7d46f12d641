"""Connections: order, pieces, slow readers, early ends, and many of them."""

import itertools
import re
import socket
import threading
import time

import pytest

from services.observability.metrics import HTTP
from services.transport.amqp.consuming import QueueConsumer
from services.transport.http import limits
from tests.api.http_client import read_all
from tests.api.lone_gateway import gateway_alone, held_back, wait_until

REMEMBERED = "/api/exercises/1"
LARGE = "x" * 12_000_000

_numbers = itertools.count(1000)


@pytest.fixture(scope="module")
def gateway():
    """One that hears of changes of the catalogue, and so remembers it."""
    with gateway_alone() as gateway:
        gateway.container.shared_extensions[QueueConsumer].usable = True
        yield gateway


@pytest.fixture(autouse=True)
def quick_answers(gateway):
    gateway.answers["exercises.get"] = lambda number: {"id": number}


@pytest.fixture
def fresh():
    """A target that has not been asked for before."""
    return f"/api/exercises/{next(_numbers)}"


@pytest.fixture
def remembered(gateway):
    """A target that is answered from memory."""
    for _ in range(2):
        assert gateway.http.get(REMEMBERED).status_code == 200
    return REMEMBERED


def get(path, request_id="", more=""):
    given = f"X-Request-ID: {request_id}\r\n" if request_id else ""
    return f"GET {path} HTTP/1.1\r\nHost: gym\r\n{given}{more}\r\n".encode()


def post(path, body):
    return (
        f"POST {path} HTTP/1.1\r\nHost: gym\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def ids(answers):
    return [found.decode() for found in re.findall(rb"\r\nX-Request-ID: (\S+)\r\n", answers)]


def statuses(answers):
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d+) ", answers)]


@pytest.mark.slow
def test_hits_and_others_are_answered_in_their_order(gateway, remembered):
    before = HTTP.from_cache
    paths = [remembered, "/health", remembered, remembered, "/nothing", "/health", remembered] * 5
    sent = b"".join(get(path, f"id-{number}") for number, path in enumerate(paths))
    answers = gateway.http.raw(sent)
    assert ids(answers) == [f"id-{number}" for number in range(len(paths))]
    assert statuses(answers) == [200, 200, 200, 200, 404, 200, 200] * 5
    assert HTTP.from_cache - before == 20


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Host: gym\r\n" + "".join(f"A{number}: b\r\n" for number in range(99)), 200),
        ("Host: gym\r\n" + "".join(f"A{number}: b\r\n" for number in range(100)), 431),
        ("Host: a b,c@/\r\n", 400),
    ],
    ids=["just enough headers", "one too many", "no host"],
)
def test_what_is_remembered_is_judged_as_what_is_not(gateway, remembered, head, status):
    for path in (f"/api/exercises/{next(_numbers)}", remembered, remembered):
        sent = f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()
        assert statuses(gateway.http.raw(sent)) == [status]


def test_a_thousand_requests_in_one_piece(gateway, remembered):
    sent = b"".join(get(remembered, f"id-{number}") for number in range(1000))
    assert ids(gateway.http.raw(sent)) == [f"id-{number}" for number in range(1000)]


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_pieces_make_no_difference(gateway, remembered, size):
    gateway.answers["users.login"] = {}
    requests = [get(remembered, "a"), post("/api/users/login", b"{}"), get("/health", "c")]
    sent = b"".join([*requests, get(remembered, "d")])
    with gateway.http.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin in range(0, len(sent), size):
            connection.sendall(sent[begin : begin + size])
            time.sleep(0.0005)
        connection.shutdown(socket.SHUT_WR)
        answers = read_all(connection)
    assert statuses(answers) == [200] * 4
    found = ids(answers)
    assert [found[0], *found[2:]] == ["a", "c", "d"]


def test_what_is_sent_ahead_waits_for_the_answer_before(gateway, fresh, remembered):
    release = threading.Event()
    gateway.answers["exercises.get"] = held_back(release, {})
    with gateway.http.connect() as connection:
        connection.sendall(get(fresh, "slow") + get(remembered, "fast"))
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        release.set()
        connection.settimeout(5)
        connection.shutdown(socket.SHUT_WR)
        assert ids(read_all(connection)) == ["slow", "fast"]


def test_whoever_sends_ahead_without_end_is_held_up(gateway, fresh, monkeypatch):
    monkeypatch.setattr(limits, "READ_AHEAD", 10_000)
    release = threading.Event()
    gateway.answers["exercises.get"] = held_back(release, {})
    with gateway.http.connect() as connection:
        connection.sendall(get(fresh))
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.sendall(get("/health") * 1_000_000)
        ours = next(c for c in gateway.server._connections if c.state.name == "BUSY")
        assert len(ours._buffer) < 200_000
        release.set()
        connection.settimeout(5)
        assert connection.recv(100_000).startswith(b"HTTP/1.1 200 ")


def test_the_answer_comes_although_the_client_has_sent_its_end(gateway, fresh):
    release = threading.Event()
    gateway.answers["exercises.get"] = held_back(release, {})
    with gateway.http.connect() as connection:
        connection.sendall(get(fresh) + get("/health") + b"GET /unfin")
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.1)
        release.set()
        assert statuses(read_all(connection)) == [200, 200, 400]


def test_a_slow_reader_gets_all_and_holds_up_nobody(gateway, fresh, remembered):
    gateway.answers["exercises.get"] = {"text": LARGE}
    with gateway.http.connect() as connection:
        connection.sendall(get(fresh) + get(remembered, "next"))
        wait_until(lambda: any(c.state.name == "SENDING" for c in gateway.server._connections))
        begun = time.monotonic()
        assert gateway.http.get(remembered).status_code == 200
        assert time.monotonic() - begun < 1
        connection.shutdown(socket.SHUT_WR)
        answers = read_all(connection)
    assert LARGE.encode() in answers
    assert ids(answers)[-1] == "next"


def test_whoever_does_not_read_at_all_is_left(gateway, fresh, monkeypatch):
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.2)
    gateway.answers["exercises.get"] = {"text": LARGE}
    with gateway.http.connect() as connection:
        connection.sendall(get(fresh))
        wait_until(lambda: any(c.state.name == "SENDING" for c in gateway.server._connections))
        wait_until(lambda: all(c.state.name != "SENDING" for c in gateway.server._connections))
        assert len(read_all(connection)) < len(LARGE)


def test_a_reset_while_a_request_is_worked_on_harms_nobody(gateway, fresh):
    release = threading.Event()
    gateway.answers["exercises.get"] = held_back(release, {})
    calls = len(gateway.calls)
    with gateway.http.connect() as connection:
        connection.sendall(get(fresh))
        wait_until(lambda: len(gateway.calls) > calls)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    wait_until(lambda: all(c.state.name != "BUSY" for c in gateway.server._connections))
    release.set()
    assert gateway.http.get("/health").status_code == 200


def test_many_connections_at_rest_cost_others_nothing(gateway, remembered):
    open_before = len(gateway.server._connections)
    idle = [gateway.http.connect(source=f"127.0.0.{2 + number % 2}") for number in range(300)]
    try:
        for connection in idle[::2]:
            connection.sendall(get(remembered))
        for connection in idle[::2]:
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
        assert len(gateway.server._connections) == open_before + 300
        begun = time.monotonic()
        for _ in range(20):
            assert gateway.http.get(remembered).status_code == 200
        assert time.monotonic() - begun < 2
    finally:
        for connection in idle:
            connection.close()
    wait_until(lambda: len(gateway.server._connections) <= open_before)


def test_a_kept_connection_is_closed_after_its_time(gateway, monkeypatch):
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.2)
    with gateway.http.connect(seconds=5) as connection:
        connection.sendall(get("/health"))
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
        assert read_all(connection) == b""


def test_http_1_0_may_keep_its_connection(gateway):
    with gateway.http.connect() as connection:
        for _ in range(2):
            connection.sendall(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = connection.recv(10_000)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b"\r\nConnection: keep-alive\r\n" in answer


@pytest.mark.slow
def test_a_remembered_answer_counts_as_any_other():
    with gateway_alone(RATE_LIMIT_API="500/minute") as gateway:
        gateway.container.shared_extensions[QueueConsumer].usable = True
        gateway.answers["exercises.get"] = {"id": 1}
        answers = gateway.http.raw(get(REMEMBERED) * 510)
        assert statuses(answers) == [200] * 500 + [429] * 10
    # four of five were counted in advance; the fifth asked, and its answer was remembered, too
    assert len(gateway.calls) == 1


@pytest.mark.slow
def test_remembered_answers_tell_caches_of_other_origins():
    with gateway_alone(CORS_ORIGINS="https://app.example") as gateway:
        gateway.container.shared_extensions[QueueConsumer].usable = True
        gateway.answers["exercises.get"] = {"id": 1}
        before = HTTP.from_cache
        for _ in range(3):
            assert gateway.http.get(REMEMBERED).headers["Vary"] == "Authorization, Origin"
        assert HTTP.from_cache - before == 2
        answer = gateway.http.get(REMEMBERED, headers={"Origin": "https://app.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert HTTP.from_cache - before == 2


def test_a_fast_path_that_fails_is_only_not_taken(gateway, remembered, monkeypatch):
    def fail(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(gateway.server, "fast_path", fail)
    assert gateway.http.get(remembered).status_code == 200
