"""The second client: somebody who uses the system as one does, and notes how that goes.

One request at a time, on one connection that is kept open, from an address of its own.
"""

import json
import math
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.exhaustion.messages import TODAY, get, post
from stack.failures import Failure

ADDRESS = "127.0.0.2"
PASSWORD = "correct horse battery"
ANSWER_SECONDS = 20
REQUESTS_A_SECOND = 75
LIFTERS = 5
"""Take turns, as one user may ask 20 times a second."""

LOGIN_PAUSE_SECONDS = 4
"""One address may log in 20 times a minute."""

REMEMBERED, FIRST, PUBLIC = "own read, remembered", "own read, first", "public read"
WRITE, LOGIN = "workout of 5 x 4 sets", "login"
KINDS = (REMEMBERED, FIRST, PUBLIC, WRITE, LOGIN)
ALL = "all"
BROKEN = 0
"""In place of a status: the connection was refused, closed or silent."""

OK, CREATED = 200, 201
WANTED = {REMEMBERED: OK, FIRST: OK, PUBLIC: OK, WRITE: CREATED, LOGIN: OK}


class Line:
    """A connection that is kept, and opened again after it broke.

    Args:
        url: the gateway's base URL.
        address: where to come from.
    """

    def __init__(self, url: str, address: str = ADDRESS):
        parts = urlsplit(url)
        self._to = parts.hostname, parts.port
        self._address = address
        self._socket: socket.socket | None = None

    def ask(self, message: str) -> tuple[int, bytes]:
        """Send a request; return the answer's status and body."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(
                    self._to, ANSWER_SECONDS, source_address=(self._address, 0)
                )
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(message.encode("latin-1"))
            return self._read()
        except OSError:
            self.close()
            return BROKEN, b""

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read(self) -> tuple[int, bytes]:
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        head, body = received[:end], received[end + 4 :]
        begin = head.lower().index(b"\r\ncontent-length:") + 17
        length = int(head[begin:].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += self._receive()
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return int(head.split(b" ", 2)[1]), body

    def _receive(self) -> bytes:
        piece = self._socket.recv(65536)
        if not piece:
            raise ConnectionError("closed")
        return piece


@dataclass(frozen=True)
class Sample:
    """One request, and how it was answered."""

    kind: str
    seconds: float
    status: int
    right: bool


@dataclass
class Noted:
    """What the second client noted in some time."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def failures(self) -> Counter:
        """Requests that were not answered as they should be, by kind and status."""
        return Counter((one.kind, one.status) for one in self.samples if not one.right)

    @property
    def worst(self) -> float:
        """The longest that a request took, in milliseconds."""
        return max(self._times(ALL), default=0.0)

    def percentile(self, share: float, kind: str = ALL) -> float:
        """Return in how many milliseconds such a share was answered; of few, that is the worst."""
        times = self._times(kind)
        return times[math.ceil(share * len(times)) - 1] if times else 0.0

    def _times(self, kind: str) -> list[float]:
        return sorted(1000 * one.seconds for one in self.samples if kind in (ALL, one.kind))


@dataclass
class Lifter:
    """One of those who take turns."""

    id: int
    email: str
    token: str
    old_workout: int = 0
    new_workout: int = 0


class SecondClient:
    """Registers its lifters, and has each log a workout that is only read from then on.

    Args:
        url: the gateway's base URL.
    """

    def __init__(self, url: str):
        self._line = Line(url)
        self._lifters = [newcomer(self._line) for _ in range(LIFTERS)]
        for lifter in self._lifters:
            lifter.old_workout = self._made(lifter)
        self._turn = 0
        self._next_login = time.monotonic()

    def use(self, at_least: int, going_on: Callable[[], bool] = lambda: False) -> Noted:
        """Use the system.

        Args:
            at_least: so many requests.
            going_on: and until this says no.
        """
        noted, due = Noted(), time.monotonic()
        while len(noted.samples) < at_least or going_on():
            time.sleep(max(due - time.monotonic(), 0))
            # what was missed is not made up for: one request at a time
            due = max(due + 1 / REQUESTS_A_SECOND, time.monotonic())
            noted.samples.append(self._step())
        return noted

    def is_served(self) -> bool:
        """Tell whether every service does its work."""
        mine = self._lifters[0]
        paths = f"/api/users/{mine.id}", "/api/stats/personal-records"
        asked = [self._line.ask(get(path, mine.token))[0] == OK for path in paths]
        return all(asked) and not self.use(len(MIX)).failures

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

    def _step(self) -> Sample:
        if time.monotonic() >= self._next_login:
            self._next_login = time.monotonic() + LOGIN_PAUSE_SECONDS
            kind, act = LOGIN, _log_in
        else:
            kind, act = MIX[self._turn % len(MIX)]
        lifter = self._lifters[self._turn // len(MIX) % LIFTERS]
        self._turn += 1
        message, wanted = act(lifter)
        begun = time.monotonic()
        status, body = self._line.ask(message)
        seconds = time.monotonic() - begun
        right = status == WANTED[kind] and wanted.encode() in body
        if right and kind == WRITE:
            lifter.new_workout = json.loads(body)["data"][0]["id"]
        return Sample(kind, seconds, status, right)

    def _made(self, lifter: Lifter) -> int:
        status, body = self._line.ask(_log(lifter)[0])
        if status != WANTED[WRITE]:
            raise Failure(f"a workout was answered {status}: {body[:500]}")
        return json.loads(body)["data"][0]["id"]


def newcomer(line: Line) -> Lifter:
    """Register somebody."""
    email = f"lifter-{time.time_ns()}@example.com"
    status, body = line.ask(post("/api/users/register", {"email": email, "password": PASSWORD}))
    if status != CREATED:
        raise Failure(f"a registration was answered {status}: {body[:500]}")
    (user,) = json.loads(body)["data"]
    return Lifter(user["id"], email, user["token"])


def _read_old(lifter: Lifter) -> tuple[str, str]:
    return get(f"/api/workouts/{lifter.old_workout}", lifter.token), f'"id":{lifter.old_workout},'


def _read_new(lifter: Lifter) -> tuple[str, str]:
    number = lifter.new_workout or lifter.old_workout
    return get(f"/api/workouts/{number}", lifter.token), f'"id":{number},'


def _list(lifter: Lifter) -> tuple[str, str]:
    return get("/api/workouts?limit=10&sort=created_at:desc", lifter.token), '"page_size":10'


def _find(lifter: Lifter) -> tuple[str, str]:
    return get("/api/exercises?limit=10"), '"page_size":10'


def _log(lifter: Lifter) -> tuple[str, str]:
    sets = [{"reps": 5, "weight": 100 + number} for number in range(4)]
    exercises = [{"exercise_id": number, "sets": sets} for number in (1, 2, 3, 4, 101)]
    body = {"date": TODAY, "name": "Push day", "exercises": exercises}
    return post("/api/workouts", body, lifter.token), f'"user_id":{lifter.id},'


def _log_in(lifter: Lifter) -> tuple[str, str]:
    body = {"email": lifter.email, "password": PASSWORD}
    return post("/api/users/login", body), f'"id":{lifter.id},'


MIX = [
    (WRITE, _log),
    (FIRST, _read_new),
    (REMEMBERED, _read_old),
    (PUBLIC, _find),
    (REMEMBERED, _read_old),
    (REMEMBERED, _read_old),
    (FIRST, _list),
    (REMEMBERED, _read_old),
    (REMEMBERED, _read_old),
    (REMEMBERED, _read_old),
    (PUBLIC, _find),
    (REMEMBERED, _read_old),
]
"""What is asked for, over and over."""
