"""Rate limits, on a gateway of its own without Redis (its counts are then in memory)."""

import http.client
import itertools
import random
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed

import eventlet
import pytest
import requests
from redis import ConnectionError, Redis

from gateway.admission import leases, rate_limits
from gateway.admission.moving_window import MovingWindow
from schemas.errors import RateLimitExceeded, Unauthorized
from services.dependencies.catalogue_changes import CatalogueChanges
from services.observability.outages import Outage
from services.process.budgets import ADDRESS_SHARE, USER_SHARE
from services.process.settings import BadSettings, Settings
from tests.api.lone_gateway import gateway_alone, held_back, wait_until

TRUSTED = {"TRUSTED_PROXIES": "127.0.0.0/8"}
COUNTERS = ("REDIS_COUNTERS_HOST", "REDIS_COUNTERS_PORT")


def statuses(send, times):
    return [send(number).status_code for number in range(times)]


def test_logins_of_an_address_are_limited():
    with gateway_alone(RATE_LIMIT_LOGIN="3/minute") as gateway:
        gateway.answers["users.login"] = {}
        got = statuses(lambda n: gateway.http.post("/api/users/login", {"email": f"{n}@x.de"}), 5)
        assert got == [200, 200, 200, 429, 429]
        answer = gateway.http.post("/api/users/login", {})
        (error,) = answer.json()["errors"]
        assert error["code"] == "RATE_LIMIT_EXCEEDED"
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert error["details"]["retry_after"] == int(answer.headers["Retry-After"])


OWNER, ATTACKER = "1.1.1.1", "6.6.6.6"


@pytest.fixture
def login():
    """Sign in to a gateway that allows 3 tries a minute and knows one right password."""

    def check(credentials, client):
        if credentials["password"] != "right":
            raise Unauthorized("Wrong e-mail or password")
        return {}

    with gateway_alone(RATE_LIMIT_LOGIN_EMAIL="3/minute", **TRUSTED) as gateway:
        gateway.answers["users.login"] = check

        def send(address, password, email="a@x.de"):
            body = {"email": email, "password": password}
            headers = {"X-Forwarded-For": address}
            return gateway.http.post("/api/users/login", body, headers=headers).status_code

        send.calls = gateway.calls
        yield send


@pytest.mark.slow
def test_tries_of_an_address_for_an_email_are_limited(login):
    assert [login(ATTACKER, "right") for _ in range(4)] == [200, 200, 200, 429]
    assert login(ATTACKER, "right", "b@x.de") == 200
    assert login(OWNER, "right") == 200


def test_failures_for_an_email_are_limited_wherever_they_come_from(login):
    got = [login(f"6.6.6.{number}", "wrong") for number in range(6)]
    assert got == [401, 401, 401, 429, 429, 429]


@pytest.mark.slow
def test_an_attacker_does_not_lock_the_owner_out(login):
    got = [login(f"6.6.{number}.6", "wrong") for number in range(2) for _ in range(4)]
    assert got == [401, 401, 401, 429, 429, 429, 429, 429]
    assert [login(OWNER, "right") for _ in range(3)] == [200, 200, 200]


def test_an_address_that_has_failed_tries_no_more_once_there_are_too_many_failures(login):
    assert [login(ATTACKER, "wrong") for _ in range(2)] == [401, 401]
    assert login("7.7.7.7", "wrong") == 401
    checked = len(login.calls)
    assert [login(ATTACKER, "right"), login("7.7.7.7", "right")] == [429, 429]
    assert len(login.calls) == checked
    assert login("8.8.8.8", "wrong") == 429
    assert login("8.8.8.8", "right") == 429
    assert len(login.calls) == checked + 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spelling", "another"),
    [
        ("a@x.de", " A@X.DE "),
        ("a@b\u00fccher.de", "a@xn--bcher-kva.de"),
        ("\u00e9@x.de", "e\u0301@x.de"),
        ("no e-mail", " NO e-mail"),
    ],
)
def test_another_spelling_of_an_email_is_no_other_email(login, spelling, another):
    assert [login(ATTACKER, "right", spelling) for _ in range(3)] == [200] * 3
    assert login(ATTACKER, "right", another) == 429


def test_a_login_without_an_email_is_judged_by_the_service():
    with gateway_alone(RATE_LIMIT_LOGIN_EMAIL="1/minute") as gateway:
        gateway.answers["users.login"] = {}
        got = statuses(lambda _: gateway.http.post("/api/users/login", {"email": None}), 3)
        assert got == [200] * 3


def test_registrations_of_an_address_are_limited():
    with gateway_alone(RATE_LIMIT_REGISTER="1/minute", RATE_LIMIT_LOGIN="1/minute") as gateway:
        gateway.answers |= {"users.register": {"id": 1}, "users.login": {}}
        assert statuses(lambda _: gateway.http.post("/api/users/register", {}), 2) == [201, 429]
        assert gateway.http.post("/api/users/login", {}).status_code == 200


def test_requests_are_limited_per_user_or_per_address(make_token):
    with gateway_alone(RATE_LIMIT_API="2/minute", **TRUSTED) as gateway:
        gateway.answers |= {"workouts.get": {}, "exercises.get": {}}

        def read(user_id):
            return gateway.http.get("/api/workouts/1", token=make_token(gateway, user_id))

        def look(address):
            return gateway.http.get("/api/exercises/1", headers={"X-Forwarded-For": address})

        assert statuses(lambda _: read(1), 3) == [200, 200, 429]
        assert read(2).status_code == 200
        assert statuses(lambda _: look("1.1.1.1"), 3) == [200, 200, 429]
        assert look("2.2.2.2").status_code == 200


def asked_who_owns(gateway):
    return [args for name, args, *_ in gateway.calls if name == "exercises.owns"]


def test_nobody_is_asked_whose_request_is_beyond_the_limit(make_token, monkeypatch):
    # what was asked is remembered only where events come
    monkeypatch.setattr(CatalogueChanges, "generation", 1)
    with gateway_alone(RATE_LIMIT_API="3/minute") as gateway:
        gateway.answers |= {"exercises.get": {"id": 1}, "exercises.owns": lambda user: user == 1}

        def look(user_id):
            return gateway.http.get("/api/exercises/1", token=make_token(gateway, user_id))

        # the first one for the address, as it is not known whose exercises they see
        assert statuses(lambda _: look(1), 5) == [200, 200, 200, 200, 429]
        assert statuses(lambda _: look(2), 3) == [200, 200, 429]
        assert look(3).status_code == 429
        assert asked_who_owns(gateway) == [(1,), (2,)]
        reads = [kwargs for name, _, kwargs, _ in gateway.calls if name == "exercises.get"]
        assert reads[0] == {"user_id": 1}
        assert {} in reads


def test_bad_tokens_count_for_their_address():
    with gateway_alone(RATE_LIMIT_API="2/minute") as gateway:
        got = statuses(lambda _: gateway.http.get("/api/workouts", token="guess"), 3)
        assert got == [401, 401, 429]


def test_guessed_personal_tokens_cost_nothing_beyond_the_limit():
    with gateway_alone(RATE_LIMIT_API="3/minute") as gateway:
        gateway.answers["users.check_personal_token"] = Unauthorized("not valid")
        got = statuses(lambda n: gateway.http.get("/api/workouts", token=f"gym_{n}"), 6)
        assert got == [401] * 3 + [429] * 3
        assert len(gateway.calls) == 3


@pytest.mark.slow
def test_nobody_else_is_believed_about_addresses():
    with gateway_alone(RATE_LIMIT_API="2/minute") as gateway:
        gateway.answers["exercises.get"] = {}

        def look(number):
            headers = {"X-Forwarded-For": f"1.1.1.{number}"}
            return gateway.http.get("/api/exercises/1", headers=headers)

        assert statuses(look, 3) == [200, 200, 429]


@pytest.mark.slow
def test_all_gateways_count_together(system, make_token):
    where = {name: system.environment[name] for name in COUNTERS}
    user_id = random.randrange(10**9, 2**62)
    with (
        gateway_alone(RATE_LIMIT_API="3/minute", **where) as one,
        gateway_alone(RATE_LIMIT_API="3/minute", **where) as two,
    ):

        def read(gateway):
            gateway.answers["workouts.get"] = {}
            return gateway.http.get("/api/workouts/1", token=make_token(gateway, user_id))

        got = [read(gateway).status_code for gateway in (one, two, one, two, one)]
        assert got == [200, 200, 200, 429, 429]
        assert 1 <= int(read(one).headers["Retry-After"]) <= 60
    client = Redis(*where.values(), decode_responses=True)
    with client:
        (key,) = client.keys(f"gateway:limit*{user_id}*")
        assert key.startswith("gateway:limit:")
        assert 0 < client.ttl(key) <= 60


def test_without_redis_no_request_waits_for_it():
    with gateway_alone(RATE_LIMIT_API="1000/minute") as gateway:
        gateway.answers["exercises.get"] = {}
        begun = time.monotonic()
        assert set(statuses(lambda _: gateway.http.get("/api/exercises/1"), 20)) == {200}
        assert time.monotonic() - begun < 1


def test_counts_in_memory_end_when_redis_is_back(system, monkeypatch):
    monkeypatch.setattr(rate_limits.budgets, "REDIS_PAUSE_SECONDS", 0)
    where = {name: system.environment[name] for name in COUNTERS}
    address = f"10.{random.randrange(250)}.{random.randrange(250)}.{random.randrange(1, 250)}"
    with gateway_alone(RATE_LIMIT_API="2/minute", **where, **TRUSTED) as gateway:
        gateway.answers["exercises.get"] = {}
        limits = next(iter(gateway.container.entrypoints)).admission.limits
        shared = limits._in_redis

        class Down:
            def hit(self, *_, **__):
                raise ConnectionError("away")

        def look():
            headers = {"X-Forwarded-For": address}
            return gateway.http.get("/api/exercises/1", headers=headers).status_code

        monkeypatch.setattr(limits, "_in_redis", Down())
        assert [look(), look(), look()] == [200, 200, 429]
        monkeypatch.setattr(limits, "_in_redis", shared)
        assert [look(), look(), look()] == [200, 200, 429]
        assert not len(limits._in_memory)


OUTAGE = re.compile(r"redis-counters is (?:down|back)|rate limits counted in memory")


@pytest.mark.slow
def test_an_outage_of_the_counters_is_two_lines_whichever_way_notices_it(
    redis, monkeypatch, capsys, make_token
):
    monkeypatch.setattr(rate_limits.budgets, "REDIS_PAUSE_SECONDS", 0.05)
    with gateway_alone(RATE_LIMIT_API="50/minute", **at(redis)) as gateway:
        gateway.answers |= {"users.get": {"id": 1}, "exercises.get": {"id": 1}}

        def ask_both_ways():
            """A public route counts requests alone, the other one looks at a token before."""
            for path in ("/api/exercises/1", "/api/users/1"):
                answer = gateway.http.get(path, token=make_token(gateway))
                assert answer.status_code == 200
            time.sleep(0.06)

        ask_both_ways()
        redis.stop()
        for _ in range(3):
            ask_both_ways()
        redis.start()
        for _ in range(3):
            ask_both_ways()
    assert OUTAGE.findall(capsys.readouterr().out) == [
        "redis-counters is down",
        "redis-counters is back",
    ]


def test_a_full_store_is_one_outage_though_tokens_are_still_looked_up(
    redis, monkeypatch, capsys, make_token
):
    monkeypatch.setattr(rate_limits.budgets, "REDIS_PAUSE_SECONDS", 0)
    with gateway_alone(RATE_LIMIT_API="50/minute", **at(redis)) as gateway:
        gateway.answers["users.get"] = {"id": 1}
        redis.client.config_set("maxmemory", "1kb")
        assert ask_together(gateway.server.port, make_token(gateway), 1, 5) == {200: 5}
        redis.client.config_set("maxmemory", "0")
        assert ask_together(gateway.server.port, make_token(gateway), 1, 5) == {200: 5}
    assert OUTAGE.findall(capsys.readouterr().out) == [
        "redis-counters is down",
        "redis-counters is back",
    ]


def at(redis):
    return {"REDIS_COUNTERS_HOST": "127.0.0.1", "REDIS_COUNTERS_PORT": str(redis.port)}


def an_outage():
    return Outage("redis-counters", "going on without it")


def ask_together(port, token, connections, times, path="/api/users/1"):
    """Ask over some connections at the same time, and return how often each status came."""

    def ask(_number):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        got = Counter()
        for _ in range(times):
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read()
            got[answer.status] += 1
        connection.close()
        return got

    with ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(ask, range(connections)), Counter())


@pytest.fixture(scope="module")
def limited(system):
    """The port of a gateway of the whole running system that has the default limit."""
    address = system.start_another("gateway", "limited", {"RATE_LIMIT_API": "1200/minute"})
    yield int(address.rpartition(":")[2])
    system.stop("limited")


@pytest.mark.slow
def test_exactly_the_limit_gets_through_however_many_connections_ask(limited, new_user):
    user = new_user()
    got = ask_together(limited, user.token, 30, 50, f"/api/users/{user.id}")
    assert got == {200: 1200, 429: 300}


def test_one_asks_for_all_who_wait_at_the_same_time():
    limits = rate_limits.RateLimits(
        Settings.from_environment({"RATE_LIMIT_API": "1210/minute", "REDIS_PORT": "1"}), an_outage()
    )
    asking = Counter()

    class Slow(MovingWindow):
        def hit(self, item, who, cost=1):
            asking[who] += 1
            assert asking[who] == 1
            eventlet.sleep(0.001)
            asking[who] -= 1
            return super().hit(item, who, cost=cost)

    limits._in_redis = Slow()

    def count(number):
        try:
            limits.count(rate_limits.API, f"user-{number % 2}")
        except RateLimitExceeded:
            return False
        return True

    pool = eventlet.GreenPool(60)
    assert sum(pool.imap(count, range(3000))) == 2 * 1210
    assert not limits._pending


def test_what_was_counted_in_advance_is_not_lost_between_bursts(redis, monkeypatch):
    """Thirty every six seconds use up thirty of the limit, not three times twelve."""
    limits = rate_limits.RateLimits(
        Settings.from_environment({"RATE_LIMIT_API": "1200/minute"} | at(redis)), an_outage()
    )
    now = time.monotonic()
    monkeypatch.setattr(leases.time, "monotonic", lambda: now)
    for _ in range(9):
        for _ in range(30):
            limits.count(rate_limits.API, "user-1")
        now += 6
    (key,) = redis.client.keys("gateway:limit:*")
    assert 270 <= redis.client.llen(key) < 270 + 12


@pytest.mark.parametrize("shift", [-3600, -61, 61, 3600])
def test_gateways_whose_clocks_differ_share_one_limit(redis, monkeypatch, shift):
    """What counts, and until when, is seen on the clock of Redis."""
    settings = Settings.from_environment({"RATE_LIMIT_LOGIN": "4/minute"} | at(redis))
    clock, clocks, gateways = (
        time.time,
        [0, shift],
        [rate_limits.RateLimits(settings, an_outage()) for _ in "12"],
    )

    def count(number):
        monkeypatch.setattr(time, "time", lambda: clock() + clocks[number % 2])
        gateways[number % 2].count(rate_limits.LOGIN, "1.1.1.1")

    for number in range(4):
        count(number)
    for number in range(6):
        with pytest.raises(RateLimitExceeded) as refused:
            count(number)
        assert 50 <= refused.value.details["retry_after"] <= 61


FOREIGN = {"list": ["foreign"], "bytes": [b"\xff\xfe"], "numbers": ["1e400", "nan", "9e12"]}


@pytest.mark.slow
@pytest.mark.parametrize("foreign", ["text", *FOREIGN])
def test_what_others_have_put_in_place_of_a_counter_counts_as_nothing(redis, foreign, make_token):
    with gateway_alone(RATE_LIMIT_API="3/minute", **at(redis)) as gateway:
        gateway.answers["users.get"] = {"id": 1}
        token = make_token(gateway)
        assert ask_together(gateway.server.port, token, 1, 1) == {200: 1}
        (key,) = redis.client.keys("gateway:limit:*")
        redis.client.delete(key)
        if foreign == "text":
            redis.client.set(key, "foreign")
        else:
            redis.client.rpush(key, *FOREIGN[foreign] * 5)
        assert ask_together(gateway.server.port, token, 1, 5) == {200: 3, 429: 2}
        assert redis.client.llen(key) == 3, "counted in Redis, not in memory"


def test_when_the_store_is_full_each_gateway_counts_by_itself(redis, make_token):
    with gateway_alone(RATE_LIMIT_API="3/minute", **at(redis)) as gateway:
        gateway.answers["users.get"] = {"id": 1}
        redis.client.config_set("maxmemory", "1kb")
        assert ask_together(gateway.server.port, make_token(gateway), 1, 5) == {200: 3, 429: 2}
        assert not redis.client.keys("gateway:limit:*")


def test_an_empty_limit_is_off(edge):
    edge.answers["exercises.get"] = {}
    got = statuses(lambda _: edge.http.get("/api/exercises/1"), 30)
    assert set(got) == {200}


def test_health_is_not_limited():
    with gateway_alone(RATE_LIMIT_API="1/minute") as gateway:
        assert statuses(lambda _: gateway.http.get("/health"), 3) == [200] * 3


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"RATE_LIMIT_API": "many"}, {"TRUSTED_PROXIES": "the proxy"}])
def test_bad_settings_stop_the_start(settings):
    with pytest.raises(BadSettings) as caught, gateway_alone(**settings):
        pass
    assert next(iter(settings)) in str(caught.value)


# -- shares ------------------------------------------------------------------------------------


@pytest.fixture
def stalled():
    """A gateway whose services answer nothing until they are told to."""
    release = threading.Event()
    with gateway_alone() as gateway:
        for method in ("workouts.get", "exercises.get"):
            gateway.answers[method] = held_back(release, {"id": 1})
        yield gateway, release
        release.set()


def get(gateway, path, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(gateway.http.base_url + path, headers=headers, timeout=20)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "role", "share"),
    [("/api/workouts/1", "user", USER_SHARE), ("/api/exercises/1", None, ADDRESS_SHARE)],
)
def test_nobody_has_all_workers(stalled, make_token, path, role, share):
    """110 requests of one user at once held all of them, and others got a 503."""
    gateway, release = stalled
    greedy, other = role and make_token(gateway, 1), make_token(gateway, 2)
    with ThreadPoolExecutor(share + 5) as pool:
        sent = [pool.submit(get, gateway, path, greedy) for _ in range(share + 5)]
        refused = [answer.result() for answer in itertools.islice(as_completed(sent), 5)]
        assert {answer.status_code for answer in refused} == {429}
        (error,) = refused[0].json()["errors"]
        assert error["details"] == {"limit": f"{share} at a time", "retry_after": 1}
        assert refused[0].headers["Retry-After"] == "1"
        gateway.answers["workouts.list"] = {"items": [], "total": 0}
        assert get(gateway, "/api/workouts", other).status_code == 200
        release.set()
        assert sorted(answer.result().status_code for answer in sent) == [200] * share + [429] * 5
    assert get(gateway, path, greedy).status_code == 200


@pytest.mark.slow
def test_a_request_beyond_the_share_waits_for_another_to_end(stalled, make_token):
    gateway, release = stalled
    token = make_token(gateway)
    with ThreadPoolExecutor(3 * USER_SHARE) as pool:
        sent = [pool.submit(get, gateway, "/api/workouts/1", token) for _ in range(3 * USER_SHARE)]
        wait_until(lambda: len(gateway.calls) == USER_SHARE)
        release.set()
        assert {answer.result().status_code for answer in sent} == {200}
