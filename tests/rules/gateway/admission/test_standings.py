"""How long what was heard of a token holds, and what happens when nobody can be asked."""

from types import SimpleNamespace

import pytest

from gateway.admission.callers import Caller, CallerSettings, TokenCache
from gateway.admission.standings import EXTENDED_SECONDS, HOLDS_SECONDS, Standings
from schemas.errors import ServiceUnavailable, Unauthorized
from schemas.scopes import TOKEN_PREFIX

CLAIMED = Caller(7, "user", "token", "id", issued_at=100, session_id=3)
FIRST, SECOND = "run/first", "run/second"
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
    standings.cache, standings.tokens = Cache(), TokenCache(None)
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
