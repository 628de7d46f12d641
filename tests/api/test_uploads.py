"""Bodies that a route takes as a stream: slow, stalled, broken off, too large, of another type."""

import re
import socket
import threading
import time
from contextlib import suppress

import eventlet
import pytest
from openapi_spec_validator import validate

from gateway.entrypoint import route
from gateway.openapi.contents import stream_of
from gateway.openapi.document import make_document
from gateway.openapi.pages import Undocumented
from gateway.requests.uploads import TakesUpload
from gateway.responses.cache_policy import CachePolicy
from schemas import responses
from schemas.errors import ServiceUnavailable
from schemas.workouts import NewWorkout
from services.process import budgets
from services.transport.http import Refused, limits
from tests.api.http_client import read_all
from tests.api.lone_gateway import gateway_alone, held_back, wait_until
from tests.api.streaming_gateway import (
    EXPORT,
    MIRROR,
    UPLOAD,
    Pages,
    StreamingGateway,
    get,
    nothing_is_held,
    send,
    statuses,
    unchunk,
)

MIB = 1024 * 1024
FILE = b"".join(b"%07d\n" % number for number in range(1_000_000))
CSV = {"Content-Type": "text/csv"}
RESET = b"\x01\0\0\0\0\0\0\0"


@pytest.fixture(scope="module")
def gateway():
    """One worker: whoever holds it while a client is slow holds up everybody."""
    with gateway_alone(service=StreamingGateway, nameko={"max_workers": 1}) as gateway:
        gateway.answers |= {"workouts.get": {"id": 1}, "workouts.give_up": {}}
        yield gateway


@pytest.fixture(autouse=True)
def all_is_let_go_of(gateway, monkeypatch):
    StreamingGateway.ends.clear()
    yield
    monkeypatch.undo()
    wait_until(lambda: nothing_is_held(gateway))


@pytest.fixture
def taken(gateway):
    """The pieces that the service has got."""
    pieces = []

    def take(number, piece):
        pieces.append(piece)
        return len(piece)

    gateway.answers["workouts.take"] = take
    return pieces


@pytest.fixture
def token(gateway, make_token):
    return make_token(gateway)


def codes(answer):
    return [error["code"] for error in answer.json()["errors"]]


def upload_in_gateway(gateway):
    (found,) = [c for c in [*gateway.server._connections] if c.state.name == "BUSY"]
    return found


def is_waiting(gateway):
    return any(c._woken is not None for c in [*gateway.server._connections])


# --- whole ones


@pytest.mark.parametrize(
    "length", [1, limits.BODY_PIECE - 1, limits.BODY_PIECE, limits.BODY_PIECE + 1, len(FILE)]
)
def test_a_body_arrives_whole_in_pieces(gateway, taken, token, length):
    answer = gateway.http.post(UPLOAD, data=FILE[:length], headers=CSV, token=token)
    assert answer.status_code == 202
    assert answer.json()["data"] == [{"received": length, "is": "text/csv"}]
    assert b"".join(taken) == FILE[:length]
    assert {len(piece) for piece in taken[:-1]} <= {limits.BODY_PIECE}
    assert StreamingGateway.ends == []


@pytest.mark.parametrize(
    "media_type",
    ["text/csv", "Text/CSV; header=present", "text/csv; charset=iso-8859-1", "application/json"],
)
def test_any_of_the_types_is_taken(gateway, taken, token, media_type):
    headers = {"Content-Type": media_type}
    answer = gateway.http.post(UPLOAD, data=b"[1, 2]", headers=headers, token=token)
    assert answer.json()["data"][0]["is"] == media_type.partition(";")[0].lower()
    assert taken == [b"[1, 2]"]


def test_the_largest_is_taken(gateway, taken, token):
    body = b"x" * budgets.LARGEST_UPLOAD
    assert gateway.http.post(UPLOAD, data=body, headers=CSV, token=token).status_code == 202
    assert sum(map(len, taken)) == 20 * MIB


def test_the_connection_is_used_again_and_what_was_sent_ahead_is_answered(gateway, taken, token):
    sent = send(UPLOAD, FILE[:700_000], token) + get("/api/workouts/1", token)
    again = send(UPLOAD, b"more", token) + get("/health")
    with gateway.http.connect() as connection:
        feed = threading.Thread(target=connection.sendall, args=(sent + again,))
        feed.start()
        wait_until(lambda: len(taken) == 4)
        feed.join()
        connection.shutdown(socket.SHUT_WR)
        assert statuses(read_all(connection)) == [202, 200, 202, 200]


def test_http_1_0_may_send_one(gateway, taken, token):
    answer = gateway.http.raw(send(UPLOAD, FILE[:300_000], token, version="1.0"), end=False)
    assert statuses(answer) == [202]
    assert b"".join(taken) == FILE[:300_000]


def test_continue_is_said_once_and_only_if_the_body_is_wanted(gateway, taken, token):
    expects = "Expect: 100-continue\r\n"
    with gateway.http.connect() as connection:
        connection.sendall(send(UPLOAD, token=token, length=600_000, more=expects))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(FILE[:600_000])
        connection.shutdown(socket.SHUT_WR)
        assert statuses(read_all(connection)) == [202]
    for length, status in ((21 * MIB, 413), (0, 400)):
        refused = send(UPLOAD, token=token, length=length, more=expects)
        assert statuses(gateway.http.raw(refused)) == [status]


def test_a_body_can_be_answered_with_a_stream(gateway, taken, token):
    answer = gateway.http.post(MIRROR, data=FILE, headers=CSV, token=token)
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.content == FILE


# --- slow clients


def test_a_client_is_held_up_while_nobody_takes_what_it_sends(gateway, token):
    release = threading.Event()
    gateway.answers["workouts.take"] = held_back(release, 1)
    with gateway.http.connect() as connection:
        connection.settimeout(1)
        with pytest.raises(TimeoutError):
            connection.sendall(send(UPLOAD, FILE, token))
        assert len(upload_in_gateway(gateway)._buffer) <= 2 * limits.READ_AHEAD
        held = gateway.server.memory_limits.total
        assert held <= limits.BODY_PIECE + 2 * limits.READ_AHEAD
        release.set()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def test_the_process_does_not_grow_with_a_body(gateway, token):
    most = []
    gateway.answers["workouts.take"] = lambda number, piece: (
        most.append(gateway.server.memory_limits.total) or len(piece)
    )
    body = b"x" * budgets.LARGEST_UPLOAD
    assert gateway.http.post(UPLOAD, data=body, headers=CSV, token=token).status_code == 202
    assert max(most) <= 2 * (limits.BODY_PIECE + 2 * limits.READ_AHEAD)


def test_slow_uploads_need_no_worker(gateway, taken, token, make_token):
    slow = [gateway.http.connect() for _ in range(20)]
    try:
        for user, connection in enumerate(slow, 1):
            connection.sendall(send(UPLOAD, b"1", make_token(gateway, user), 1000))
        wait_until(lambda: sum(c._woken is not None for c in gateway.server._connections) == 20)
        assert not gateway.container._worker_threads
        assert gateway.http.get("/api/workouts/1", token=token).status_code == 200
        for connection in slow:
            connection.sendall(b"2" * 999)
        for connection in slow:
            assert connection.recv(10_000).startswith(b"HTTP/1.1 202 ")
    finally:
        for connection in slow:
            connection.close()


def test_whoever_gets_on_may_take_longer_than_a_stalled_one(gateway, taken, token, monkeypatch):
    monkeypatch.setattr(limits, "STALLED_BODY_SECONDS", 0.3)
    monkeypatch.setattr(limits, "STREAM_STEP", 100)
    with gateway.http.connect() as connection:
        connection.sendall(send(UPLOAD, token=token, length=1000))
        for begin in range(0, 1000, 100):
            connection.sendall(FILE[begin : begin + 100])
            time.sleep(0.1)
        assert connection.recv(10_000).startswith(b"HTTP/1.1 202 ")
    assert taken == [FILE[:1000]]


@pytest.mark.parametrize("sent", [b"", b"x" * 250])
def test_whoever_stalls_is_refused_in_time(gateway, taken, token, monkeypatch, sent):
    monkeypatch.setattr(limits, "STALLED_BODY_SECONDS", 0.3)
    monkeypatch.setattr(limits, "STREAM_STEP", 100)
    with gateway.http.connect() as connection:
        connection.sendall(send(UPLOAD, sent, token, 1000))
        answer = read_all(connection)
    assert statuses(answer) == [408]
    assert b"Connection: close" in answer
    (problem,) = StreamingGateway.ends
    assert (type(problem), problem.status) == (Refused, 408)
    assert gateway.calls[-1][0] == "workouts.give_up"


def test_each_piece_has_the_time_of_a_request(gateway, token, monkeypatch):
    monkeypatch.setattr(budgets, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(limits, "LATE_SECONDS", 0.1)
    monkeypatch.setattr(limits, "BODY_PIECE", 10)
    gateway.answers["workouts.take"] = lambda number, piece: eventlet.sleep(0.2) or 1
    answer = gateway.http.post(UPLOAD, data=b"x" * 60, headers=CSV, token=token)
    assert answer.status_code == 202


def test_whoever_works_too_long_on_a_piece_is_a_504(gateway, token, monkeypatch):
    monkeypatch.setattr(budgets, "REQUEST_SECONDS", 0.1)
    monkeypatch.setattr(limits, "LATE_SECONDS", 0.1)
    release = threading.Event()
    gateway.answers["workouts.take"] = held_back(release, 1)
    try:
        answer = gateway.http.post(UPLOAD, data=b"x", headers=CSV, token=token)
    finally:
        release.set()
    assert answer.status_code == 504


# --- bodies that break off


def test_a_body_that_ends_early_is_a_400(gateway, taken, token):
    answer = gateway.http.raw(send(UPLOAD, FILE[:300_000], token, 400_000))
    assert statuses(answer) == [400]
    assert b"The body ends before its Content-Length" in answer
    assert b"".join(taken) == FILE[: limits.BODY_PIECE]
    (problem,) = StreamingGateway.ends
    assert (type(problem), problem.status) == (Refused, 400)


def test_a_connection_that_is_lost_ends_the_method(gateway, taken, token):
    connection = gateway.http.connect()
    connection.sendall(send(UPLOAD, b"x" * 1000, token, 2000))
    wait_until(lambda: is_waiting(gateway))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()
    wait_until(lambda: StreamingGateway.ends)
    assert isinstance(StreamingGateway.ends[0], Refused)
    wait_until(lambda: gateway.calls[-1][0] == "workouts.give_up")


def test_what_is_left_after_an_error_is_not_taken_for_a_request(gateway, token):
    gateway.answers["workouts.take"] = ServiceUnavailable.of("workout-service", 5)
    smuggled = get("/health") * 30_000
    answer = gateway.http.raw(send(UPLOAD, smuggled, token), end=False)
    assert statuses(answer) == [503]
    assert b"Connection: close" in answer


# --- which answer when several are due


def test_the_order_of_refusals(gateway, taken, token):
    large, xml = b"x" * (20 * MIB + 1), {"Content-Type": "text/xml"}
    path = f"{UPLOAD}?bogus=1"
    answer = gateway.http.post(path, data=b"x" * 100, headers=xml)
    assert (answer.status_code, codes(answer)) == (401, ["UNAUTHORIZED"])
    answer = gateway.http.post(path, data=large, headers=xml, token=token)
    assert (answer.status_code, codes(answer)) == (413, ["PAYLOAD_TOO_LARGE"])
    details = {"constraint": "max_length", "max_length": 20 * MIB, "received": len(large)}
    assert answer.json()["errors"][0]["details"] == details
    answer = gateway.http.post(path, data=b"x", headers=xml, token=token)
    assert (answer.status_code, codes(answer)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])
    assert answer.headers["Accept"] == "text/csv, application/json"
    message = "The body must be text/csv or application/json"
    assert answer.json()["errors"][0]["message"] == message
    answer = gateway.http.post(path, headers=CSV, token=token)
    assert (answer.status_code, codes(answer)) == (400, ["INVALID_PARAMETER"])
    answer = gateway.http.post(UPLOAD, headers=CSV, token=token)
    assert (answer.status_code, codes(answer)) == (400, ["VALIDATION_ERROR"])
    assert answer.json()["errors"][0]["message"] == "The body is empty"
    assert taken == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "nonsense"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "text/csv", "Content-Encoding": "gzip"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_other_types_are_415(gateway, taken, token, headers):
    answer = gateway.http.post(UPLOAD, data=b"x", headers=headers, token=token)
    assert answer.status_code == 415
    assert taken == []


def test_the_limit_of_json_bodies_stays(gateway, token):
    headers = {"Content-Type": "application/json"}
    answer = gateway.http.post("/api/workouts", data=b"x" * (MIB + 1), headers=headers, token=token)
    assert answer.json()["errors"][0]["details"]["max_length"] == MIB


# --- smuggling


@pytest.mark.parametrize(
    ("framing", "status"),
    [
        ("Transfer-Encoding: chunked\r\n", 411),
        ("Transfer-Encoding: Chunked\r\n", 411),
        ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ("Transfer-Encoding: xchunked\r\n", 501),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 501),
        ("Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400),
        ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Content-Length: 4\r\nContent-Length: 60\r\n", 400),
        ("Content-Length: 4, 60\r\n", 400),
    ],
)
def test_nothing_is_smuggled_by_chunks(gateway, taken, token, framing, status):
    smuggled = "GET /health HTTP/1.1\r\nHost: gym\r\nX-Request-ID: smuggled\r\n\r\n"
    for body in (f"4\r\nabcd\r\n0\r\n\r\n{smuggled}", f"0\r\n\r\n{smuggled}", smuggled):
        head = f"POST {UPLOAD} HTTP/1.1\r\nHost: gym\r\nAuthorization: Bearer {token}\r\n"
        sent = f"{head}Content-Type: text/csv\r\n{framing}\r\n{body}"
        answer = gateway.http.raw(sent.encode())
        assert statuses(answer) == [status]
        assert b"\r\nX-Request-ID: smuggled" not in answer
    assert taken == []


def test_what_follows_the_length_is_a_request_and_what_is_within_is_not(gateway, taken, token):
    inside, after = (get("/health", more=f"X-Request-ID: {name}\r\n") for name in ("in", "after"))
    body = inside * 5000
    answers = gateway.http.raw(send(UPLOAD, body, token) + after)
    assert re.findall(rb"\r\nX-Request-ID: (in|after)\r\n", answers) == [b"after"]
    assert b"".join(taken) == body


# --- how many


@pytest.mark.slow
def test_a_user_has_two_at_a_time(gateway, taken, token, make_token):
    slow = [gateway.http.connect() for _ in range(2)]
    try:
        for connection in slow:
            connection.sendall(send(UPLOAD, b"1", token, 2))
        wait_until(lambda: sum(c._woken is not None for c in gateway.server._connections) == 2)
        answer = gateway.http.post(UPLOAD, data=b"x", headers=CSV, token=token)
        assert (answer.status_code, codes(answer)) == (429, ["RATE_LIMIT_EXCEEDED"])
        assert gateway.http.get(EXPORT, token=token).status_code == 429
        assert gateway.http.get("/api/workouts/1", token=token).status_code == 200
    finally:
        for connection in slow:
            with suppress(OSError):
                connection.sendall(b"2")
                assert connection.recv(10_000).startswith(b"HTTP/1.1 202 ")
            connection.close()


@pytest.mark.slow
def test_a_server_that_stops_takes_an_upload_to_its_end(make_token):
    with gateway_alone(service=StreamingGateway) as gateway:
        gateway.answers["workouts.take"] = lambda number, piece: len(piece)
        with gateway.http.connect() as connection:
            connection.sendall(send(UPLOAD, FILE[:1000], make_token(gateway), 2000))
            wait_until(lambda: is_waiting(gateway))
            gateway.stop()
            wait_until(lambda: gateway.server.closing)
            connection.sendall(FILE[1000:2000])
            answer = read_all(connection)
    assert statuses(answer) == [202]
    assert b"Connection: close" in answer


@pytest.mark.slow
def test_but_does_not_wait_for_a_stalled_one_for_ever(make_token, monkeypatch):
    monkeypatch.setattr(budgets, "STOP_SECONDS", 0.5)
    with gateway_alone(service=StreamingGateway) as gateway:
        gateway.answers["workouts.give_up"] = {}
        with gateway.http.connect() as connection:
            connection.sendall(send(UPLOAD, FILE[:1000], make_token(gateway), 2000))
            wait_until(lambda: is_waiting(gateway))
            gateway.stop()
            gateway.thread.join(5)
            assert not gateway.thread.is_alive()
    assert [call[0] for call in gateway.calls] == ["workouts.give_up"]


def test_uploads_and_streams_follow_each_other_on_one_connection(gateway, taken, token):
    gateway.answers["workouts.page"] = made = Pages(10, 100_000)
    sent = send(UPLOAD, b"x" * 300_000, token) + get(EXPORT, token) + send(UPLOAD, b"y", token)
    answers = gateway.http.raw(sent)
    first, _, rest = answers.partition(b"Transfer-Encoding: chunked\r\n")
    assert statuses(first) == [202, 200]
    content, rest = unchunk(rest.removeprefix(b"\r\n"))
    assert content == made.whole
    assert statuses(rest) == [202]


# --- the document


@pytest.mark.slow
def test_streams_are_described():
    document = make_document(StreamingGateway)
    validate(document)
    upload = document["paths"][UPLOAD]["post"]
    assert upload["requestBody"] == {
        "required": True,
        "description": "Sets, one a line. At most 20 MiB.",
        "content": {"text/csv": {"schema": {"type": "string"}}, "application/json": {"schema": {}}},
    }
    too_large, of_another_type = upload["responses"]["413"], upload["responses"]["415"]
    assert "larger than 20 MiB" in too_large["description"]
    assert of_another_type["headers"]["Accept"]["schema"]["const"] == "text/csv, application/json"
    export = document["paths"][EXPORT]["get"]
    assert export["responses"]["200"] == {
        "description": "Sets, one a line.",
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("X-Request-ID", "Content-Disposition")
        },
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
    assert "304" not in export["responses"]
    assert "parameters" not in export


@pytest.mark.slow
def test_what_can_not_go_together_stops_the_start():
    class Contradicting(StreamingGateway):
        @route(
            "POST",
            "/api/workouts/first",
            body=NewWorkout,
            upload=TakesUpload(("text/csv",), "Sets."),
            shows=responses.Workout,
        )
        def first(self, request):
            """Take two bodies."""

        @route(
            "GET",
            "/api/workouts/second",
            cache=CachePolicy.WORKOUTS,
            shows=stream_of("text/csv", about="Sets."),
        )
        def second(self, request):
            """Keep what is never there as a whole."""

    with pytest.raises(Undocumented) as problem, gateway_alone(service=Contradicting):
        pytest.fail("it started")
    assert str(problem.value).partition(": ")[2].split("; ") == [
        "first takes a body and an upload",
        "second streams, so it can have no cache and no idempotency key",
    ]
