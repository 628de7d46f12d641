"""A link to Redis: one connection a process, on which commands follow each other without waiting.

All commands of one turn of the event loop leave together, and their answers come back in the same
order. With a client that takes a connection for each command and waits on it, one costs ten times
as much of the processor.
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

Take = Callable[[Any], None]
"""Gets an answer, or the :class:`RedisFailure` in its place."""

UNFIT = ("LOADING", "READONLY", "MASTERDOWN")
"""Errors of a server that can't serve at present: a new connection may lead to another one."""

NO_HURRY_SECONDS = 0.02

_RUN = re.compile(r"run_id:(\w+)")


class RedisFailure(Exception):
    """Redis did not answer, or refused."""


class RedisLink:
    """Connects when it is used, and again at the next use after the connection was lost.

    Every command ends: with its answer, or with a :class:`RedisFailure` when the connection can't
    be made within ``REDIS_SECONDS``, the answer does not come within as long again, or the
    connection is lost. Nothing is ever sent a second time.

    Args:
        host: where Redis is.
        port: and at which port.
    """

    def __init__(self, host: str, port: int):
        self.run: str | None = None
        """The id of the server's run that the current connection belongs to."""
        self._place = (host, port)
        self._socket: HubSocket | None = None
        self._reader: Reader | None = None
        self._connector: eventlet.greenthread.GreenThread | None = None
        self._unsent: list[bytes] = []
        self._takers: list[Take] = []
        self._waiting: deque[tuple[Take, float]] = deque()
        self._is_flush_due = False
        self._is_watched = False

    @property
    def is_open(self) -> bool:
        """Whether what is sent can leave at once."""
        return self._socket is not None

    def send(self, command: tuple[str | int, ...], take: Take, in_no_hurry: bool = False) -> None:
        """Send a command, and go on without waiting.

        Args:
            command: its name and arguments.
            take: called once: later with the answer or a failure, or at once with a failure if
                too many commands are waiting already.
            in_no_hurry: whether it may wait a moment for another one that it can leave with.
        """
        packed = pack_command(command)
        if tracing.is_on():
            # keys may hold what identifies a person, so the command's name has to do
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
        """Write what is to be sent now, instead of at the event loop's next turn."""
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
        """Close the connection; who still waits gets a failure."""
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
            # of a name with several addresses each may take its time
            with eventlet.Timeout(seconds, RedisFailure(f"no connection in {seconds} seconds")):
                connected = socket.create_connection(self._place, seconds)
            self._connector = None
            # a green socket closes itself when it is forgotten
            self._greet(plain_socket.socket(fileno=connected.detach()))
        except Exception as problem:
            self._connector = None
            self._break(str(problem))

    def _greet(self, connected: Any) -> None:
        self._reader = Reader(encoding="utf-8", errors="replace")
        self._socket = HubSocket(connected, self._take_in, self._break)
        # whenever the server has started again, its connections are new
        self._unsent.insert(0, pack_command(("INFO", "server")))
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
            # an answer may end the connection, and with it what else has arrived
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
        # this process may have been too busy to look: what is there already is not late
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
