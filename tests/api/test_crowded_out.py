"""What one client, or some, may hold of the gateway's connections and memory, at the real bounds.

The clients are other addresses of this machine's loopback network.
"""

import itertools
import re
import resource
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest

from services.observability.metrics import HTTP, HTTP_DROPPED
from services.transport.amqp.consuming import QueueConsumer
from services.transport.http import limits
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


def holds_all_it_may(gateway, most=limits.MOST_HELD_PER_ADDRESS):
    # somewhat less, as what would be too much has been closed as a whole
    return most - 2 * MEGABYTE < gateway.server.memory_limits.total <= most


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@contextmanager
def memory_grows_by_less_than(size):
    before = resident()
    yield
    assert resident() - before < size


# --- connections


@pytest.mark.slow
@pytest.mark.parametrize("sources", [[ATTACKER], CROWD], ids=["one address", "nine addresses"])
def test_one_byte_connections_shut_nobody_out(gateway, connect, sources):
    for _, source in zip(range(MANY), itertools.cycle(sources), strict=False):
        connect(source, b"G")
    assert [ask(gateway, OTHER) for _ in range(100)] == [200] * 100
    assert len(gateway.server._connections) <= limits.MOST_CONNECTIONS


@pytest.mark.slow
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
    own = [connect(ATTACKER, b"G") for _ in range(limits.MOST_PER_ADDRESS + 9)]
    wait_until(lambda: dropped("address", "displaced") - before == 10)
    wait_until(lambda: not any(map(is_open, own[:10])))
    assert all(map(is_open, [*own[10:], idle, others]))


def test_at_its_bound_the_longest_idle_goes_if_no_head_is_begun(gateway, connect, monkeypatch):
    monkeypatch.setattr(limits, "MOST_PER_ADDRESS", 3)
    idle = []
    for _ in range(3):
        idle.append(connect(ATTACKER, get("/api/exercises/1")))
        assert idle[-1].recv(10_000)
    idle[0].sendall(get("/api/exercises/1"))
    assert idle[0].recv(10_000)
    assert ask(gateway, ATTACKER) == 200
    assert [is_open(connection) for connection in idle] == [True, False, True]


def test_at_its_bound_whoever_comes_while_all_are_busy_is_refused(gateway, connect, monkeypatch):
    monkeypatch.setattr(limits, "MOST_PER_ADDRESS", 3)
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


def test_many_whose_time_is_over_are_refused_in_parts(gateway, connect, monkeypatch):
    """2,000 at once held everybody up for 200 ms."""
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(limits, "SWEEP_PART_SECONDS", 0)
    for _ in range(2):
        late = [connect("127.0.0.3", b"G") for _ in range(100)]
        assert all(b" 408 " in read_all(connection) for connection in late)
    assert ask(gateway, "127.0.0.4") == 200


def test_a_proxy_may_have_more_than_an_address(gateway, connect):
    proxied = [connect(PROXY, b"G") for _ in range(limits.MOST_PER_ADDRESS + 20)]
    assert ask(gateway, PROXY) == 200
    assert all(map(is_open, proxied))


@pytest.mark.slow
def test_slow_bodies_give_way_when_nothing_else_can(gateway, connect, make_token):
    begun = begun_post(make_token(gateway), 100, 1)
    slow = [
        connect(source, begun)
        for _, source in zip(range(MANY), itertools.cycle(CROWD), strict=False)
    ]
    assert [ask(gateway, OTHER) for _ in range(100)] == [200] * 100
    assert is_open(slow[-1])


# --- memory


@pytest.mark.slow
def test_answers_that_nobody_reads_are_bounded(gateway, connect):
    gateway.answers["exercises.get"] = {"text": "x" * MEGABYTE}
    path = "/api/exercises/1000000"
    before = dropped("address", "held")
    with memory_grows_by_less_than(50 * MEGABYTE):
        for _ in range(400):
            connect(ATTACKER, get(path) * 3)
        wait_until(lambda: holds_all_it_may(gateway))
        wait_until(lambda: dropped("address", "held") > before)
        assert {ask(gateway, OTHER, path) for _ in range(20)} == {200}
    # a new one of the same address is still served
    more = connect(ATTACKER, get(path) * 3)
    more.shutdown(socket.SHUT_WR)
    assert read_all(more).count(b"HTTP/1.1 200 ") == 3


def test_so_are_those_of_many_addresses(gateway, connect):
    gateway.answers["exercises.get"] = {"text": "x" * MEGABYTE}
    path = "/api/exercises/1000001"
    before = dropped("all", "held")
    with memory_grows_by_less_than(140 * MEGABYTE):
        for _, source in zip(range(180), itertools.cycle(CROWD), strict=False):
            connect(source, get(path))
        assert {ask(gateway, OTHER, path) for _ in range(20)} == {200}
        wait_until(lambda: holds_all_it_may(gateway, limits.MOST_HELD))
    assert dropped("all", "held") > before


def test_whoever_reads_slowly_but_reads_gets_a_large_answer_beside_those_who_do_not(
    gateway, connect
):
    sizes = {1000002: 6 * MEGABYTE, 1000003: MEGABYTE}
    gateway.answers["exercises.get"] = lambda number: {"text": "x" * sizes[number]}
    reading = connect(ATTACKER, get("/api/exercises/1000002", "Connection: close\r\n"))
    received = 0
    # so much that the gateway sees it read: the kernel tells when a good part of its buffer is free
    while piece := reading.recv(MEGABYTE, socket.MSG_WAITALL):
        received += len(piece)
        connect(ATTACKER, get("/api/exercises/1000003"))
    assert received > 6 * MEGABYTE


@pytest.mark.slow
def test_one_answer_alone_may_be_larger_than_the_bound(gateway, connect, monkeypatch):
    monkeypatch.setattr(limits, "MOST_HELD_PER_ADDRESS", MEGABYTE)
    gateway.answers["exercises.get"] = {"text": "x" * 12 * MEGABYTE}
    reading = connect(ATTACKER, get("/api/exercises/1000004", "Connection: close\r\n"))
    assert len(read_all(reading)) > 12 * MEGABYTE


def test_as_many_as_read_at_once_get_their_large_answers(gateway, connect):
    gateway.answers["exercises.get"] = {"text": "x" * MEGABYTE}
    path = "/api/exercises/1000005"
    reading = [connect(ATTACKER, get(path, "Connection: close\r\n")) for _ in range(15)]
    assert all(len(read_all(connection)) > MEGABYTE for connection in reading)


def test_bodies_that_do_not_end_are_bounded(gateway, connect, make_token):
    token = make_token(gateway)
    with memory_grows_by_less_than(50 * MEGABYTE):
        for _ in range(100):
            connect(ATTACKER, begun_post(token, 1024 * 1024, MEGABYTE))
        wait_until(lambda: holds_all_it_may(gateway))
    assert ask(gateway, ATTACKER) == 200


def test_heads_that_do_not_end_are_bounded(gateway, connect):
    begun = get("/", "".join(f"A{number}: {'b' * 7900}\r\n" for number in range(8)))[:-2]
    for _ in range(limits.MOST_PER_ADDRESS):
        connect(ATTACKER, begun)
    wait_until(lambda: holds_all_it_may(gateway))
    assert ask(gateway, ATTACKER) == 200


def test_what_was_held_is_released_with_the_answer(gateway, connect, make_token):
    gateway.answers["workouts.create"] = {"workout": WORKOUT, "replayed": False}
    connection = connect(ATTACKER)
    for _ in range(3):
        connection.sendall(begun_post(make_token(gateway), 500_000, 499_998) + b"{}")
        assert connection.recv(10_000).startswith(b"HTTP/1.1 201 ")
        assert gateway.server.memory_limits.total == 0


def test_a_client_that_goes_in_the_middle_of_its_body_is_no_fault_of_ours(
    gateway, connect, make_token
):
    connection = connect(ATTACKER, begun_post(make_token(gateway), 100, 1))
    wait_until(lambda: any(c.state.name == "BUSY" for c in gateway.server._connections))
    before = HTTP.series("POST", "/api/workouts", 400).total
    connection.close()
    wait_until(lambda: HTTP.series("POST", "/api/workouts", 400).total > before)
    assert HTTP.series("POST", "/api/workouts", 500).total == 0


def test_the_kernel_keeps_little_of_what_is_not_read(gateway, connect):
    connect(ATTACKER)
    wait_until(lambda: gateway.server._connections)
    (accepted,) = gateway.server._connections
    # Linux tells twice of what it was told
    option = accepted._socket._socket.getsockopt
    assert option(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * 128 * 1024
    assert option(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 2 * 128 * 1024
    assert option(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


@pytest.mark.slow
def test_requests_sent_ahead_wait_in_the_kernel(gateway, connect):
    """Each answer let in another piece, however much was here already."""
    requests = get("/health") * 40_000
    largest = received = 0
    connection = connect(ATTACKER)
    sending = threading.Thread(target=connection.sendall, args=(requests,))
    sending.start()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        received += len(connection.recv(100_000))
        largest = max(largest, *(len(c._buffer) for c in [*gateway.server._connections]))
    connection.shutdown(socket.SHUT_RDWR)
    sending.join()
    assert received
    assert largest <= limits.NEGLIGIBLE_BYTES
