"""The cache on a real Redis: writes and reads of several processes while the link is hurt."""

import time
from contextlib import contextmanager, suppress

import eventlet
import pytest

from services.dependencies import budgets
from services.dependencies.cache import CHANGING, UNSEEN, Cache
from services.dependencies.redis_link import RedisLink
from tests.fakes.redis_servers import RealRedis

PAUSE = 0.4
"""Shorter than in earnest, so that the tests need not wait so long."""

VERSION = "version"


class Container:
    def spawn_managed_thread(self, work, identifier):
        return eventlet.spawn(work)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(budgets, "REDIS_PAUSE_SECONDS", PAUSE)


@pytest.fixture(scope="module")
def server():
    server = RealRedis()
    yield server
    server.remove()


@pytest.fixture
def redis(server):
    server.thaw()
    server.client.flushall()
    return server


@pytest.fixture
def process(redis):
    """Make a cache as another process would have it."""
    made = []

    def make():
        cache = Cache()
        cache.container = Container()
        cache.link = RedisLink("127.0.0.1", redis.port)
        made.append(cache)
        return cache

    yield make
    for cache in made:
        cache.stop()


@contextmanager
def within(seconds):
    begun = time.monotonic()
    with eventlet.Timeout(seconds + 5, AssertionError("no end")):
        yield
    assert time.monotonic() - begun < seconds


def read(cache, state):
    return cache.remember("key", VERSION, 60, lambda: state)


def read_and_keep(cache, redis, state):
    """Read, and wait until what was read has arrived in Redis, which nobody else waits for."""
    value = read(cache, state)
    with within(1):
        while f'"{value}"' not in (redis.client.get("key") or ""):
            eventlet.sleep(0.005)
    return value


def checked(cache, version, absent_key="revoked"):
    given = []
    cache.check_version(version, VERSION, absent_key, given.append)
    with within(2 * budgets.REDIS_SECONDS + 0.5):
        while not given:
            eventlet.sleep(0.005)
    eventlet.sleep(0.01)
    answer = given[0].is_right
    assert len(given) == 1
    return answer


def test_a_value_is_kept_until_a_write(process, redis):
    writer, reader, other = process(), process(), process()
    assert read_and_keep(reader, redis, "old") == "old"
    assert read(writer, "new") == "old"
    with writer.changing(VERSION):
        assert read(reader, "newer") == "newer"
    assert read_and_keep(reader, redis, "new") == "new"
    assert read(other, "newest") == "new"


def test_what_is_set_without_waiting_is_there_for_whoever_asks_next(process):
    cache = process()
    cache.set("one", {"a": [1]}, 60)
    assert cache.get("one") == {"a": [1]}
    cache.delete("one")
    assert cache.get("one") is None


def test_the_mark_has_left_before_the_write_begins(process, redis):
    cache = process()
    for _ in range(2):
        with cache.changing(VERSION):
            # the test's own client lets no greenthread run in between
            assert redis.client.get(VERSION).startswith(CHANGING)
        assert not redis.client.get(VERSION).startswith(CHANGING)


def test_the_mark_of_a_process_that_died_guards_what_it_wrote(process):
    writer, reader = process(), process()
    read(writer, "old")
    writer._mark((VERSION,))
    writer.link.close()
    assert read(reader, "new") == "new"
    assert read(reader, "newer") == "newer"
    assert reader.version(VERSION) is None


def test_a_version_is_checked_without_waiting(process, redis):
    cache, other = process(), process()
    version = cache.version(VERSION)
    assert checked(cache, version)
    assert checked(other, version)
    assert not checked(cache, "run/else")
    redis.client.set("revoked", "1")
    assert not checked(cache, version)
    redis.client.delete("revoked")
    with other.changing(VERSION):
        assert not checked(cache, version)
    assert not checked(cache, version)
    assert cache.is_version(version, VERSION, "revoked") is False


def test_a_version_of_another_run_is_not_current(process, redis):
    cache = process()
    version = cache.version(VERSION)
    kept = redis.client.get(VERSION)
    redis.restart()
    redis.client.set(VERSION, kept)
    eventlet.sleep(0.01)
    assert not checked(cache, version)
    assert not cache.is_version(version, VERSION, "revoked")


def test_the_check_may_come_from_the_event_loop_itself(process):
    cache = process()
    version = cache.version(VERSION)
    given = []
    for _ in range(100):
        eventlet.hubs.get_hub().schedule_call_global(
            0, cache.check_version, version, VERSION, "revoked", given.append
        )
    eventlet.sleep(0.1)
    assert [looked.is_right for looked in given] == [True] * 100
    assert {looked.version for looked in given} == {version}


def test_without_redis_a_check_says_no_soon_and_once(process, redis):
    cache = process()
    version = cache.version(VERSION)
    redis.freeze()
    with within(budgets.REDIS_SECONDS + 0.2):
        assert not checked(cache, version)
    at_once = []
    cache.check_version(version, VERSION, "revoked", at_once.append)
    assert at_once == [UNSEEN]
    redis.thaw()
    eventlet.sleep(PAUSE + 0.1)
    assert not checked(cache, version), "others may have something to say first"
    eventlet.sleep(PAUSE + 0.1)
    assert checked(cache, version)
    assert at_once == [UNSEEN]


def test_a_link_that_is_lost_between_mark_and_replacement(process, redis):
    writer, reader = process(), process()
    read_and_keep(reader, redis, "old")
    with within(1), writer.changing(VERSION):
        redis.cut()
        eventlet.sleep(0.02)
    # the reader was cut off, too, while nobody used it
    assert read(reader, "new") == "new"
    assert read(reader, "newer") == "new"


def test_a_link_that_is_lost_before_the_mark_arrived(process, redis):
    writer, reader = process(), process()
    read(reader, "old")
    read(writer, "old")
    redis.cut()
    with within(1), writer.changing(VERSION):
        pass
    assert read(reader, "new") == "new"


def test_redis_frozen_between_mark_and_replacement(process, redis):
    writer, reader = process(), process()
    read(reader, "old")
    with within(1), writer.changing(VERSION):
        redis.freeze()
    assert read(writer, "new") == "new"
    assert read(reader, "new") == "new"
    redis.thaw()
    until = time.monotonic() + 2 * PAUSE + 0.5
    while time.monotonic() < until:
        assert read(reader, "new") == "new"
        assert read(writer, "new") == "new"
        eventlet.sleep(0.02)
    assert read(reader, "newer") == "new"


def test_redis_frozen_before_the_mark(process, redis):
    writer, reader = process(), process()
    read(reader, "old")
    redis.freeze()
    with within(1), writer.changing(VERSION):
        pass
    with within(0.2), writer.changing(VERSION):
        pass
    assert read(reader, "new") == "new"
    redis.thaw()
    until = time.monotonic() + 2 * PAUSE + 0.5
    while time.monotonic() < until:
        assert read(reader, "new") == "new"
        eventlet.sleep(0.02)


@pytest.mark.parametrize("turn", range(5))
def test_a_reader_that_raced_with_a_write_keeps_nothing_of_before(process, turn):
    writer, reader, third = process(), process(), process()
    state = ["old"]

    def read_slowly():
        found = state[0]
        eventlet.sleep(0.05)
        return found

    racing = eventlet.spawn(reader.remember, "key", VERSION, 60, read_slowly)
    eventlet.sleep(0.01)
    with writer.changing(VERSION):
        state[0] = "new"
        eventlet.sleep(0.02 * turn)
    assert third.remember("key", VERSION, 60, lambda: state[0]) == "new"
    racing.wait()
    assert third.remember("key", VERSION, 60, lambda: state[0]) == "new"


def test_a_replacement_is_never_sent_twice_under_one_name(process, redis):
    """It may have arrived though it seemed to fail, and another write come after it."""
    writer, reader = process(), process()
    read(writer, "old")
    redis.freeze()
    writer.outdate(VERSION)
    redis.thaw()
    eventlet.sleep(0.05)
    arrived = redis.client.get(VERSION)
    read(reader, "older")
    reader.outdate(VERSION)
    eventlet.sleep(0.5)
    assert redis.client.get(VERSION) != arrived
    assert read(reader, "new") == "new"


def test_a_write_that_could_not_tell_tells_as_soon_as_redis_is_back(process, redis):
    writer, reader = process(), process()
    read(reader, "old")
    redis.stop()
    with within(1):
        writer.outdate(VERSION)
        writer.keep("revoked", 1, 60)
    redis.start()
    eventlet.sleep(PAUSE / 5 + 0.2)
    assert redis.client.get("revoked") == "1"
    assert redis.client.get(VERSION)
    assert writer.get("revoked") == 1


def test_a_refused_command_is_a_failure_and_nothing_is_believed_for_a_pause(process, redis):
    cache = process()
    read(cache, "old")
    redis.client.lpush("list", 1)
    assert cache.get("list") is None
    assert read(cache, "new") == "new"
    eventlet.sleep(PAUSE + 0.1)
    assert read(cache, "newer") == "newer"
    eventlet.sleep(PAUSE + 0.1)
    assert read(cache, "newest") == "old"


def test_redis_that_takes_no_more_makes_nothing_stale(process, redis):
    """Reads are answered and writes refused: what a write could not tell is not forgotten."""
    writer = process()
    read(writer, "old")
    redis.client.config_set("maxmemory", "1kb")
    try:
        with writer.changing(VERSION):
            pass
        for _ in range(10):
            assert read(writer, "new") == "new"
            eventlet.sleep(0.1)
    finally:
        redis.client.config_set("maxmemory", "0")
    eventlet.sleep(2 * PAUSE + 0.5)
    assert read(writer, "new") == "new"


def test_a_flushed_redis_begins_anew(process, redis):
    cache = process()
    read(cache, "old")
    version = cache.version(VERSION)
    redis.client.flushall()
    assert not checked(cache, version)
    assert read(cache, "new") == "new"
    assert read(cache, "newer") == "new"


def test_many_at_once_all_come_to_an_end(process, redis):
    """Workers read and write while connections are cut; none waits for ever."""
    caches = [process() for _ in range(3)]
    until = time.monotonic() + 1.5

    def work(number):
        cache = caches[number % 3]
        while time.monotonic() < until:
            key = f"version:{number % 5}"
            cache.remember(f"key:{number % 5}", key, 60, lambda: number)
            cache.check_version("none", key, "revoked", lambda _: None)
            with cache.changing(key):
                eventlet.sleep(0.001)
            eventlet.sleep(0.005)
        return True

    pool = eventlet.GreenPool(30)
    with within(6):
        working = [pool.spawn(work, number) for number in range(30)]
        for _ in range(3):
            eventlet.sleep(0.4)
            with suppress(Exception):
                redis.cut()
        assert all(each.wait() for each in working)
    for cache in caches:
        assert not cache.link._waiting


def test_ping(process, redis):
    cache = process()
    cache.ping()
    redis.freeze()
    with within(1), pytest.raises(Exception, match="no answer"):
        cache.ping()
    redis.thaw()
    cache.ping()
