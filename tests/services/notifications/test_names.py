"""The names of webhooks, looked up in a name server of the test's own."""

import socket
import ssl
import threading
from contextlib import contextmanager

import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from services.notifications.deliveries.resolving import Resolver
from services.notifications.deliveries.sending import NotDelivered, Sender
from services.notifications.rules.addresses import HostList, read

PUBLIC, OTHER, INSIDE = "8.8.8.8", "1.1.1.1", "10.0.0.5"


class NameServer:
    """Answers by ``answers``: a list of addresses for each question about a name, in turn."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()

    @property
    def place(self):
        return ["127.0.0.1"], self._socket.getsockname()[1]

    def serve(self):
        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            question = dns.message.from_wire(data)
            (asked,) = question.question
            name, kind = str(asked.name), dns.rdatatype.to_text(asked.rdtype)
            self.asked.append((name, kind))
            response = dns.message.make_response(question)
            turns = self.answers.get((name, kind), [])
            if found := turns.pop(0) if len(turns) > 1 else (turns or [[]])[0]:
                response.answer.append(dns.rrset.from_text(name, 0, "IN", kind, *found))
            self._socket.sendto(response.to_wire(), client)

    def close(self):
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


@pytest.fixture
def names():
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def resolver(names):
    return Resolver(names.place)


def target(url="https://hook.example.com/"):
    return read(url, HostList())


def test_public_addresses_are_given(names, resolver):
    names.answers = {
        ("hook.example.com.", "A"): [[PUBLIC]],
        ("hook.example.com.", "AAAA"): [["2606:4700::1111"]],
    }
    assert resolver.allowed_addresses(target()) == [PUBLIC, "2606:4700::1111"]


@pytest.mark.parametrize(
    ("kind", "addresses"),
    [
        ("A", [INSIDE]),
        ("A", [PUBLIC, INSIDE]),
        ("A", ["169.254.169.254"]),
        ("A", ["127.0.0.1"]),
        ("AAAA", ["::1"]),
        ("AAAA", ["::ffff:10.0.0.5"]),
        ("AAAA", ["fd00:ec2::254"]),
    ],
)
def test_a_name_that_leads_inside_is_refused(names, resolver, kind, addresses):
    names.answers = {("hook.example.com.", kind): [addresses]}
    with pytest.raises(NotDelivered, match="not public"):
        resolver.allowed_addresses(target())


def test_a_name_without_an_address(names, resolver):
    with pytest.raises(NotDelivered, match="no address"):
        resolver.allowed_addresses(target())


def test_a_name_that_changes_is_connected_to_where_it_was_checked(names, resolver, monkeypatch):
    names.answers = {("hook.example.com.", "A"): [[PUBLIC], [INSIDE]]}
    connected_to = []

    def connect(address, timeout):
        connected_to.append(address)
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr("socket.create_connection", connect)
    sender = Sender(resolver.allowed_addresses)
    with pytest.raises(NotDelivered, match="No connection"):
        sender.send(target(), {}, b"{}")
    assert connected_to == [(PUBLIC, 443)]
    assert names.asked.count(("hook.example.com.", "A")) == 1
    with pytest.raises(NotDelivered, match="not public"):
        sender.send(target(), {}, b"{}")
    assert connected_to == [(PUBLIC, 443)]


@contextmanager
def raw_server(answer):
    """Answer one connection with some bytes, and give the server's port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def send_to(port, scheme="http"):
    here = read(f"{scheme}://127.0.0.1:{port}/", HostList(["127.0.0.1:*"]))
    return Sender(lambda _: ["127.0.0.1"]).send(here, {}, b"{}")


@pytest.mark.parametrize(
    ("answer", "status", "retry_after"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, None),
        (b"HTTP/1.0 500\r\nRetry-After:  7 \r\n\r\n", 500, "7"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody", 200, None),
        (b"HTTP/1.1 301 Moved\r\nLocation: http://10.0.0.5/\r\n\r\n", 301, None),
    ],
)
def test_the_head_of_the_response_is_read(answer, status, retry_after):
    with raw_server(answer) as port:
        assert send_to(port) == (status, retry_after)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "without a response"),
        (b"HTTP/1.1 200 OK\r\n", "without a response"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000, "too large"),
    ],
)
def test_anything_else_is_none(answer, problem):
    with raw_server(answer) as port, pytest.raises(NotDelivered, match=problem):
        send_to(port)


def test_https_needs_a_certificate_that_is_valid(tmp_path):
    with raw_server(b"HTTP/1.1 204\r\n\r\n") as port, pytest.raises(NotDelivered, match="TLS"):
        send_to(port, "https")


def test_the_context_checks_names_and_certificates():
    context = Sender(lambda _: [])._context
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
