"""The fast path by itself: what it answers at once, asks for, and leaves to the slow path."""

import pytest

from gateway.admission.callers import Caller
from gateway.requests.context import RequestContext, context_of
from gateway.responses.fast_path import FastPath
from gateway.responses.prepared_files import PreparedFiles
from gateway.responses.replies import Reply, encode_reply
from gateway.responses.response_cache import CachedResponse, ResponseCache, this_quarter
from services.transport.http import HttpRequest
from services.transport.http.messages import Head
from services.transport.http.prepared_response import PreparedResponse

USER = Caller(7, "user", "token", "token-id")
ADMIN = Caller(8, "admin", "admins", "admins-id")
SCRIPT = Caller(7, "user", "gym_script", "personal-1", scopes=frozenset(["stats:read"]))
PUBLIC, OWN = b"/api/exercises/1", b"/api/workouts/1"
FIRST = "run/first"


class Server:
    fast_path = None
    headers_without_origin = ()


class Standings:
    """Knows the tokens of two callers, and that of the user as good in one generation."""

    def __init__(self):
        self.callers = {caller.token: caller for caller in (USER, ADMIN, SCRIPT)}

    def known(self, token):
        return self.callers.get(token)

    def holds(self, caller, generation):
        return caller in (USER, SCRIPT) and generation == "run/tokens"


class Cache:
    """Answers as Redis would, when the test says so."""

    def __init__(self):
        self.generation, self.of_tokens = FIRST, "run/tokens"
        self.asked = []

    def look_up_generations(self, first, second, then):
        self.asked.append((first, second))
        then(self.generation, self.of_tokens)


class Admission:
    def __init__(self):
        self.cache, self.standings = Cache(), Standings()
        self.left, self.counted = 10, []
        self.sees_more = set()

    def sees_the_catalogue_alone(self, token):
        return token not in self.sees_more

    def count_without_waiting(self, caller, forwarded, peer):
        self.counted.append((caller, forwarded, peer))
        self.left -= 1
        return self.left >= 0


class CatalogueChanges:
    generation = 1


@pytest.fixture
def fast_path(monkeypatch):
    monkeypatch.setattr("gateway.responses.response_cache.time.monotonic", lambda: 100.0)
    fast_path = FastPath()
    fast_path.server, fast_path.admission = Server(), Admission()
    fast_path.response_cache = cache = ResponseCache()
    cache.admission, cache.catalogue_changes = fast_path.admission, CatalogueChanges()
    fast_path.setup()
    request = HttpRequest(Head("GET", "/"))
    for key, keys, generation in (((0, PUBLIC), None, 1), ((7, OWN), ("a", "b"), FIRST)):
        reply = encode_reply(request, Reply({"id": 1}), personal=keys is not None)
        cache.put(key, CachedResponse(reply, "/api/x/:id", keys, generation, this_quarter(), 99.0))
    return fast_path


def ask(fast_path, target, more=b""):
    head = b"GET " + target + b" HTTP/1.1\r\nHost: gym\r\nX-Request-ID: one\r\n" + more + b"\r\n"
    return fast_path.server.fast_path(head, "192.0.2.1")


def ask_own(fast_path, token=b"token"):
    return ask(fast_path, OWN, b"Authorization: Bearer " + token + b"\r\n")


def finish(pending):
    called = []
    pending.ask(lambda: called.append(True))
    assert called == [True]
    return pending.finish()


def test_what_is_public_is_answered_at_once_and_counted_for_the_address(fast_path):
    response = ask(fast_path, PUBLIC, b"X-Forwarded-For: 198.51.100.1\r\n")
    assert response.startswith(b"HTTP/1.1 200 ")
    assert b'"request_id":"one"' in response
    assert fast_path.admission.counted == [(None, "198.51.100.1", "192.0.2.1")]
    assert not fast_path.admission.cache.asked


def test_what_is_public_is_not_given_to_whoever_may_see_more(fast_path):
    token = b"Authorization: Bearer token\r\n"
    assert isinstance(ask(fast_path, PUBLIC, token), bytes)
    fast_path.admission.sees_more.add("token")
    assert ask(fast_path, PUBLIC, token) is None
    assert isinstance(ask(fast_path, PUBLIC), bytes)


def test_whoever_sees_more_gets_what_is_cached_for_them(fast_path):
    fast_path.admission.sees_more.add("token")
    request = HttpRequest(Head("GET", "/"))
    reply = encode_reply(request, Reply({"id": 7}), personal=True)
    keys = ("exercise:user:7:version", "exercise:version")
    cached = CachedResponse(reply, "/api/exercises/:id", keys, FIRST, this_quarter(), 99.0)
    fast_path.response_cache.put((7, PUBLIC), cached)
    response = finish(ask(fast_path, PUBLIC, b"Authorization: Bearer token\r\n"))
    assert b'"id":7' in response
    assert b"private, no-store" in response
    assert fast_path.admission.cache.asked == [(keys, "user:7:tokens:version")]
    assert b'"id":1' in ask(fast_path, PUBLIC)


def test_what_is_personal_is_answered_after_one_question(fast_path):
    response = finish(ask_own(fast_path))
    assert response.startswith(b"HTTP/1.1 200 ")
    assert fast_path.admission.cache.asked == [(("a", "b"), "user:7:tokens:version")]
    assert fast_path.admission.counted == [(USER, None, "")]


@pytest.mark.parametrize("target", [PUBLIC, OWN])
def test_a_client_that_has_the_data_gets_no_body(fast_path, target):
    tag = fast_path.response_cache.find((0, PUBLIC)).reply.tag
    more = b"Authorization: Bearer token\r\nIf-None-Match: " + tag.encode() + b"\r\n"
    response = ask(fast_path, target, more)
    response = response if isinstance(response, bytes) else finish(response)
    assert response.startswith(b"HTTP/1.1 304 ")
    assert response.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("target", "more"),
    [
        (OWN, b""),
        (OWN, b"Authorization: Bearer unknown\r\n"),
        (OWN, b"Authorization: Basic token\r\n"),
        (OWN, b"Authorization: Bearer admins\r\n"),
        (b"/api/workouts/2", b"Authorization: Bearer token\r\n"),
        (PUBLIC, b"Origin: https://app.example\r\n"),
    ],
)
def test_everything_else_takes_the_slow_path_and_is_not_counted(fast_path, target, more):
    assert ask(fast_path, target, more) is None
    assert not fast_path.admission.counted
    assert not fast_path.admission.cache.asked


def test_an_older_catalogue_is_not_shown(fast_path):
    fast_path.response_cache.catalogue_changes.generation = 2
    assert ask(fast_path, PUBLIC) is None
    fast_path.response_cache.catalogue_changes.generation = None
    assert ask(fast_path, PUBLIC) is None


def test_an_older_generation_is_dropped_and_the_new_one_goes_along(fast_path):
    fast_path.admission.cache.generation = "run/second"
    pending = ask_own(fast_path)
    assert finish(pending) is None
    assert pending.context == RequestContext("run/second", USER)
    assert not fast_path.admission.counted
    assert ask_own(fast_path) is None, "it is not asked for again"


@pytest.mark.parametrize("of_tokens", ["run/revoked since", None])
def test_a_token_that_may_be_revoked_is_asked_about_on_the_slow_path(fast_path, of_tokens):
    fast_path.admission.cache.of_tokens = of_tokens
    pending = ask_own(fast_path)
    assert finish(pending) is None
    assert pending.context == RequestContext(FIRST, None)


def test_without_redis_nothing_personal_is_answered_and_nothing_known(fast_path):
    fast_path.admission.cache.generation = fast_path.admission.cache.of_tokens = None
    pending = ask_own(fast_path)
    assert finish(pending) is None
    assert pending.context == RequestContext()


@pytest.mark.parametrize(("scope", "is_shown"), [("stats:read", True), ("workouts:read", False)])
def test_a_personal_access_token_gets_what_its_scopes_allow_alone(fast_path, scope, is_shown):
    fast_path.response_cache.find((7, OWN)).scope = scope
    pending = ask_own(fast_path, b"gym_script")
    assert (pending is not None and finish(pending) is not None) == is_shown
    assert finish(ask_own(fast_path)) is not None


def test_a_personal_access_token_is_never_shown_what_no_scope_allows(fast_path):
    assert ask_own(fast_path, b"gym_script") is None


def test_a_limit_that_has_to_be_asked_about_takes_the_slow_path_with_what_is_known(fast_path):
    fast_path.admission.left = 0
    assert ask(fast_path, PUBLIC) is None
    pending = ask_own(fast_path)
    assert finish(pending) is None
    assert pending.context == RequestContext(FIRST, USER)


def test_what_was_replaced_meanwhile_is_not_answered(fast_path):
    pending = ask_own(fast_path)
    cached = fast_path.response_cache.find((7, OWN))
    fast_path.response_cache.remove((7, OWN), cached)
    assert finish(pending) is None


def test_a_request_that_nobody_has_looked_at_has_an_empty_context():
    for context in (None, "something of another kind"):
        request = HttpRequest(Head("GET", "/"), context=context)
        assert context_of(request) == RequestContext()
    known = RequestContext(FIRST, USER)
    assert context_of(HttpRequest(Head("GET", "/"), context=known)) is known


def test_a_file_is_answered_at_once_and_counted_for_the_address(fast_path, monkeypatch):
    files = PreparedFiles()
    monkeypatch.setattr(fast_path, "files", files)
    read = []

    def choose(get):
        read.append(get.target)
        return PreparedResponse(b"/style.css", "/style.css", 200, (), b"p { color: red }")

    files.add("/style.css", choose)
    for _ in range(2):
        response = ask(fast_path, b"/style.css", b"Authorization: Bearer token\r\n")
        head, _, body = response.partition(b"\r\n\r\n")
        assert body == b"p { color: red }"
        assert b"X-Request-ID: one\r\n" in head
        assert b"\r\nContent-Length: 16" in head
    assert read == [b"/style.css"], "the head was known"
    assert fast_path.admission.counted == [(None, None, "192.0.2.1")] * 2
    fast_path.admission.left = 0
    assert ask(fast_path, b"/style.css") is None
    assert ask(fast_path, b"/style.css?v=1") is None
