"""The cache on a real Redis: writes and reads of several processes while the link is hurt."""

import time
from contextlib import contextmanager, suppress

import eventlet
import pytest

from services.dependencies.cache import Cache
from services.dependencies.generation_store import CHANGING, REQUEST_SECONDS
from services.process import budgets
from tests.fakes.redis_servers import PAUSE_SECONDS as PAUSE
from tests.fakes.redis_servers import processes
from tests.waiting import eventually

GENERATION_KEY = "version"


pytestmark = pytest.mark.usefixtures("short_pauses")


@pytest.fixture
def process(redis):
    with processes(Cache, redis) as make:
        yield make


@contextmanager
def within(seconds):
    begun = time.monotonic()
    with eventlet.Timeout(seconds + 5, AssertionError("no end")):
        yield
    assert time.monotonic() - begun < seconds


def read(cache, state):
    return cache.get_or_make("key", GENERATION_KEY, 60, lambda: state)


def read_and_keep(cache, redis, state):
    """Read, and wait until what was read has arrived in Redis, which nobody else waits for."""
    value = read(cache, state)
    with within(1):
        while f'"{value}"' not in (redis.client.get("key") or ""):
            eventlet.sleep(0.005)
    return value


def seen(cache):
    """Return the generation as a look shows it."""
    given = []
    cache.look_up_generations("another", GENERATION_KEY, lambda _, found: given.append(found))
    with within(2 * budgets.REDIS_SECONDS + 0.5):
        while not given:
            eventlet.sleep(0.005)
    eventlet.sleep(0.01)
    (generation,) = given
    return generation


def test_a_value_is_kept_until_a_write(process, redis):
    writer, reader, other = process(), process(), process()
    assert read_and_keep(reader, redis, "old") == "old"
    assert read(writer, "new") == "old"
    with writer.changing(GENERATION_KEY):
        assert read(reader, "newer") == "newer"
    assert read_and_keep(reader, redis, "new") == "new"
    assert read(other, "newest") == "new"


def test_the_mark_has_left_before_the_write_begins(process, redis):
    cache = process()
    for _ in range(2):
        with cache.changing(GENERATION_KEY):
            # waits without letting a greenthread run; Redis may read either connection first
            eventually(lambda: redis.client.get(GENERATION_KEY).startswith(CHANGING), seconds=1)
        assert not redis.client.get(GENERATION_KEY).startswith(CHANGING)


def test_the_mark_of_a_process_that_died_guards_what_it_wrote(process):
    writer, reader = process(), process()
    read(writer, "old")
    writer._mark((GENERATION_KEY,))
    writer.link.close()
    assert read(reader, "new") == "new"
    assert read(reader, "newer") == "newer"
    assert reader.generation(GENERATION_KEY) is None


def test_a_generation_is_looked_at_without_waiting(process, redis):
    cache, other = process(), process()
    generation = cache.generation(GENERATION_KEY)
    assert seen(cache) == seen(other) == generation
    assert cache.is_current(generation, GENERATION_KEY)
    assert not cache.is_current("run/else", GENERATION_KEY)
    with other.changing(GENERATION_KEY):
        # the mark has left, but Redis may read either connection first
        eventually(lambda: redis.client.get(GENERATION_KEY).startswith(CHANGING), seconds=1)
        assert seen(cache) is None
        assert not cache.is_current(generation, GENERATION_KEY)
    assert seen(cache) not in (None, generation)


def test_a_generation_of_another_run_is_not_current(process, redis):
    cache = process()
    generation = cache.generation(GENERATION_KEY)
    kept = redis.client.get(GENERATION_KEY)
    redis.restart()
    redis.client.set(GENERATION_KEY, kept)
    eventlet.sleep(0.01)
    assert seen(cache) != generation
    assert not cache.is_current(generation, GENERATION_KEY)


def test_the_look_may_come_from_the_event_loop_itself(process):
    cache = process()
    generation = cache.generation(GENERATION_KEY)
    given = []
    for _ in range(100):
        eventlet.hubs.get_hub().schedule_call_global(
            0,
            cache.look_up_generations,
            GENERATION_KEY,
            "another",
            lambda found, _: given.append(found),
        )
    eventlet.sleep(0.1)
    assert given == [generation] * 100


def test_without_redis_a_look_shows_nothing_soon_and_once(process, redis):
    cache = process()
    generation = cache.generation(GENERATION_KEY)
    redis.freeze()
    with within(budgets.REDIS_SECONDS + 0.2):
        assert seen(cache) is None
    at_once = []
    cache.look_up_generations(GENERATION_KEY, GENERATION_KEY, lambda *found: at_once.append(found))
    assert at_once == [(None, None)]
    redis.thaw()
    eventlet.sleep(PAUSE + 0.1)
    assert seen(cache) is None, "others may have something to say first"
    eventlet.sleep(PAUSE + 0.1)
    assert seen(cache) == generation
    assert at_once == [(None, None)]


def test_a_link_that_is_lost_between_mark_and_replacement(process, redis):
    writer, reader = process(), process()
    read_and_keep(reader, redis, "old")
    with within(1), writer.changing(GENERATION_KEY):
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
    with within(1), writer.changing(GENERATION_KEY):
        pass
    assert read(reader, "new") == "new"


def test_redis_frozen_between_mark_and_replacement(process, redis):
    writer, reader = process(), process()
    read(reader, "old")
    with within(1), writer.changing(GENERATION_KEY):
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
    with within(1), writer.changing(GENERATION_KEY):
        pass
    with within(0.2), writer.changing(GENERATION_KEY):
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

    racing = eventlet.spawn(reader.get_or_make, "key", GENERATION_KEY, 60, read_slowly)
    eventlet.sleep(0.01)
    with writer.changing(GENERATION_KEY):
        state[0] = "new"
        eventlet.sleep(0.02 * turn)
    assert third.get_or_make("key", GENERATION_KEY, 60, lambda: state[0]) == "new"
    racing.wait()
    assert third.get_or_make("key", GENERATION_KEY, 60, lambda: state[0]) == "new"


def test_a_replacement_is_never_sent_twice_under_one_name(process, redis):
    """It may have arrived though it seemed to fail, and another write come after it."""
    writer, reader = process(), process()
    read(writer, "old")
    redis.freeze()
    writer.invalidate(GENERATION_KEY)
    redis.thaw()
    eventlet.sleep(0.05)
    arrived = redis.client.get(GENERATION_KEY)
    read(reader, "older")
    reader.invalidate(GENERATION_KEY)
    eventlet.sleep(0.5)
    assert redis.client.get(GENERATION_KEY) != arrived
    assert read(reader, "new") == "new"


def test_a_write_that_could_not_tell_tells_as_soon_as_redis_is_back(process, redis):
    writer, reader = process(), process()
    read(reader, "old")
    redis.stop()
    with within(1):
        writer.invalidate(GENERATION_KEY)
    redis.start()
    with within(PAUSE / 5 + 1):
        while not redis.client.get(GENERATION_KEY) or writer._pending.is_retrying:
            eventlet.sleep(0.01)


def test_a_refused_command_is_a_failure_and_nothing_is_believed_for_a_pause(process, redis):
    cache = process()
    read_and_keep(cache, redis, "old")
    assert cache._ask("NOSUCHCOMMAND")[0] is None
    assert read(cache, "new") == "new"
    eventlet.sleep(PAUSE + 0.1)
    assert read(cache, "newer") == "newer"
    eventlet.sleep(PAUSE + 0.1)
    assert read(cache, "newest") == "old"


@pytest.mark.slow
def test_redis_that_takes_no_more_makes_nothing_stale(process, redis):
    """Reads are answered and writes refused: what a write could not tell is not forgotten."""
    writer = process()
    read(writer, "old")
    redis.client.config_set("maxmemory", "1kb")
    try:
        with writer.changing(GENERATION_KEY):
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
    generation = cache.generation(GENERATION_KEY)
    redis.client.flushall()
    assert seen(cache) is None
    assert cache.generation(GENERATION_KEY) != generation
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
            cache.get_or_make(f"key:{number % 5}", key, 60, lambda: number)
            cache.look_up_generations(key, key, lambda *_: None)
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


def ttl(redis, key):
    seconds = redis.client.ttl(key)
    return None if seconds == -2 else seconds


def test_what_does_not_exist_leaves_no_key_for_longer_than_a_request(process, redis):
    cache = process()
    for number in range(100):
        key = f"version:{number}"
        assert cache.get_or_make(f"key:{number}", key, 60, lambda: None) is None
        with cache.changing(key):
            pass
    keys = redis.client.keys()
    assert len(keys) == 100
    assert all(0 < ttl(redis, key) <= REQUEST_SECONDS for key in keys)


def test_a_generation_lives_as_long_as_what_is_kept_under_it(process, redis):
    cache = process()
    cache.get_or_make("key", GENERATION_KEY, 600, lambda: 1)
    cache.get_or_make("another", GENERATION_KEY, 60, lambda: 1)
    with within(1):
        while ttl(redis, "another") is None:
            eventlet.sleep(0.005)
    assert 590 < ttl(redis, GENERATION_KEY) <= 600
    assert 590 < ttl(redis, "key") <= 600
    begun = []
    cache.ensure_generation("begun", 700, begun.append)
    cache.ensure_generation(GENERATION_KEY, 7000, begun.append)
    cache.prolong(cache.generation(GENERATION_KEY), GENERATION_KEY, 3600)
    with within(1):
        while ttl(redis, GENERATION_KEY) < 3590:
            eventlet.sleep(0.005)
    assert begun == [cache.generation("begun"), cache.generation(GENERATION_KEY)]
    assert 690 < ttl(redis, "begun") <= 700
    assert ttl(redis, GENERATION_KEY) <= 3600


def put_list(redis, key):
    redis.client.delete(key)
    redis.client.lpush(key, "foreign")


def put_bytes(redis, key):
    redis.client.execute_command("SET", key, b"\xff\xfe{")


@pytest.mark.parametrize("put", [put_list, put_bytes])
@pytest.mark.parametrize("key", ["key", GENERATION_KEY])
def test_what_others_have_put_there_is_a_miss_and_no_outage(process, redis, put, key):
    cache = process()
    read_and_keep(cache, redis, "old")
    put(redis, key)
    assert read(cache, "new") == "new"
    assert cache.generation(GENERATION_KEY) or key == GENERATION_KEY
    cache.look_up_generations(GENERATION_KEY, "key", lambda *_: None)
    eventlet.sleep(0.05)
    assert cache._outage.since is None
    assert cache._failures == 0
    with cache.changing(GENERATION_KEY):
        pass
    assert read_and_keep(cache, redis, "newer") == "newer"
    assert read(cache, "newest") == "newer"
