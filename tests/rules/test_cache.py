"""The cache: what it believes when, and what it says when Redis is away."""

import pytest

from services.dependencies import budgets
from services.dependencies.cache import Cache
from services.dependencies.redis_link import RedisFailure

PAUSE = budgets.REDIS_PAUSE_SECONDS


class FakeRedis:
    """As much of Redis as the cache uses; several caches may share one."""

    def __init__(self):
        self.values = {}

    def answer(self, name, *arguments):
        return getattr(self, name.lower())(*arguments)

    def mget(self, *keys):
        return [self.values.get(key) for key in keys]

    def get(self, key):
        return self.values.get(key)

    def set(self, key, value, _ex, _seconds, condition=None):
        if condition == "NX" and key in self.values:
            return None
        self.values[key] = value
        return "OK"


class Line:
    """One process's link to it, which can be cut."""

    is_open = True

    def __init__(self, server):
        self.server = server
        self.run = None
        self.is_cut = False
        self.asked = 0

    def send(self, command, take, in_no_hurry=False):
        self.asked += 1
        take(RedisFailure("cut") if self.is_cut else self.server.answer(*command))

    def flush(self):
        """Everything has left already."""


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
    cache.link = Line(server)
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


def test_the_first_read_after_a_write_of_this_process_asks_nothing(server):
    cache, other = process(server), process(server)
    read(cache, "old")
    with cache.changing("version"):
        pass
    asked = cache.link.asked
    assert read(cache, "new") == "new"
    assert cache.link.asked == asked + 1, "it only keeps what it read"
    assert read(other, "newer") == "new"
    assert read(cache, "newer") == "new"


def test_a_read_after_two_writes_keeps_nothing_that_the_second_has_outdated(server):
    cache, other = process(server), process(server)
    read(cache, "old")
    with cache.changing("version"):
        pass
    with other.changing("version"):
        pass
    assert read(cache, "new") == "new"
    assert read(other, "newer") == "newer"
    assert read(cache, "newest") == "newer"


def test_nothing_is_kept_or_served_while_a_write_is_under_way(server):
    cache, other = process(server), process(server)
    read(cache, "old")
    with cache.changing("version"):
        assert read(other, "newer") == "newer"
        assert read(other, "newest") == "newest"


def test_a_value_of_another_run_of_redis_is_not_served(server):
    cache = process(server)
    cache.link.run = "first"
    read(cache, "old")
    cache.link.run = "second"
    assert read(cache, "new") == "new"
    assert read(cache, "newer") == "new"


def test_without_redis_nothing_is_kept_and_nothing_fails(server, clock):
    cache = process(server)
    read(cache, "old")
    cache.link.is_cut = True
    assert read(cache, "new") == "new"
    asked = cache.link.asked
    assert read(cache, "newer") == "newer"
    assert cache.link.asked == asked, "one pause a process"


def test_a_write_that_did_not_reach_redis_is_sent_before_anything_is_believed(server, clock):
    cache = process(server)
    read(cache, "old")
    cache.link.is_cut = True
    with cache.changing("version"):
        pass
    cache.link.is_cut = False
    clock.now += PAUSE + 0.1
    assert read(cache, "new") == "new"


def test_others_believe_redis_only_once_all_have_sent_what_they_had(server, clock):
    """A reader that was cut off, too, might be the first to be back."""
    writer, reader = process(server), process(server)
    read(reader, "old")
    writer.link.is_cut = reader.link.is_cut = True
    with writer.changing("version"):
        assert read(reader, "older") == "older"
    reader.link.is_cut = False
    clock.now += PAUSE + 0.1
    assert read(reader, "new") == "new"
    writer.link.is_cut = False
    writer._send_now()
    clock.now += PAUSE + 0.1
    assert read(reader, "new") == "new"


def test_a_write_tries_even_in_a_pause(server, clock):
    """The writer's own stumble is no outage to a reader."""
    writer, reader = process(server), process(server)
    read(reader, "old")
    writer.link.is_cut = True
    writer.get("anything")
    writer.link.is_cut = False
    with writer.changing("version"):
        pass
    assert read(reader, "new") == "new"
