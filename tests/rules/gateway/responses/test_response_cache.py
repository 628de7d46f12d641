"""What a cached response takes, and which are cached at all."""

import gc
import tracemalloc

import pytest

from gateway.responses.cache_policy import LONGEST_TARGET, CachePolicy, key_of
from gateway.responses.replies import Reply, encode_reply, prepare
from gateway.responses.response_cache import CachedResponse, ResponseCache
from schemas.envelope import page_of
from services.dependencies import cache_generations
from services.transport.http import HttpRequest
from services.transport.http.messages import Head


def cached(target, data):
    """A response as it is cached, once it has been prepared both ways."""
    request = HttpRequest(Head("GET", target))
    reply = encode_reply(request, Reply(data, page=page_of(2, 10, 100)), personal=True).compact()
    entry = CachedResponse(reply, "/api/exercises", None, 1, 1, 1.0)
    for is_known in (False, True):
        entry.prepared[is_known] = prepare(reply, target.encode(), entry.route, is_known, (), None)
    return request.target, entry


@pytest.mark.slow
@pytest.mark.parametrize("query", [0, 100, LONGEST_TARGET - 40])
@pytest.mark.parametrize("data", [0, 10_000])
def test_an_entry_takes_no_more_than_it_says(query, data):
    """6,000 answers with links of 94 KB once took 700 MB; only their bodies were counted."""
    entries = {}
    cached("/api/exercises", [])
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(200):
            target = f"/api/exercises?equipment={'(' * query}{number}"
            key, entry = cached(target, [{"name": "x" * data}])
            entries[0, key] = entry
            del key, entry
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    said = sum(entry.size for entry in entries.values())
    assert taken < said < 10 * taken


def test_responses_to_long_queries_are_not_cached():
    def is_cached(length):
        request = HttpRequest(Head("GET", "/api/exercises?search=".ljust(length, "x")))
        return key_of(request, CachePolicy.CATALOGUE, None) is not None

    assert is_cached(LONGEST_TARGET - 10)
    assert not is_cached(LONGEST_TARGET + 10)


def test_nothing_is_kept_of_a_user_whose_account_changes():
    responses = ResponseCache()
    for user_id in (0, 7, 77):
        target, entry = cached("/api/workouts", [{"name": "x"}])
        responses.put((user_id, target), entry)
        for keys in (
            cache_generations.workouts_of(user_id),
            cache_generations.shown_workout(user_id, 5),
            cache_generations.shown_numbers_of(user_id),
        ):
            responses._invalidated_at[keys] = 1.0
    kept = responses._bytes * 2 // 3
    responses.forget(7)
    assert [user_id for user_id, _ in responses._responses] == [0, 77]
    assert responses._bytes == kept
    assert not [keys for keys in responses._invalidated_at if "user:7:" in str(keys)]
    assert len(responses._invalidated_at) == 6
