"""Sends prepared requests over many connections, and checks every answer.

Usage: ``python -m benchmarks.load < plan.json``; the outcome is printed as JSON.

A process of its own, so that it shares no interpreter with what it measures, and with nothing but
the standard library. Requests are bytes that are ready but for their number, and of an answer only
so much is read as is needed to check it.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count, cycle

SILENCE_SECONDS = 10
POLL_SECONDS = 0.001
CHUNK = 1 << 16
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"
IN_ENVELOPE = '"request_id":"b%d"'


@dataclass(frozen=True, slots=True)
class Request:
    """A request, and what its answer must be.

    Attributes:
        before: its bytes up to its number.
        after: its bytes behind it.
        status: how the answer begins.
        echo: how the answer repeats the request's number.
        wanted: what the answer must hold.
        until: it is sent again until the answer holds that, and only such waits are timed.
    """

    before: bytes
    after: bytes
    status: bytes
    echo: bytes
    wanted: tuple[bytes, ...]
    until: bool

    @classmethod
    def of(cls, planned: dict) -> "Request":
        """Return a request of a plan."""
        return cls(
            planned["before"].encode(),
            planned["after"].encode(),
            f"HTTP/1.1 {planned['status']} ".encode(),
            planned.get("echo", IN_ENVELOPE).encode(),
            tuple(fragment.encode() for fragment in planned["wanted"]),
            planned.get("until", False),
        )


@dataclass
class Outcome:
    """What came back.

    Attributes:
        answers: how many, the wrong ones included.
        errors: how many were wrong or did not come.
        first_error: what was wrong with the first of them.
        seconds: from the first request to the last answer.
        p50: half of the answers took at most so many milliseconds.
        p99: likewise, 99 of 100.
    """

    answers: int = 0
    errors: int = 0
    first_error: str = ""
    seconds: float = 0.0
    p50: float = 0.0
    p99: float = 0.0

    def note_error(self, what: str) -> None:
        """Count an error."""
        self.errors += 1
        self.first_error = self.first_error or what


@dataclass
class Connection:
    """A connection that is kept, with one request outstanding."""

    socket: socket.socket
    received: bytes = b""
    request: Request | None = None
    number: int = 0
    began: float = field(default=0.0)

    def send(self, request: Request, number: int, began: float) -> None:
        """Send a request whose time began at some moment."""
        self.request, self.number, self.began = request, number, began
        self.received = b""
        self.socket.sendall(b"%sb%d%s" % (request.before, number, request.after))

    def receive(self) -> bool:
        """Take in what has come, and tell whether the answer is whole.

        Raises:
            ConnectionError: nothing will come any more.
        """
        chunk = self.socket.recv(CHUNK)
        if not chunk:
            raise ConnectionError("the connection was closed")
        self.received += chunk
        end = self.received.find(HEAD_END)
        return end >= 0 and len(self.received) >= end + len(HEAD_END) + self._length(end)

    def find_fault(self) -> str:
        """Return what is wrong with the answer, or nothing."""
        request, answer = self.request, self.received
        if not answer.startswith(request.status):
            return f"{request.status.decode()}was expected"
        if request.echo % self.number not in answer:
            return "the request's id was not kept"
        if not all(fragment in answer for fragment in request.wanted):
            return "this is not what was asked for"
        return ""

    def _length(self, head_end: int) -> int:
        head = self.received[: head_end + 2].lower()
        begin = head.index(LENGTH) + len(LENGTH)
        return int(head[begin : head.index(b"\r", begin)])


class Load:
    """A run of requests, over and over in their order, until the time is up."""

    def __init__(self, plan: dict):
        self.plan = plan
        self.outcome = Outcome()
        self.took: list[float] = []
        self.numbers = count(1)
        self.requests: Iterator[Request] = cycle(map(Request.of, plan["requests"]))
        self.selector = selectors.DefaultSelector()

    def run(self) -> Outcome:
        """Send, and return what came back."""
        begin = time.perf_counter()
        self.deadline = begin + self.plan["seconds"]
        for _ in range(self.plan["connections"]):
            self._connect()
        while self.selector.get_map():
            ready = self.selector.select(SILENCE_SECONDS)
            if not ready:
                self.outcome.note_error(f"no answer within {SILENCE_SECONDS} s")
                break
            for key, _ in ready:
                self._take(key.data)
        self.outcome.seconds = time.perf_counter() - begin
        self._sum_up()
        return self.outcome

    def _connect(self) -> None:
        address = self.plan["host"], self.plan["port"]
        connection = Connection(socket.create_connection(address, SILENCE_SECONDS))
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)
        self._send_next(connection)

    def _take(self, connection: Connection) -> None:
        try:
            if connection.receive():
                self._judge(connection)
        except (OSError, ValueError) as problem:
            self.outcome.note_error(repr(problem))
            self._close(connection)

    def _judge(self, connection: Connection) -> None:
        now = time.perf_counter()
        request, fault = connection.request, connection.find_fault()
        if fault and request.until and now < connection.began + SILENCE_SECONDS:
            time.sleep(POLL_SECONDS)
            connection.send(request, next(self.numbers), connection.began)
            return
        self.outcome.answers += 1
        if fault:
            shown = connection.received.decode(errors="replace")
            self.outcome.note_error(f"{fault}: {request.before[:80]!r} was answered {shown}")
        if request.until or not self.plan["only_waits"]:
            self.took.append(now - connection.began)
        # what is waited for must be seen, or its cause would be counted for nothing
        if now < self.deadline or (self.plan["only_waits"] and not request.until):
            self._send_next(connection)
        else:
            self._close(connection)

    def _send_next(self, connection: Connection) -> None:
        connection.send(next(self.requests), next(self.numbers), time.perf_counter())

    def _close(self, connection: Connection) -> None:
        self.selector.unregister(connection.socket)
        connection.socket.close()

    def _sum_up(self) -> None:
        if self.took:
            ordered = sorted(seconds * 1000 for seconds in self.took)
            self.outcome.p50 = ordered[len(ordered) // 2]
            self.outcome.p99 = ordered[len(ordered) * 99 // 100]


def main() -> None:
    """Run the plan on the standard input."""
    json.dump(asdict(Load(json.load(sys.stdin)).run()), sys.stdout)


if __name__ == "__main__":
    main()
