"""The cache: what it believes when, and what it says when Redis is away."""

import pytest

from services.dependencies.cache import KEEP, LONGEST_KEY, Cache, bounded
from services.dependencies.generation_store import REQUEST_SECONDS
from services.process import budgets
from services.transport.redis.pipeline import RedisFailure

PAUSE = budgets.REDIS_PAUSE_SECONDS


class FakeRedis:
    """As much of Redis as the cache uses; several caches may share one."""

    def __init__(self):
        self.values = {}
        self.seconds = {}

    def answer(self, name, *arguments):
        return getattr(self, name.lower())(*arguments)

    def mget(self, *keys):
        return [self.values.get(key) for key in keys]

    def set(self, key, value, _ex, seconds, condition=None):
        if condition == "NX" and key in self.values:
            return None
        self.values[key] = value
        self.seconds[key] = seconds
        return "OK"

    def eval(self, script, count, *words):
        """Prolong a version, and keep something under it."""
        keys, (seconds, *values) = list(words[:count]), list(words[count:])
        kept = [(keys.pop(), values.pop())] if script == KEEP else []
        if self.mget(*keys) != values:
            return 0
        for key in keys:
            self.seconds[key] = max(seconds, self.seconds[key])
        for key, value in kept:
            self.set(key, value, "EX", seconds)
        return 1

    def end(self, *keys):
        """Let time take keys away, or make room."""
        for key in keys:
            self.values.pop(key, None)


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
    monkeypatch.setattr("services.dependencies.generation_store.time", clock)
    monkeypatch.setattr("services.transport.redis.store.time", clock)
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
    return cache.get_or_make("key", "version", 60, lambda: state)


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
    writer.invalidate()
    clock.now += PAUSE + 0.1
    assert read(reader, "new") == "new"


def test_a_write_tries_even_in_a_pause(server, clock):
    """The writer's own stumble is no outage to a reader."""
    writer, reader = process(server), process(server)
    read(reader, "old")
    writer.link.is_cut = True
    writer.generation("anything")
    writer.link.is_cut = False
    with writer.changing("version"):
        pass
    assert read(reader, "new") == "new"


def test_what_does_not_exist_leaves_no_key_for_longer_than_a_request(server):
    cache = process(server)
    assert read(cache, None) is None
    with cache.changing("version"):
        assert server.seconds["version"] <= REQUEST_SECONDS
    assert cache.generation("other")
    assert server.seconds == {"version": REQUEST_SECONDS, "other": REQUEST_SECONDS}
    assert read(cache, None) is None
    assert "key" not in server.values


def test_a_generation_lives_as_long_as_what_is_kept_under_it(server):
    cache = process(server)
    read(cache, "old")
    cache.get_or_make("longer", "version", 3600, lambda: "old")
    cache.get_or_make("shorter", "version", 10, lambda: "old")
    assert server.seconds == {"version": 3600, "key": 60, "longer": 3600, "shorter": 10}
    generation = cache.generation("elsewhere")
    cache.prolong(generation, "elsewhere", 300)
    assert server.seconds["elsewhere"] == 300


def test_what_was_made_under_a_generation_that_has_gone_is_not_kept(server):
    cache, other = process(server), process(server)

    def slowly():
        server.end("version")
        assert read(other, "newer") == "newer"
        return "old"

    assert cache.get_or_make("key", "version", 60, slowly) == "old"
    assert read(cache, "newest") == "newer"


def test_a_generation_of_another_is_neither_prolonged_nor_kept_under(server):
    cache = process(server)
    generation = cache.generation("version")

    def slowly():
        cache._mark(("version",))
        return "old"

    cache.get_or_make("key", "version", 60, slowly)
    cache.prolong(generation, "version", 300)
    assert server.seconds["version"] == REQUEST_SECONDS
    assert "key" not in server.values


SEVERAL = ("own", "shared")


def read_of_several(cache, state, key="key"):
    return cache.get_or_make(key, SEVERAL, 60, lambda: state)


@pytest.mark.parametrize("changed", SEVERAL)
def test_what_is_made_from_several_things_is_stale_when_one_changes(server, changed):
    cache, other = process(server), process(server)
    assert read_of_several(cache, "old") == "old"
    assert read_of_several(other, "new") == "old"
    with cache.changing(changed):
        assert read_of_several(other, "new") == "new"
    assert read_of_several(cache, "newer") == "newer"
    assert read_of_several(other, "newest") == "newer"


@pytest.mark.parametrize("changed", SEVERAL)
def test_a_generation_of_several_things_serves_elsewhere_until_one_changes(server, changed):
    cache = process(server)
    generation = cache.generation(SEVERAL)
    cache.prolong(generation, SEVERAL, 600)
    assert [server.seconds[key] for key in SEVERAL] == [600, 600]
    assert cache.is_current(generation, SEVERAL)
    seen = []
    cache.look_up_generations(SEVERAL, "other", lambda *found: seen.append(found))
    assert seen == [(generation, None)]
    with cache.changing(changed):
        assert cache.generation(SEVERAL) is None
    assert not cache.is_current(generation, SEVERAL)
    cache.prolong(generation, SEVERAL, 6000)
    assert max(server.seconds.values()) == 600


def test_after_an_own_write_nobody_is_asked_for_the_shared_generation_either(server):
    cache = process(server)
    read_of_several(cache, "old")
    with cache.changing("own"):
        pass
    asked = cache.link.asked
    assert read_of_several(cache, "new") == "new"
    # to keep it is all that was said
    assert cache.link.asked == asked + 1
    assert read_of_several(cache, "newer") == "new"


def test_an_outdated_idea_of_the_shared_generation_keeps_nothing(server):
    cache, other = process(server), process(server)
    read_of_several(cache, "old")
    with other.changing("shared"):
        pass
    with cache.changing("own"):
        pass
    assert read_of_several(cache, "raced") == "raced"
    assert read_of_several(cache, "new") == "new"
    assert read_of_several(other, "newer") == "new"


@pytest.mark.parametrize("lost", [["version"], ["key"], ["version", "key"]])
@pytest.mark.parametrize("when", ["before", "marked", "written", "after"])
def test_whatever_is_evicted_whenever_nothing_is_stale(server, lost, when):
    """The write is seen by whoever reads after it was acknowledged."""
    writer, reader = process(server), process(server)
    state = ["old"]

    def look():
        return reader.get_or_make("key", "version", 60, lambda: state[0])

    def at(moment):
        if moment == when:
            server.end(*lost)
            look()

    look()
    at("before")
    with writer.changing("version"):
        at("marked")
        state[0] = "new"
        at("written")
    at("after")
    assert look() == "new"
    assert writer.get_or_make("key", "version", 60, lambda: state[0]) == "new"


def test_the_generation_of_an_own_write_is_not_counted_on_once_it_has_ended(server, clock):
    cache = process(server)
    with cache.changing("version"):
        pass
    clock.now += REQUEST_SECONDS + 1
    server.end("version")
    assert read(cache, "new") == "new"
    assert read(cache, "newer") == "new"


FOREIGN = [
    "",
    "no JSON",
    "[]",
    "1",
    '"text"',
    "null",
    "{}",
    '{"version": 1}',
    '{"value": "foreign"}',
    "\ufffd\ufffd",
    "[" * 5000,
    '{"version": "VERSION", "run": null, "of": "else", "value": "foreign"}',
    '{"version": "VERSION", "run": "else", "of": null, "value": "foreign"}',
    '{"version": "VERSION", "run": null, "value": "foreign"}',
    '{"version": "VERSION", "run": null, "of": null}',
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_is_not_as_we_keep_it_is_a_miss(server, foreign):
    cache = process(server)
    read(cache, "old")
    server.values["key"] = foreign.replace("VERSION", server.values["version"])
    assert read(cache, "new") == "new"
    assert read(cache, "newer") == "new"


@pytest.mark.parametrize("foreign", ["", "7", "foreign", "changing", "F" * 32, "0" * 31])
def test_nothing_is_kept_under_what_is_no_generation_of_ours(server, foreign):
    cache = process(server)
    server.values["version"] = foreign
    assert cache.generation("version") is None
    assert [read(cache, value) for value in ("old", "new")] == ["old", "new"]
    with cache.changing("version"):
        pass
    assert [read(cache, value) for value in ("old", "new")] == ["old", "old"]


def test_questions_that_share_a_key_never_get_each_other_s_answers(server):
    cache = process(server)

    def ask(of, answer):
        return cache.get_or_make("slot", "version", 60, lambda: answer, of)

    assert [ask("a", 1), ask("a", 2), ask("b", 3), ask("b", 4), ask("a", 5)] == [1, 1, 3, 3, 5]


@pytest.mark.parametrize("letter", ["a", "\u00e9", "\U0001f3cb"])
def test_keys_are_of_bounded_length_and_differ(letter):
    keys = [f"exercise:search:{letter * length}{end}" for length in (1, 20, 5000) for end in "xy"]
    assert len({bounded(key) for key in keys}) == len(keys)
    assert all(len(bounded(key).encode()) <= LONGEST_KEY for key in keys)
    assert all(bounded(key).startswith("exercise:search:") for key in keys)
    assert bounded(keys[0]) == keys[0]


def test_a_long_key_is_kept_under_its_bounded_one(server):
    cache = process(server)
    cache.get_or_make("k" * 1000, "version", 60, lambda: 1)
    assert server.values.keys() == {"version", bounded("k" * 1000)}
