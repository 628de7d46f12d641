"""What ``deploy/nginx.conf`` sends to another gateway, with servers that die of it."""

import socket
import threading
from contextlib import ExitStack, contextmanager

import pytest
import requests

from stack.layout import LOOPBACK
from tests.scale.balancer import Balancer

GATEWAYS = 4
SECONDS = 20
KEY = {"Idempotency-Key": "once"}
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

READ_AGAIN = [("GET", "/api/workouts", {}), ("HEAD", "/api/workouts", {})]
MADE_ONCE = [("POST", "/api/workouts", KEY)]
NOT_TWICE = [
    ("POST", "/api/workouts", {}),
    ("POST", "/api/users/login", KEY),
    ("PUT", "/api/users/me/password", {}),
    ("DELETE", "/api/workouts/1", {}),
    ("POST", "/api/imports", {}),
]


class Server:
    """Takes requests, and answers or dies of them.

    Args:
        answer: bytes; None to close the connection when the request is there.
    """

    def __init__(self, answer):
        self.heads = []
        self.answer = answer
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                received = b""
                while b"\r\n\r\n" not in received and (piece := connection.recv(65536)):
                    received += piece
                if received:
                    self.heads.append(received.partition(b"\r\n\r\n")[0].decode())
                    connection.sendall(self.answer or b"")


@contextmanager
def balanced(*servers):
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.close)
        with Balancer(*(server.port for server in servers)) as balancer:
            yield balancer


class Unreachable:
    """A port on which nothing listens, and nothing else will."""

    def __init__(self):
        self._socket = socket.socket()
        self._socket.bind((LOOPBACK, 0))
        self.port = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()


def ask(balancer, method, path, headers, **options):
    data = b"{}" if method in ("POST", "PUT") else None
    return requests.request(
        method, balancer.url + path, headers=headers, data=data, timeout=SECONDS, **options
    )


@pytest.mark.parametrize(("method", "path", "headers"), READ_AGAIN + MADE_ONCE)
def test_it_goes_to_the_next_when_one_has_died_of_it(method, path, headers):
    servers = [*(Server(None) for _ in range(GATEWAYS - 1)), Server(FINE)]
    with balanced(*servers) as balancer:
        answers = [ask(balancer, method, path, headers) for _ in range(GATEWAYS)]
    assert [answer.status_code for answer in answers] == [200] * GATEWAYS


@pytest.mark.parametrize(("method", "path", "headers"), NOT_TWICE)
def test_it_is_sent_once_when_it_may_have_been_done(method, path, headers):
    servers = [Server(None) for _ in range(GATEWAYS)]
    with balanced(*servers) as balancer:
        answer = ask(balancer, method, path, headers)
    assert sum(len(server.heads) for server in servers) == 1
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    (error,) = answer.json()["errors"]
    assert error["code"] == "SERVICE_UNAVAILABLE"
    assert answer.json()["meta"]["request_id"] == answer.headers["X-Request-ID"]
    assert isinstance(answer.json()["timestamp"], int)


@pytest.mark.parametrize(("method", "path", "headers"), READ_AGAIN + MADE_ONCE + NOT_TWICE)
def test_what_none_has_had_goes_to_the_next(method, path, headers):
    servers = [*(Unreachable() for _ in range(2)), Server(FINE), Server(FINE)]
    with balanced(*servers) as balancer:
        # two go to a server that is there, whichever comes first
        answers = [ask(balancer, method, path, headers) for _ in range(GATEWAYS)]
    assert [answer.status_code for answer in answers] == [200] * GATEWAYS


def test_each_head_says_whose_request_it_is():
    server = Server(FINE)
    servers = [server, *(Unreachable() for _ in range(GATEWAYS - 1))]
    with balanced(*servers) as balancer:
        session = requests.Session()
        given = {"X-Forwarded-For": "6.6.6.6", "X-Request-ID": "mine", "Host": "gym.example:81"}
        session.get(balancer.url, headers=given, timeout=SECONDS)
        session.get(balancer.url, headers={"X-Request-ID": 'a"b'}, timeout=SECONDS)
    first, second = server.heads
    assert "X-Forwarded-For: 127.0.0.1" in first
    assert "6.6.6.6" not in first
    assert {"X-Request-ID: mine", "Host: gym.example:81"} <= {*first.split("\r\n")}
    assert 'a"b' not in second


@pytest.mark.parametrize("path", ["/api/workouts", "/api/imports"])
def test_what_is_too_large_is_said_in_the_envelope(path):
    with balanced(*(Server(FINE) for _ in range(GATEWAYS))) as balancer:
        answer = requests.post(balancer.url + path, data=b"x" * (21 << 20), timeout=SECONDS)
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "PAYLOAD_TOO_LARGE"


def test_metrics_are_nobodys():
    servers = [Server(FINE) for _ in range(GATEWAYS)]
    with balanced(*servers) as balancer:
        assert ask(balancer, "GET", "/metrics", {}).status_code == 404
    assert not any(server.heads for server in servers)
