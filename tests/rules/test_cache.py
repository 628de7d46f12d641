"""The cache: what it believes when, and what it says when Redis is away."""

import pytest
from redis import ConnectionError as RedisGone

from services.dependencies import budgets
from services.dependencies.cache import Cache

PAUSE = budgets.REDIS_PAUSE_SECONDS


class FakeRedis:
    """As much of Redis as the cache uses; several caches may share one."""

    def __init__(self):
        self.values = {}

    def mget(self, *keys):
        return [self.values.get(key) for key in keys]

    def get(self, key):
        return self.values.get(key)

    def set(self, key, value, ex=None, nx=False):
        if nx and key in self.values:
            return None
        self.values[key] = value
        return True


class Line:
    """One process's connection to it, which can be cut."""

    def __init__(self, server):
        self.server = server
        self.is_cut = False
        self.asked = 0

    def __getattr__(self, name):
        self.asked += 1
        if self.is_cut:
            raise RedisGone("cut")
        return getattr(self.server, name)

    def pipeline(self, transaction):
        return Pipeline(self)


class Pipeline:
    def __init__(self, line):
        self.line = line
        self.values = {}

    def set(self, key, value, ex):
        self.values[key] = value

    def execute(self):
        for key, value in self.values.items():
            self.line.set(key, value)


class Container:
    def spawn_managed_thread(self, work, identifier):
        """Nothing is sent in the background here."""


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr("services.dependencies.cache.time", clock)
    return clock


@pytest.fixture
def server():
    return FakeRedis()


def process(server):
    cache = Cache()
    cache.client = Line(server)
    cache.container = Container()
    return cache


def read(cache, state):
    return cache.remember("key", "version", 60, lambda: state)


def test_a_value_is_kept_until_a_write(server):
    cache = process(server)
    assert read(cache, "old") == "old"
    assert read(cache, "new") == "old"
    with cache.changing("version"):
        pass
    assert read(cache, "new") == "new"


def test_nothing_is_kept_or_served_while_a_write_is_under_way(server):
    cache, other = process(server), process(server)
    read(cache, "old")
    with cache.changing("version"):
        assert read(other, "newer") == "newer"
        assert read(other, "newest") == "newest"


def test_a_value_of_another_run_of_redis_is_not_served(server):
    cache = process(server)
    cache._run = "first"
    read(cache, "old")
    cache._run = "second"
    assert read(cache, "new") == "new"
    assert read(cache, "newer") == "new"


def test_without_redis_nothing_is_kept_and_nothing_fails(server, clock):
    cache = process(server)
    read(cache, "old")
    cache.client.is_cut = True
    assert read(cache, "new") == "new"
    asked = cache.client.asked
    assert read(cache, "newer") == "newer"
    assert cache.client.asked == asked, "one pause a process"


def test_a_write_that_did_not_reach_redis_is_sent_before_anything_is_believed(server, clock):
    cache = process(server)
    read(cache, "old")
    cache.client.is_cut = True
    with cache.changing("version"):
        pass
    cache.client.is_cut = False
    clock.now += PAUSE + 0.1
    assert read(cache, "new") == "new"


def test_others_believe_redis_only_once_all_have_sent_what_they_had(server, clock):
    """A reader that was cut off, too, might be the first to be back."""
    writer, reader = process(server), process(server)
    read(reader, "old")
    writer.client.is_cut = reader.client.is_cut = True
    with writer.changing("version"):
        assert read(reader, "older") == "older"
    reader.client.is_cut = False
    clock.now += PAUSE + 0.1
    assert read(reader, "new") == "new"
    writer.client.is_cut = False
    writer._send_now()
    clock.now += PAUSE + 0.1
    assert read(reader, "new") == "new"


def test_a_write_tries_even_in_a_pause(server, clock):
    """The writer's own stumble is no outage to a reader."""
    writer, reader = process(server), process(server)
    read(reader, "old")
    writer.client.is_cut = True
    writer.get("anything")
    writer.client.is_cut = False
    with writer.changing("version"):
        pass
    assert read(reader, "new") == "new"
