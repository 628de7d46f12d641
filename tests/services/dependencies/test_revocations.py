"""Revoked tokens on a real Redis: what one process revokes is revoked for all, and stays so."""

from contextlib import contextmanager

import eventlet
import pytest

from services.dependencies.revocations import MOST_KNOWN, Revocations, revocation_key
from tests.fakes.redis_servers import COUNTERS, processes

TOKEN, OTHER = "a" * 32, "b" * 32

pytestmark = pytest.mark.usefixtures("short_pauses")


@pytest.fixture
def process(redis):
    with processes(Revocations, redis) as make:
        yield make


def wait_for(condition):
    with eventlet.Timeout(5, AssertionError("it did not happen")):
        while not condition():
            eventlet.sleep(0.005)


@contextmanager
def full(redis):
    redis.client.config_set("maxmemory", "1kb")
    try:
        yield
    finally:
        redis.client.config_set("maxmemory", COUNTERS["maxmemory"])


def test_a_revoked_token_is_revoked_for_all_until_it_would_have_ended(process, redis):
    users, gateway = process(), process()
    assert not gateway.has(TOKEN)
    users.add(TOKEN, 7, 600)
    assert gateway.has(TOKEN)
    assert not gateway.has(OTHER)
    assert redis.client.keys() == [f"user:token:revoked:{TOKEN}"]
    assert 590 < redis.client.ttl(revocation_key(TOKEN)) <= 600


def put_list(redis, key):
    redis.client.lpush(key, "foreign")


def put_bytes(redis, key):
    redis.client.execute_command("SET", key, b"\xff\xfe")


def put_nothing(redis, key):
    redis.client.set(key, "")


@pytest.mark.parametrize("put", [put_list, put_bytes, put_nothing])
def test_whatever_lies_there_the_token_is_revoked(process, redis, put):
    put(redis, revocation_key(TOKEN))
    asking = process()
    assert asking.has(TOKEN)
    assert asking._failures == 0


def test_without_redis_a_token_counts_as_good_unless_this_process_knows_better(process, redis):
    maker, seer, stranger = process(), process(), process()
    maker.add(TOKEN, 7, 600)
    assert seer.has(TOKEN)
    redis.freeze()
    for knowing in (maker, seer):
        assert knowing.has(TOKEN)
    assert not stranger.has(TOKEN)


def test_what_redis_has_lost_stays_revoked_where_it_was_seen(process, redis):
    maker, seer = process(), process()
    maker.add(TOKEN, 7, 600)
    assert seer.has(TOKEN)
    redis.client.flushall()
    assert seer.has(TOKEN)
    assert maker.has(TOKEN)


def test_a_revocation_that_found_no_redis_is_noted_when_it_is_back(process, redis):
    users, gateway = process(), process()
    redis.stop()
    users.add(TOKEN, 7, 600)
    redis.start()
    wait_for(lambda: redis.client.exists(revocation_key(TOKEN)))
    wait_for(lambda: gateway.has(TOKEN))


def test_a_revocation_that_found_no_room_is_noted_when_there_is_some(process, redis):
    users, gateway = process(), process()
    users.add(OTHER, 7, 600)
    with full(redis):
        users.add(TOKEN, 7, 600)
        assert users.has(TOKEN)
        assert gateway.has(OTHER), "reading goes on"
        assert not redis.client.exists(revocation_key(TOKEN))
    wait_for(lambda: redis.client.exists(revocation_key(TOKEN)))
    assert gateway.has(TOKEN)


def test_what_a_process_knows_is_bounded(process):
    revocations = process()
    for number in range(MOST_KNOWN + 10):
        revocations.add_here(str(number))
    assert len(revocations._revoked) == MOST_KNOWN
