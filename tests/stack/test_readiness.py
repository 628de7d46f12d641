"""What is taken for a server or a service that can do its work."""

import socket
import threading

import pytest

from stack import postgres, redis, services


@pytest.fixture
def server():
    """A server on a free port that sends one answer to whoever comes."""
    sockets = []

    def answering(answer):
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)

        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return listening.getsockname()

    yield answering
    for listening in sockets:
        listening.close()


@pytest.mark.parametrize(("answer", "accepts"), [(b"+PONG\r\n", True), (b"-LOADING\r\n", False)])
def test_redis_accepts_when_it_answers_a_ping(server, answer, accepts):
    assert redis.accepts(*server(answer)) is accepts


@pytest.mark.parametrize(("answer", "accepts"), [(b"R\0\0\0\x17", True), (b"E\0\0\0\x17", False)])
def test_postgres_accepts_when_it_asks_for_a_password(server, answer, accepts):
    assert postgres.accepts(*server(answer)) is accepts


def http(status, body):
    return f"HTTP/1.0 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "ready", "detail"),
    [
        (http("200 OK", '{"data": [{"status": "ready"}]}'), True, ""),
        (http("200 OK", '{"data": [{"degraded": ["redis"]}]}'), True, "without redis"),
        (
            http("503 No", '{"data": [], "errors": [{"details": {"missing": ["broker"]}}]}'),
            False,
            "waits for broker",
        ),
        (http("503 No", "not JSON"), False, "answers 503"),
        (b"nonsense", False, "does not answer"),
        (b"", False, "does not answer"),
    ],
)
def test_a_service_is_as_ready_as_it_says(server, answer, ready, detail):
    host, port = server(answer)
    assert services.ask(f"{host}:{port}") == services.Readiness(ready, detail)


def test_nobody_there_is_not_ready():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        host, port = gone.getsockname()
    assert not redis.accepts(host, port)
    assert not postgres.accepts(host, port)
    assert not services.ask(f"{host}:{port}").ready
