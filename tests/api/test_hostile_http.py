"""What no decent client sends: it is refused in the envelope, or dropped, and others are served."""

import json
import time

import pytest

from services.transport.http import limits
from tests.api.http_client import read_all

HOST = b"Host: gym\r\n"
JSON = b"Content-Type: application/json\r\n"
LOGIN = b"POST /api/users/login HTTP/1.1\r\n" + HOST + JSON


@pytest.fixture(autouse=True)
def short_bounds(monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.4)
    monkeypatch.setattr(limits, "LINGER_SECONDS", 1)


def split(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, body


def assert_refused(answer, status, code):
    got, headers, body = split(answer)
    assert got == status
    assert headers["Content-Type"] == "application/json"
    assert headers["Connection"] == "close"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert len(body) == int(headers["Content-Length"])
    document = json.loads(body)
    assert document["data"] == []
    assert [error["code"] for error in document["errors"]] == [code]
    assert document["meta"]["request_id"] == headers["X-Request-ID"]
    assert isinstance(document["timestamp"], int)


def get(path=b"/health", version=b"HTTP/1.1", headers=HOST):
    return b"GET " + path + b" " + version + b"\r\n" + headers + b"\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"garbage\r\n\r\n", 400, "BAD_REQUEST"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET /health\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET  /health HTTP/1.1\r\n" + HOST + b"\r\n", 400, "BAD_REQUEST"),
        (b"G@T /health HTTP/1.1\r\n" + HOST + b"\r\n", 400, "BAD_REQUEST"),
        (b"GET /he alth HTTP/1.1\r\n" + HOST + b"\r\n", 400, "BAD_REQUEST"),
        (get(path=b"/\x00"), 400, "BAD_REQUEST"),
        (get(version=b"HTTP/x"), 400, "BAD_REQUEST"),
        (get(version=b"http/1.1"), 400, "BAD_REQUEST"),
        (get(version=b"HTTP/2.0"), 505, "HTTP_VERSION_NOT_SUPPORTED"),
        (get(version=b"HTTP/9.9"), 505, "HTTP_VERSION_NOT_SUPPORTED"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP_VERSION_NOT_SUPPORTED"),
        (get(headers=b""), 400, "BAD_REQUEST"),
        (get(headers=HOST + HOST), 400, "BAD_REQUEST"),
        (get(headers=HOST + b"no colon\r\n"), 400, "BAD_REQUEST"),
        (get(headers=HOST + b"Spaced : x\r\n"), 400, "BAD_REQUEST"),
        (get(headers=HOST + b"A: b\r\n folded\r\n"), 400, "BAD_REQUEST"),
        (get(headers=HOST + b"A: b\rContent-Length: 5\r\n"), 400, "BAD_REQUEST"),
        (get(headers=HOST + b"A: \x00\r\n"), 400, "BAD_REQUEST"),
        (get(headers=HOST + b": nameless\r\n"), 400, "BAD_REQUEST"),
        (get(path=b"/" + b"a" * 9000), 414, "URI_TOO_LONG"),
        (b"A" * 100_000, 414, "URI_TOO_LONG"),
        (
            get(headers=HOST + b"A: " + b"b" * 9000 + b"\r\n"),
            431,
            "REQUEST_HEADER_FIELDS_TOO_LARGE",
        ),
        (get(headers=HOST + b"A: b\r\n" * 10_000), 431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
        (
            get(headers=HOST + (b"A: " + b"b" * 7000 + b"\r\n") * 20),
            431,
            "REQUEST_HEADER_FIELDS_TOO_LARGE",
        ),
        (get(headers=HOST + b"Expect: a miracle\r\n"), 417, "EXPECTATION_FAILED"),
        (LOGIN + b"Content-Length: x\r\n\r\n", 400, "BAD_REQUEST"),
        (LOGIN + b"Content-Length: -1\r\n\r\n", 400, "BAD_REQUEST"),
        (LOGIN + b"Content-Length: +2\r\n\r\n{}", 400, "BAD_REQUEST"),
        (LOGIN + b"Content-Length: 1_0\r\n\r\n", 400, "BAD_REQUEST"),
        (LOGIN + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400, "BAD_REQUEST"),
        (LOGIN + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", 413, "PAYLOAD_TOO_LARGE"),
        (LOGIN + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, "BAD_REQUEST"),
        (
            LOGIN + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "BAD_REQUEST",
        ),
        (LOGIN + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "NOT_IMPLEMENTED"),
        (
            LOGIN + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            411,
            "LENGTH_REQUIRED",
        ),
        (LOGIN + b"Content-Length: 10\r\n\r\n{}", 400, "BAD_REQUEST"),
        (b"GET /health HTTP/1.1\r\nHost: gym\r\n", 400, "BAD_REQUEST"),
        (b"GET /hea", 400, "BAD_REQUEST"),
    ],
    ids=lambda value: repr(value[:50]) if isinstance(value, bytes) else str(value),
)
def test_is_refused_in_the_envelope(edge, sent, status, code):
    assert_refused(edge.http.raw(sent), status, code)


@pytest.mark.parametrize("path", [b"/health", b"http://gym/health", b"/%68ealth"])
def test_forms_of_a_path(edge, path):
    assert split(edge.http.raw(get(path=path)))[0] == 200


def test_a_very_long_host_is_nothing_to_us(edge):
    host = b"Host: " + b"x" * 500 + b".example\r\n"
    assert split(edge.http.raw(get(headers=host)))[0] == 200


def test_keeps_the_request_id_of_a_head_it_could_read(edge):
    answer = edge.http.raw(get(headers=b"X-Request-ID: mine\r\n"))
    assert split(answer)[1]["X-Request-ID"] == "mine"


@pytest.mark.parametrize("given", [b"a b", b"x" * 65, b"", b"a\xe9", b'"><script>', b"%0d%0a"])
def test_makes_a_new_request_id_for_a_bad_one(edge, given):
    headers = split(edge.http.raw(get(headers=HOST + b"X-Request-ID: " + given + b"\r\n")))[1]
    assert headers["X-Request-ID"].startswith("req_")


def test_a_head_that_trickles_is_refused_in_time(edge):
    with edge.http.connect() as connection:
        begun = time.monotonic()
        for byte in b"GET /health HTTP/1.1\r\nHost: gym\r\nX: ":
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
        assert_refused(read_all(connection), 408, "REQUEST_TIMEOUT")
        assert time.monotonic() - begun < 2


def test_a_body_that_trickles_is_refused_in_time(edge):
    with edge.http.connect() as connection:
        connection.sendall(LOGIN + b"Content-Length: 1000\r\n\r\n{")
        assert_refused(read_all(connection), 408, "REQUEST_TIMEOUT")


def test_a_connection_without_a_word_is_closed(edge):
    with edge.http.connect(seconds=5) as connection:
        assert read_all(connection) == b""


def test_others_are_served_beside_slow_heads_and_bodies(edge, monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 5)
    monkeypatch.setattr(limits, "BODY_SECONDS", 5)
    slow = [edge.http.connect() for _ in range(200)]
    try:
        for number, connection in enumerate(slow):
            tail = b"Content-Length: 100\r\n\r\n{" if number % 2 else b"X-Slow: "
            connection.sendall(LOGIN + tail)
        edge.answers["exercises.get"] = {"id": 1}
        begun = time.monotonic()
        assert edge.http.get("/api/exercises/1").status_code == 200
        assert time.monotonic() - begun < 1
    finally:
        for connection in slow:
            connection.close()


def test_resets_in_every_phase_are_survived(edge):
    whole = LOGIN + b"Content-Length: 40\r\n\r\n" + b'{"email":"a@example.com","password":"x"}'
    for length in range(0, len(whole) + 1, 7):
        with edge.http.connect() as connection:
            # an immediate close with unsent data pending is a reset
            connection.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.sendall(whole[:length])
    assert edge.http.get("/health").status_code == 200


def test_a_large_body_is_refused_without_being_kept(edge, make_token):
    token = make_token(edge)
    answer = edge.http.post(
        "/api/workouts",
        data=b"x" * 60_000_000,
        token=token,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    (error,) = answer.json()["errors"]
    assert error["code"] == "PAYLOAD_TOO_LARGE"
    assert error["details"] == {
        "constraint": "max_length",
        "max_length": 1024 * 1024,
        "received": 60_000_000,
    }


def test_a_body_of_just_the_limit_is_read(edge):
    body = b'{"email":"' + b" " * (1024 * 1024 - 12) + b'"}'
    assert len(body) == 1024 * 1024
    edge.answers["users.login"] = {"token": "x", "user": {}}
    headers = {"Content-Type": "application/json"}
    assert edge.http.post("/api/users/login", data=body, headers=headers).status_code == 200
    answer = edge.http.post("/api/users/login", data=body + b" ", headers=headers)
    assert answer.status_code == 413


def test_expect_100_is_answered_only_if_the_body_is_wanted(edge):
    edge.answers["users.login"] = {"token": "x", "user": {}}
    with edge.http.connect() as connection:
        connection.sendall(LOGIN + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
    refused = edge.http.raw(
        b"POST /api/workouts HTTP/1.1\r\n"
        + HOST
        + JSON
        + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )
    assert refused.startswith(b"HTTP/1.1 401 ")


def test_a_connection_is_used_again(edge):
    with edge.http.connect() as connection:
        for _ in range(3):
            connection.sendall(get())
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")


def test_requests_in_one_piece_are_answered_in_order(edge):
    answers = edge.http.raw(get() + get(path=b"/nothing") + get())
    assert [answers.count(status) for status in (b" 200 OK", b" 404 Not Found")] == [2, 1]


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 52\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n34\r\n",
    ],
)
def test_an_unread_body_is_never_taken_for_the_next_request(edge, framing):
    smuggled = b"GET /health HTTP/1.1\r\nHost: gym\r\nX-Request-ID: no\r\n\r\n"
    answers = edge.http.raw(
        b"GET /api/users/1 HTTP/1.1\r\n" + HOST + framing + smuggled + b"\r\n0\r\n\r\n"
    )
    assert answers.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answers


def test_a_get_with_a_body_is_answered(edge):
    edge.answers["exercises.get"] = {"id": 1}
    assert edge.http.get("/api/exercises/1", json={"ignored": True}).status_code == 200
    assert edge.http.get("/api/exercises/1").status_code == 200


def test_http_1_0_gets_its_answer_and_the_end(edge):
    answer = edge.http.raw(b"GET /health HTTP/1.0\r\n\r\n", end=False)
    assert split(answer)[0] == 200


def test_an_empty_line_before_the_request_is_skipped(edge):
    assert split(edge.http.raw(b"\r\n" + get()))[0] == 200


def test_the_oldest_idle_connection_makes_place_for_a_new_one(edge, monkeypatch):
    monkeypatch.setattr(limits, "HEAD_SECONDS", 20)
    server = edge.server
    idle = [edge.http.connect() for _ in range(5)]
    try:
        monkeypatch.setattr(server.connection_limits.all, "most", len(server._connections) + 1)
        assert split(edge.http.raw(get()))[0] == 200
        more = [edge.http.connect() for _ in range(5)]
        assert split(edge.http.raw(get()))[0] == 200
        assert read_all(idle[0]) == b""
        for connection in more:
            connection.close()
    finally:
        for connection in idle:
            connection.close()


def test_a_failing_accept_is_survived(edge, monkeypatch):
    server = edge.server
    accept = server._sock.accept
    failures = [OSError(24, "Too many open files")] * 2

    class Failing:
        def __getattr__(self, name):
            return getattr(sock, name)

        def accept(self):
            if failures:
                raise failures.pop()
            return accept()

    sock = server._sock
    monkeypatch.setattr(server, "_sock", Failing())
    # the accept that is under way is still the real one
    assert split(edge.http.raw(get()))[0] == 200
    assert split(edge.http.raw(get()))[0] == 200
    assert not failures
