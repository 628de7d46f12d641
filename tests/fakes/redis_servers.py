"""A real Redis that tests can freeze, restart and flush, and a false one that misbehaves."""

import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress

import eventlet
import pytest
from redis import Redis, RedisError

from services.process import budgets
from services.transport.redis.pipeline import RedisLink
from stack.find import find_redis
from stack.redis import SETTINGS
from tests.waiting import eventually

COUNTERS = SETTINGS["redis-counters"]
PAUSE_SECONDS = 0.4
"""Shorter than in earnest, so that the tests need not wait so long."""

INFO = b"$13\r\nrun_id:fake\r\n\r\n"


class RealRedis:
    """A server of its own.

    Args:
        settings: what it is started with, by option.
    """

    def __init__(self, **settings):
        self.settings = {"save": "", **settings}
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.client = Redis(port=self.port, decode_responses=True)
        self._directory = tempfile.TemporaryDirectory()
        self.start()

    def start(self):
        command = [find_redis(), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += [word for name, value in self.settings.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [*command, "--dir", self._directory.name], stdout=subprocess.DEVNULL
        )
        eventually(self._answers)

    def _answers(self):
        with suppress(RedisError):
            return self.client.ping()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def cut(self):
        """End all connections but the one that says so."""
        self.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def remove(self):
        self.client.close()
        if self.process.poll() is None:
            self.thaw()
        self.stop()
        self._directory.cleanup()


class FalseRedis:
    """Greets as a server does, and then does what a function makes of each chunk it receives.

    What the function returns is sent; None ends the connection.
    """

    def __init__(self, answer: Callable[[bytes], bytes | None]):
        self.answer = answer
        self.connections = 0
        self.chunks: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        greeted = False
        with suppress(OSError), connection:
            while data := connection.recv(2**16):
                self.chunks.append(data)
                if not greeted:
                    greeted = True
                    connection.sendall(INFO)
                    data = data.partition(b"server\r\n")[2]
                if data:
                    answer = self.answer(data)
                    if answer is None:
                        return
                    connection.sendall(answer)


class _Container:
    def spawn_managed_thread(self, work, identifier):
        return eventlet.spawn(work)


@contextmanager
def processes(store, server):
    """Give what makes a store, such as the cache, as one more process would have it."""
    made = []

    def make():
        one = store()
        one.container = _Container()
        one.link = RedisLink("127.0.0.1", server.port)
        made.append(one)
        return one

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def redis_server():
    """A Redis of the tests' own, which nobody else uses."""
    server = RealRedis(**COUNTERS)
    yield server
    server.remove()


@pytest.fixture
def redis(redis_server):
    """The same, as it is at its start: awake, empty, with room."""
    redis_server.thaw()
    redis_server.client.config_set("maxmemory", COUNTERS["maxmemory"])
    redis_server.client.flushall()
    return redis_server


@pytest.fixture
def short_pauses(monkeypatch):
    """Have a Redis that did not answer asked again soon."""
    monkeypatch.setattr(budgets, "REDIS_PAUSE_SECONDS", PAUSE_SECONDS)
