"""How long what was heard of a token holds, and what happens when nobody can be asked."""

import time
from types import SimpleNamespace

import pytest

from gateway.admission.callers import UNCHECKED_SECONDS, Caller, CallerSettings, TokenCache
from gateway.admission.standings import EXTENDED_SECONDS, HOLDS_SECONDS, Standings
from schemas.errors import ServiceUnavailable, Unauthorized
from schemas.scopes import TOKEN_PREFIX
from services.auth import LIFETIME_SECONDS, issue

CLAIMED = Caller(7, "user", "token", "id", issued_at=100, session_id=3)
FIRST, SECOND = "run/first", "run/second"
SETTINGS = SimpleNamespace(jwt_secret="a secret of thirty-two bytes or more")
AWAY = ServiceUnavailable.of("user-service", 5)


class Users:
    """Answers with what the test says, or raises it."""

    def __init__(self):
        self.answer = {"role": "user", "one_rep_max_formula": None}
        self.asked = []

    def call_once(self, worker_ctx, method, args, kwargs, seconds):
        self.asked.append((method, args))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Cache:
    def __init__(self):
        self.prolonged = []

    def prolong(self, generation, key, seconds):
        self.prolonged.append((generation, key))


@pytest.fixture
def users():
    return Users()


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr("gateway.admission.standings.time.monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def standings(users, clock, monkeypatch):
    monkeypatch.setattr("gateway.admission.standings.sibling", lambda *_, **__: users)
    standings = Standings()
    standings.container = None
    standings.cache, standings.tokens = Cache(), TokenCache(SETTINGS)
    standings.revoked = set()
    standings.revocations = SimpleNamespace(has=lambda token_id: token_id in standings.revoked)
    return standings


def check(standings, generation=FIRST, claimed=CLAIMED):
    return standings.check(claimed, generation, lambda: None)


def test_it_is_asked_once_in_a_generation_and_a_minute(standings, users, clock):
    for _ in range(3):
        assert check(standings).user_id == 7
    assert users.asked == [("check_token", (7, "id", 100, 3))]
    assert standings.cache.prolonged == [(FIRST, "user:7:tokens:version")]
    check(standings, SECOND)
    clock.now += HOLDS_SECONDS
    check(standings, SECOND)
    assert len(users.asked) == 3


def test_the_role_is_the_one_of_now(standings, users):
    assert not check(standings).is_admin
    users.answer = {"role": "admin", "one_rep_max_formula": "brzycki", "weekly_goal": 3}
    assert not check(standings).is_admin
    caller = check(standings, SECOND)
    assert caller.is_admin
    assert caller.settings == CallerSettings(one_rep_max_formula="brzycki", weekly_goal=3)


def test_what_was_revoked_is_forgotten_and_asked_about_each_time(standings, users):
    check(standings)
    users.answer = Unauthorized("The token has been revoked")
    for _ in range(2):
        with pytest.raises(Unauthorized):
            check(standings, SECOND)
    assert len(users.asked) == 3
    assert not standings.holds(CLAIMED, FIRST)


def test_without_redis_it_holds_until_an_event_or_for_a_minute(standings, users, clock):
    check(standings)
    check(standings, None)
    assert len(users.asked) == 1
    standings.forget(7)
    check(standings, None)
    assert len(users.asked) == 2
    clock.now += HOLDS_SECONDS
    check(standings, None)
    assert len(users.asked) == 3


def test_an_event_about_somebody_else_changes_nothing(standings, users):
    check(standings)
    standings.forget(8)
    check(standings)
    assert len(users.asked) == 1


def test_without_the_users_service_an_unchanged_token_stays_good(standings, users, clock):
    check(standings)
    users.answer = AWAY
    clock.now += HOLDS_SECONDS
    assert check(standings).user_id == 7
    check(standings)
    assert len(users.asked) == 2
    clock.now += EXTENDED_SECONDS
    check(standings)
    assert len(users.asked) == 3


@pytest.mark.parametrize("generation", [SECOND, None])
def test_without_the_users_service_a_changed_one_is_let_in_by_nobody(
    standings, users, clock, generation
):
    check(standings)
    users.answer = AWAY
    clock.now += HOLDS_SECONDS
    with pytest.raises(ServiceUnavailable):
        check(standings, generation)


def test_without_the_users_service_an_unknown_one_is_let_in_by_nobody(standings, users):
    users.answer = AWAY
    with pytest.raises(ServiceUnavailable):
        check(standings)


def test_a_users_service_of_the_version_before_has_revoked_in_redis(standings, users):
    users.answer = {}
    assert check(standings) == CLAIMED
    standings.revoked.add("id")
    with pytest.raises(Unauthorized):
        check(standings, SECOND)


def test_the_fast_path_needs_redis_and_the_same_generation(standings, clock):
    assert not standings.holds(CLAIMED, FIRST)
    check(standings)
    assert standings.holds(CLAIMED, FIRST)
    assert not standings.holds(CLAIMED, SECOND)
    assert not standings.holds(CLAIMED, None)
    clock.now += HOLDS_SECONDS
    assert not standings.holds(CLAIMED, FIRST)


def test_a_personal_access_token_is_a_user_s_with_scopes(standings, users):
    answer = {"id": 5, "user_id": 7, "scopes": ["stats:read"], "expires_at": None}
    users.answer = {**answer, "time_zone": "Pacific/Auckland"}
    token = f"{TOKEN_PREFIX}secret"
    claimed = standings.claimed(token, lambda: None)
    assert standings.claimed(token, lambda: None) == claimed
    assert (claimed.user_id, claimed.role) == (7, "user")
    assert claimed.settings == CallerSettings(time_zone="Pacific/Auckland")
    assert claimed.may("stats:read")
    assert not claimed.may("workouts:read")
    assert not claimed.may(None)
    (asked,) = users.asked
    assert asked[0] == "check_personal_token"
    assert token not in str(asked)
    assert check(standings, claimed=claimed) == claimed
    assert standings.known(token) == claimed


def test_what_is_known_of_a_user_is_bounded(standings):
    for number in range(1000):
        check(standings, claimed=Caller(7, "user", f"token {number}", f"id {number}"))
    assert len(standings._of_users[7]) <= 100


@pytest.fixture
def make_token():
    def make(user_id=7):
        profile = {"id": user_id, "email": "ada@example.com", "name": "Ada", "role": "user"}
        return issue(profile, SETTINGS, time.time(), session_id=3)

    return make


@pytest.fixture
def send(standings):
    """Do what a request with a token does."""
    return lambda token, generation=FIRST: check(
        standings, generation, standings.claimed(token, lambda: None)
    )


@pytest.fixture
def wall_clock(monkeypatch):
    clock = SimpleNamespace(now=time.time())
    monkeypatch.setattr("gateway.admission.callers.time.time", lambda: clock.now)
    return clock


def test_nothing_is_kept_of_who_was_deleted_whatever_comes_after(
    standings, users, make_token, send
):
    tokens = [make_token() for _ in range(150)]
    for token in tokens:
        send(token)
    users.answer = Unauthorized("The account was deleted")
    standings.forget(7)
    assert not any(token in standings.tokens for token in tokens)
    for token in tokens[:2]:
        with pytest.raises(Unauthorized):
            send(token, SECOND)
        assert token not in standings.tokens
        assert standings.known(token) is None
    assert not standings._of_users


def test_an_answer_from_before_the_event_is_not_kept(standings, users, make_token, send):
    """Without Redis it would be believed for a minute."""
    users.call_once = lambda *_: standings.forget(7) or users.answer
    token = make_token()
    assert send(token, None).user_id == 7
    assert token not in standings.tokens
    assert not standings._of_users
    personal = {"id": 5, "user_id": 7, "scopes": [], "expires_at": None}
    users.call_once = lambda *_: standings.forget(7) or personal
    assert standings.claimed(f"{TOKEN_PREFIX}secret", lambda: None).user_id == 7
    assert f"{TOKEN_PREFIX}secret" not in standings.tokens


def test_a_token_that_nobody_has_vouched_for_is_kept_for_a_minute(
    standings, make_token, wall_clock
):
    token = make_token()
    assert standings.claimed_without_asking(token).user_id == 7
    wall_clock.now += UNCHECKED_SECONDS
    standings.forget_ended()
    assert token not in standings.tokens


def test_nothing_is_kept_of_a_token_that_has_expired(standings, make_token, send, wall_clock):
    token = make_token()
    send(token)
    wall_clock.now += LIFETIME_SECONDS - 10
    standings.forget_ended()
    assert standings.known(token).user_id == 7
    wall_clock.now += 11
    standings.forget_ended()
    assert token not in standings.tokens
    assert not standings._of_users
