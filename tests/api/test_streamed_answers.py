"""Responses that are made while they are sent, and how they end."""

import http.client
import socket
import struct
import time
from contextlib import closing

import eventlet
import pytest

from gateway.responses import streams
from schemas.errors import ServiceUnavailable
from services.process import budgets
from services.transport.http import limits
from tests.api.http_client import read_all
from tests.api.lone_gateway import gateway_alone, wait_until
from tests.api.streaming_gateway import (
    EXPORT,
    Pages,
    StreamingGateway,
    get,
    nothing_is_held,
    read_until,
    statuses,
    unchunk,
)

EXPORTED = b"Content-Type: text/csv"
LAST = b"\r\n0\r\n\r\n"
LARGE = 100 * 1024
DOWN = ServiceUnavailable.of("workout-service", 5)
RESET = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def gateway():
    """One worker: whoever holds it while a client is slow holds up everybody."""
    with gateway_alone(service=StreamingGateway, nameko={"max_workers": 1}) as gateway:
        gateway.answers["workouts.get"] = {"id": 1}
        yield gateway


@pytest.fixture(autouse=True)
def all_is_let_go_of(gateway, monkeypatch):
    StreamingGateway.ends.clear()
    yield
    monkeypatch.undo()
    wait_until(lambda: nothing_is_held(gateway))


@pytest.fixture
def pages(gateway):
    def serve(number, size=LARGE):
        gateway.answers["workouts.page"] = made = Pages(number, size)
        return made

    return serve


@pytest.fixture
def token(gateway, make_token):
    return make_token(gateway)


@pytest.fixture
def slow(gateway):
    """Open a connection with little room for what it has not read."""
    opened = []

    def connect(sent):
        connection = socket.socket()
        opened.append(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", gateway.server.port))
        connection.settimeout(10)
        connection.sendall(sent)
        return connection

    yield connect
    for connection in opened:
        connection.close()


def split(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def connections_in(gateway, state):
    return [c for c in [*gateway.server._connections] if c.state.name == state]


def test_a_stream_arrives_whole(gateway, pages, token):
    made = pages(30)
    answer = gateway.http.get(EXPORT, token=token)
    assert answer.status_code == 200
    assert answer.content == made.whole
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sets.csv"'
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not answer.headers.keys() & {"Content-Length", "ETag"}
    assert StreamingGateway.ends == [None]


@pytest.mark.parametrize(
    "sizes",
    [[], [0], [0, 8, 0], [8], [limits.STREAM_STEP], [limits.STREAM_STEP + 8, 8], [3_000_000]],
)
def test_pieces_of_any_size(gateway, token, sizes):
    made = [b"x" * size for size in sizes]
    gateway.answers["workouts.page"] = lambda number: {"rows": [*made, None][number]}
    body = split(gateway.http.raw(get(EXPORT, token)))[1]
    assert unchunk(body) == (b"".join(made), b"")
    chunks = [len(part) for part in body.split(b"\r\n")]
    assert max(chunks) <= limits.STREAM_STEP


def test_the_connection_is_used_again_and_what_was_sent_ahead_is_answered(gateway, pages, token):
    made = pages(20)
    sent = get(EXPORT, token) + get("/api/workouts/1", token) + get(EXPORT, token)
    answers = gateway.http.raw(sent + get("/health", more="Connection: close\r\n"), end=False)
    body, rest = unchunk(split(answers)[1])
    assert body == made.whole
    assert rest.partition(EXPORTED)[0].count(b'"id":1') == 1
    body, rest = unchunk(split(rest.partition(EXPORTED)[2])[1])
    assert body == made.whole
    assert statuses(rest) == [200]


def test_head_has_the_same_headers_and_no_body(gateway, pages, token):
    made = pages(20)
    heads = gateway.http.raw(get(EXPORT, token, method="HEAD") + get("/health"))
    assert statuses(heads) == [200, 200]
    head = split(heads)[0]
    whole = split(gateway.http.raw(get(EXPORT, token)))[0]
    names = [[line.split(b":")[0] for line in each.split(b"\r\n")] for each in (head, whole)]
    assert names[0] == names[1]
    assert made.asked[:1] == [0]
    assert isinstance(StreamingGateway.ends[0], GeneratorExit)


def test_http_1_0_gets_no_chunks_but_the_end(gateway, pages, token):
    made = pages(20)
    keep = "Connection: keep-alive\r\n"
    sent = get(EXPORT, token, version="1.0", more=keep) + get("/health", version="1.0")
    head, body = split(gateway.http.raw(sent, end=False))
    assert body == made.whole
    assert b"Transfer-Encoding" not in head
    assert b"\r\nConnection: close" in head


def test_who_says_close_gets_chunks_and_the_end(gateway, pages, token):
    made = pages(3)
    head, body = split(gateway.http.raw(get(EXPORT, token, "Connection: close\r\n"), end=False))
    assert unchunk(body) == (made.whole, b"")
    assert b"\r\nConnection: close" in head


def test_an_error_before_the_first_byte_is_in_the_envelope(gateway, pages, token):
    made = pages(3)
    made.problems[0] = DOWN
    answer = gateway.http.get(EXPORT, token=token)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["errors"][0]["code"] == "SERVICE_UNAVAILABLE"
    assert gateway.http.request("HEAD", EXPORT, token=token).status_code == 503
    made.problems[0] = ValueError("secret")
    answer = gateway.http.get(EXPORT, token=token)
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    assert gateway.http.get(EXPORT).status_code == 401
    assert gateway.http.get(f"{EXPORT}?bogus=1", token=token).status_code == 400


@pytest.mark.slow
@pytest.mark.parametrize("problem", [DOWN, ValueError("broken")], ids=["down", "broken"])
def test_after_an_error_in_the_middle_the_last_chunk_is_missing(
    gateway, pages, token, problem, capsys
):
    made = pages(30)
    made.problems[20] = problem
    asked = get(EXPORT, token, "X-Request-ID: mine\r\n")
    answer = gateway.http.raw(asked + get("/health"), end=False)
    assert statuses(answer) == [200]
    assert answer.endswith(made.of(19)[-80:] + b"\r\n")
    with pytest.raises(http.client.IncompleteRead):
        read_by_the_library(gateway, token)
    said = capsys.readouterr().out
    assert "stream failed" in said
    assert "request_id=mine" in said


def read_by_the_library(gateway, token):
    with closing(http.client.HTTPConnection("127.0.0.1", gateway.server.port)) as connection:
        connection.request("GET", EXPORT, headers={"Authorization": f"Bearer {token}"})
        with connection.getresponse() as response:
            return response.read()


def test_to_http_1_0_an_error_in_the_middle_is_a_reset(gateway, pages, token):
    pages(30).problems[20] = DOWN
    with gateway.http.connect() as connection:
        connection.sendall(get(EXPORT, token, version="1.0"))
        wait_until(lambda: not connections_in(gateway, "BUSY"))
        with pytest.raises(ConnectionResetError):
            read_until(connection, LAST)


def test_a_slow_reader_costs_a_connection_and_nothing_else(gateway, pages, token, slow):
    made = pages(100)
    reader = slow(get(EXPORT, token))
    wait_until(lambda: connections_in(gateway, "STREAMING"))
    asked = len(made.asked)
    assert asked < 20
    for _ in range(3):
        assert gateway.http.get("/api/workouts/1", token=token).status_code == 200
    assert len(made.asked) == asked
    held = gateway.server.memory_limits.total
    assert limits.STREAM_STEP < held < 2 * (LARGE + limits.STREAM_STEP)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)
    assert unchunk(split(read_until(reader, LAST))[1]) == (made.whole, b"")


def test_many_slow_readers_need_no_worker(gateway, pages, make_token, slow):
    pages(100)
    for user in range(1, 51):
        slow(get(EXPORT, make_token(gateway, user)))
    wait_until(lambda: len(connections_in(gateway, "STREAMING")) == 50)
    assert gateway.http.get("/api/workouts/1", token=make_token(gateway, 1)).status_code == 200


def test_who_reads_nothing_is_left_in_time(gateway, pages, token, slow, monkeypatch):
    pages(100)
    monkeypatch.setattr(limits, "STALLED_RESPONSE_SECONDS", 1)
    reader = slow(get(EXPORT, token))
    wait_until(lambda: StreamingGateway.ends)
    assert isinstance(StreamingGateway.ends[0], GeneratorExit)
    assert not read_all(reader).endswith(LAST)


@pytest.mark.slow
def test_who_reads_slowly_but_reads_may_take_longer(gateway, pages, token, slow, monkeypatch):
    made = pages(5)
    monkeypatch.setattr(limits, "STREAM_STEP", 16 * 1024)
    monkeypatch.setattr(limits, "STALLED_RESPONSE_SECONDS", 1)
    reader = slow(get(EXPORT, token))
    received, begun = b"", time.monotonic()
    while not received.endswith(LAST):
        received += reader.recv(16 * 1024)
        time.sleep(0.05)
    assert time.monotonic() - begun > 2
    assert unchunk(split(received)[1]) == (made.whole, b"")


@pytest.mark.parametrize("reset", [False, True])
def test_the_generator_ends_when_the_client_leaves(gateway, pages, token, slow, reset):
    pages(1000)
    reader = slow(get(EXPORT, token))
    wait_until(lambda: connections_in(gateway, "STREAMING"))
    if reset:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    reader.close()
    wait_until(lambda: StreamingGateway.ends)
    assert isinstance(StreamingGateway.ends[0], GeneratorExit)


def test_who_sends_its_end_first_gets_all(gateway, pages, token):
    made = pages(30)
    assert unchunk(split(gateway.http.raw(get(EXPORT, token)))[1]) == (made.whole, b"")


def test_each_step_has_the_time_of_a_request(gateway, pages, token, monkeypatch):
    made = pages(6, 80)
    monkeypatch.setattr(budgets, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(limits, "LATE_SECONDS", 0.1)

    def page(number):
        eventlet.sleep(0.2)
        return made(number)

    gateway.answers["workouts.page"] = page
    StreamingGateway.seconds_left.clear()
    assert gateway.http.get(EXPORT, token=token).content == made.whole
    assert len(StreamingGateway.seconds_left) == 7
    assert min(StreamingGateway.seconds_left) > 0.4


def test_a_user_has_two_at_a_time(gateway, pages, token, make_token, slow):
    pages(100)
    readers = [slow(get(EXPORT, token)) for _ in range(2)]
    wait_until(lambda: len(connections_in(gateway, "STREAMING")) == 2)
    answer = gateway.http.get(EXPORT, token=token)
    assert answer.status_code == 429
    (error,) = answer.json()["errors"]
    assert error["message"] == "Too many uploads and downloads at a time"
    assert error["details"] == {"limit": "2 at a time", "retry_after": 1}
    assert answer.headers["Retry-After"] == "1"
    assert gateway.http.get("/api/workouts/1", token=token).status_code == 200
    pages(1)
    assert gateway.http.get(EXPORT, token=make_token(gateway, 2)).status_code == 200
    readers[0].close()
    wait_until(lambda: StreamingGateway.ends)
    assert gateway.http.get(EXPORT, token=token).status_code == 200


def test_what_is_unread_counts_and_the_slowest_gives_way(
    gateway, pages, make_token, slow, monkeypatch
):
    pages(100)
    readers = []
    for user in range(1, 4):
        readers.append(slow(get(EXPORT, make_token(gateway, user))))
        wait_until(lambda: len(connections_in(gateway, "STREAMING")) == len(readers))
    monkeypatch.setattr(limits, "MOST_HELD", gateway.server.memory_limits.total)
    slow(get(EXPORT, make_token(gateway, 4)))
    wait_until(lambda: StreamingGateway.ends)
    assert not read_all(readers[0]).endswith(LAST)
    assert len(connections_in(gateway, "STREAMING")) == 3


def test_other_origins_may_read_a_stream(make_token):
    with gateway_alone(service=StreamingGateway, CORS_ORIGINS="https://app.example") as gateway:
        gateway.answers["workouts.page"] = made = Pages(2, 80)
        origin = {"Origin": "https://app.example"}
        answer = gateway.http.get(EXPORT, token=make_token(gateway), headers=origin)
        assert answer.content == made.whole
        assert answer.headers["Access-Control-Allow-Origin"] == origin["Origin"]
        assert "Content-Disposition" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.slow
def test_a_server_that_stops_finishes_a_stream(make_token):
    with gateway_alone(service=StreamingGateway) as gateway:
        gateway.answers["workouts.page"] = made = Pages(100, LARGE)
        with gateway.http.connect() as connection:
            connection.sendall(get(EXPORT, make_token(gateway)))
            received = connection.recv(65536)
            gateway.stop()
            wait_until(lambda: gateway.server.closing)
            received += read_all(connection)
    assert unchunk(split(received)[1]) == (made.whole, b"")


def test_but_does_not_wait_for_ever(make_token, monkeypatch):
    monkeypatch.setattr(budgets, "STOP_SECONDS", 0.5)
    StreamingGateway.ends.clear()
    with gateway_alone(service=StreamingGateway) as gateway:
        gateway.answers["workouts.page"] = Pages(1000, LARGE)
        with gateway.http.connect() as connection:
            connection.sendall(get(EXPORT, make_token(gateway)))
            wait_until(lambda: connections_in(gateway, "STREAMING"))
            gateway.stop()
            gateway.thread.join(5)
            assert not gateway.thread.is_alive()
            assert not read_all(connection).endswith(LAST)
    assert isinstance(StreamingGateway.ends[0], GeneratorExit)


def test_a_header_that_can_not_be_sent_lets_go_of_the_stream(gateway, pages, token, monkeypatch):
    pages(2)
    monkeypatch.setattr(streams, "PERSONAL", ("Cache-Control", "\u2603"))
    assert gateway.http.raw(get(EXPORT, token)) == b""
    assert isinstance(StreamingGateway.ends[0], GeneratorExit)
