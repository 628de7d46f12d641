"""A pipelined connection to Redis, shared by all greenthreads of a process.

All commands of one turn of the event loop are sent together; replies arrive in the same order. A
client that takes a connection from a pool for each command and waits on it uses ten times as much
CPU. docs/decisions/own-redis-pipeline.md has the measurements.
"""

import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import hubs
from eventlet.green import socket
from hiredis import HiredisError, Reader, ReplyError, pack_command

from services.observability import tracing
from services.observability.logging import get_logger
from services.process import budgets
from services.transport.hub_socket import HubSocket, plain_socket

log = get_logger(__name__)

Command = tuple[str | int, ...]
"""Its name and arguments."""

# the stub of hiredis has a tuple of one item, where a tuple of any length is meant
_pack: Callable[[Command], bytes] = pack_command  # type: ignore[assignment]

Take = Callable[[Any], None]
"""Takes a reply, or a :class:`RedisFailure` in its place."""

UNFIT = ("LOADING", "READONLY", "MASTERDOWN")
"""Errors after which to reconnect: the address may lead to another server by now."""

NO_HURRY_SECONDS = 0.02

_RUN = re.compile(r"run_id:(\w+)")


class RedisFailure(Exception):
    """Redis sent an error, or no reply in time."""


class RedisLink:
    """Connects with the first command, and with the next one after the connection was lost.

    Every command ends: with its reply, or with a :class:`RedisFailure` if there is no connection
    within ``REDIS_SECONDS``, no reply within another ``REDIS_SECONDS``, or the connection is lost.
    No command is ever sent twice.
    """

    def __init__(self, host: str, port: int):
        self.run: str | None = None
        """The id of the server's run that the current connection belongs to."""
        self._place = (host, port)
        # Any: None while there is no connection; what takes answers runs only while there is one
        self._socket: HubSocket | Any = None
        self._reader: Reader | Any = None
        self._connector: eventlet.greenthread.GreenThread | None = None
        self._unsent: list[bytes] = []
        self._takers: list[Take] = []
        self._waiting: deque[tuple[Take, float]] = deque()
        self._is_flush_due = False
        self._is_watched = False

    @property
    def is_open(self) -> bool:
        """Whether the connection is established."""
        return self._socket is not None

    def send(self, command: tuple[str | int, ...], take: Take, in_no_hurry: bool = False) -> None:
        """Send a command without waiting.

        Args:
            command: its name and arguments.
            take: called once with the reply or a failure; at once if ``REDIS_MOST_WAITING``
                commands are outstanding.
            in_no_hurry: whether it may be sent ``NO_HURRY_SECONDS`` later, with others.
        """
        packed = _pack(command)
        if tracing.is_on():
            # only the command's name: keys may identify a person
            take = tracing.watched(f"Redis {command[0]}", take)
        if len(self._waiting) + len(self._takers) >= budgets.REDIS_MOST_WAITING:
            _give(take, RedisFailure("too many commands wait for an answer"))
            return
        self._unsent.append(packed)
        self._takers.append(take)
        if in_no_hurry:
            hubs.get_hub().schedule_call_global(NO_HURRY_SECONDS, self.flush)
        elif not self._is_flush_due:
            self._is_flush_due = True
            hubs.get_hub().schedule_call_global(0, self._flush_when_due)

    def flush(self) -> None:
        """Send the buffered commands now, not in the event loop's next turn."""
        if self._socket is None:
            if self._connector is None and self._takers:
                self._connector = eventlet.spawn(self._connect)
            return
        if not self._takers:
            return
        now = time.monotonic()
        self._waiting.extend((take, now) for take in self._takers)
        data = b"".join(self._unsent)
        self._takers, self._unsent = [], []
        if not self._is_watched:
            self._watch(budgets.REDIS_SECONDS)
        self._socket.send(data)

    def close(self) -> None:
        """Close the connection; outstanding commands fail."""
        connector, self._connector = self._connector, None
        if connector is not None:
            connector.kill()
        self._break("closed")

    def _flush_when_due(self) -> None:
        self._is_flush_due = False
        self.flush()

    def _connect(self) -> None:
        seconds = budgets.REDIS_SECONDS
        try:
            # create_connection applies its timeout to each address of a name, so bound them all
            with eventlet.Timeout(seconds, RedisFailure(f"no connection in {seconds} seconds")):
                connected = socket.create_connection(self._place, seconds)
            self._connector = None
            # detached, as a green socket closes its descriptor when it is garbage-collected
            self._greet(plain_socket.socket(fileno=connected.detach()))
        except Exception as problem:
            self._connector = None
            self._break(str(problem))

    def _greet(self, connected: Any) -> None:
        self._reader = Reader(encoding="utf-8", errors="replace")
        self._socket = HubSocket(connected, self._take_in, self._break)
        # a restarted server means a new connection, so once per connection is enough
        self._unsent.insert(0, _pack(("INFO", "server")))
        self._takers.insert(0, self._learn_run)
        self.flush()

    def _learn_run(self, answer: Any) -> None:
        if isinstance(answer, RedisFailure):
            self._break(str(answer))
            return
        found = _RUN.search(answer)
        self.run = found and found[1]

    def _take_in(self, data: bytes) -> None:
        reader = self._reader
        try:
            reader.feed(data)
            # handling a reply may close the connection; then the rest of the data is void
            while reader is self._reader and (answer := reader.gets()) is not False:
                self._answer(answer)
        except HiredisError as problem:
            self._break(f"not understood: {problem}")

    def _answer(self, answer: Any) -> None:
        if not self._waiting:
            self._break("an answer that nobody asked for")
            return
        take, _ = self._waiting.popleft()
        if not isinstance(answer, ReplyError):
            _give(take, answer)
            return
        reason = str(answer)
        _give(take, RedisFailure(reason))
        if reason.startswith(UNFIT):
            self._break(reason)

    def _watch(self, seconds: float) -> None:
        self._is_watched = True
        hubs.get_hub().schedule_call_global(seconds, self._find_late)

    def _find_late(self) -> None:
        self._is_watched = False
        # this process may have been too busy to read; replies that are already here are not late
        while self._oldest_age() >= budgets.REDIS_SECONDS and self._socket.read():
            continue
        age = self._oldest_age()
        if age >= budgets.REDIS_SECONDS:
            self._break(f"no answer for {budgets.REDIS_SECONDS} seconds")
        elif self._waiting:
            self._watch(budgets.REDIS_SECONDS - age)

    def _oldest_age(self) -> float:
        return time.monotonic() - self._waiting[0][1] if self._waiting else 0.0

    def _break(self, reason: str) -> None:
        lost, self._socket, self._reader = self._socket, None, None
        if lost is not None:
            lost.close()
        takers = [take for take, _ in self._waiting] + self._takers
        self._waiting.clear()
        self._takers, self._unsent = [], []
        for take in takers:
            _give(take, RedisFailure(reason))


def _give(take: Take, answer: Any) -> None:
    try:
        take(answer)
    except Exception as problem:
        log.error("an answer of Redis can't be handled", exc_info=problem)
