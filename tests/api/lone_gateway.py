"""A gateway alone, in the test's own process: its services are canned, its settings free.

For what can't be asked of the whole running system: limits, outages, nonsense from a service.
Container, configuration and number of workers are production's. It runs in a thread of its own,
where eventlet has a loop of its own, so that a test can use whatever blocks.
"""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import eventlet
import requests
from nameko.containers import get_container_cls
from nameko.extensions import DependencyProvider

from gateway.service import Gateway
from gateway.upstream.remote_services import UpstreamService
from schemas.errors import Unauthorized
from services.containers import make_config
from services.process.settings import Settings
from services.transport.amqp.consuming import QueueConsumer
from services.transport.amqp.publishing import Publishing
from services.transport.http import WebServer
from tests.api.http_client import Client

NO_LIMITS = dict.fromkeys(
    ("RATE_LIMIT_LOGIN", "RATE_LIMIT_LOGIN_EMAIL", "RATE_LIMIT_REGISTER", "RATE_LIMIT_API"), ""
)
NOWHERE = {
    "GATEWAY_ADDRESS": "127.0.0.1:0",
    "REDIS_PORT": "1",
    "AMQP_URI": "amqp://gym:gym@127.0.0.1:1/gym",
}


class CannedService(UpstreamService):
    """Answers calls with what the test put into a dictionary, and notes them."""

    publishing = replies = None

    def __init__(self, name, reads, writes, returns, answers, calls):
        super().__init__(name, reads, writes, returns)
        self.answers = answers
        self.calls = calls

    def ask(self, worker_ctx, method, args, kwargs, destination, seconds):
        if method == "check_token" and "users.check_token" not in self.answers:
            return self.standing(*args[:2])
        name = f"{self.name}.{method}"
        self.calls.append((name, args, kwargs, dict(worker_ctx.data)))
        answer = self.answers.get(name)
        if isinstance(answer, Exception):
            raise answer
        return answer(*args, **kwargs) if callable(answer) else answer

    def standing(self, user_id, token_id):
        """Say of any token that it is good, unless it is among ``answers["revoked"]``."""
        if token_id in self.answers.get("revoked", ()):
            raise Unauthorized("The token has been revoked")
        return {"role": self.answers.get(("role", user_id), "user")}


def canned(service, answers, calls):
    writes = service.methods - service.reads
    return CannedService(service.name, service.reads, writes, service.returns, answers, calls)


class CannedDispatcher(DependencyProvider):
    """Notes events, or raises what the test says."""

    def __init__(self, answers: dict, events: list):
        self.answers = answers
        self.events = events

    def get_dependency(self, worker_ctx):
        def dispatch(event_type, event):
            if "dispatch" in self.answers:
                raise self.answers["dispatch"]
            self.events.append((event_type, event))

        return dispatch


class _Thread(threading.Thread):
    """Runs a container from its start to its stop."""

    def __init__(self, container):
        super().__init__(daemon=True)
        self.container = container
        self.started = threading.Event()
        self.problem = None
        self.told_to_stop = False

    def run(self):
        try:
            self.container.start()
        except Exception as problem:
            self.problem = problem
        finally:
            self.started.set()
        while not (self.told_to_stop or self.problem):
            eventlet.sleep(0.01)
        self.container.kill() if self.problem else self.container.stop()


@dataclass
class Alone:
    """The gateway, and what it was told and asked."""

    thread: _Thread
    http: Client
    settings: Settings
    answers: dict[str, Any]
    calls: list[tuple] = field(default_factory=list)
    events: list[tuple] = field(default_factory=list)

    @property
    def container(self):
        return self.thread.container

    @property
    def server(self):
        return self.container.shared_extensions[WebServer]

    def stop(self):
        """Begin to stop, without waiting for the end of it."""
        self.thread.told_to_stop = True


def without_broker(extension):
    """Keep a connection to the broker from being tried, and from being missed."""
    extension.start = lambda: None
    extension.part = None


@contextmanager
def gateway_alone(nameko=None, service=Gateway, **environment):
    """Run a gateway whose services answer from ``answers``, such as ``{"users.get": {...}}``.

    Args:
        nameko: replaces parts of Nameko's configuration.
        service: the class that is run.
        environment: replaces variables of the environment.
    """
    answers, calls, events = {}, [], []

    class LoneGateway(service):
        users = canned(service.users, answers, calls)
        exercises = canned(service.exercises, answers, calls)
        workouts = canned(service.workouts, answers, calls)
        analytics = canned(service.analytics, answers, calls)
        dispatch = CannedDispatcher(answers, events)

    settings = Settings.from_environment(NOWHERE | NO_LIMITS | environment)
    config = make_config("gateway", settings) | (nameko or {})
    container = get_container_cls(config)(LoneGateway, config)
    for kind in (QueueConsumer, Publishing):
        without_broker(container.shared_extensions[kind])
    thread = _Thread(container)
    thread.start()
    thread.started.wait()
    if thread.problem:
        raise thread.problem
    port = thread.container.shared_extensions[WebServer].port
    try:
        with requests.Session() as session:
            http = Client(f"http://127.0.0.1:{port}", session)
            yield Alone(thread, http, settings, answers, calls, events)
    finally:
        thread.told_to_stop = True
        thread.join()


def held_back(release, value):
    """Make an answer that a service gives only once a ``threading.Event`` is set."""

    def answer(*_args, **_kwargs):
        while not release.is_set():
            eventlet.sleep(0.005)
        return value

    return answer


def wait_until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
