"""Streams of server-sent events, on the whole running system and on a gateway alone."""

import dataclasses
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import eventlet
import pytest
import requests
from eventlet.event import Event

from gateway.admission import standings
from gateway.live import streams
from schemas.changes import SOURCES
from services.auth import issue
from tests.api.lone_gateway import gateway_alone
from tests.services.logbook import ago
from tests.waiting import eventually

PATH = "/api/events"
SECONDS = 15


class Listener:
    """A client that reads a stream."""

    def __init__(self, base_url, token):
        headers = {"Authorization": f"Bearer {token}"}
        self.answer = requests.get(base_url + PATH, headers=headers, stream=True, timeout=SECONDS)
        self._lines = self.answer.iter_lines()

    def block(self):
        """Return the next block of the stream as a dictionary; None at its end."""
        found = {}
        for line in self._lines:
            if not line:
                return found
            name, _, value = line.decode().partition(": ")
            found[name] = value
        return None

    def event(self):
        """Return the cursor of the next event; None at the end of the stream."""
        while (block := self.block()) is not None:
            if "event" in block:
                assert block["event"] == "change"
                assert json.loads(block["data"]) == {"cursor": block["id"]}
                return block["id"]
        return None

    def close(self):
        self.answer.close()


@pytest.fixture
def listen(http):
    opened = []

    def listen(user):
        opened.append(Listener(http.base_url, user.token))
        return opened[-1]

    yield listen
    for listener in opened:
        listener.close()


def create(http, user):
    answer = http.post("/api/workouts", {"date": ago(0)}, token=user.token)
    assert answer.status_code == 201
    return answer.json()["data"][0]["id"]


def last_cursor(http, user):
    return http.get("/api/changes", token=user.token).json()["data"][-1]["cursor"]


def test_the_first_event_has_the_cursor_of_now(http, new_user, listen):
    user = new_user()
    listener = listen(user)
    assert listener.answer.status_code == 200
    assert listener.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert listener.answer.headers["Cache-Control"].startswith("private, no-")
    assert listener.block() == {"retry": "3000"}
    assert listener.event() == last_cursor(http, user)

    create(http, user)
    assert listen(user).event() == last_cursor(http, user)


@pytest.mark.slow
def test_each_kind_of_change_is_told(http, new_user, listen, rpc):
    user = new_user()
    listener = listen(user)
    listener.event()

    workout_id = create(http, user)
    assert listener.event() == last_cursor(http, user)
    http.put(f"/api/workouts/{workout_id}", {"name": "Legs"}, token=user.token)
    assert listener.event() == last_cursor(http, user)
    # by a script at a shell, past the gateway
    rpc.workouts.delete(user.id, workout_id)
    assert listener.event() == last_cursor(http, user)


MOMENT = "2025-02-16T07:30:00+01:00"
WRITES = {
    "a measurement": ("POST", "/api/measurements", {"kind": "fat", "value": 18, "unit": "%"}),
    "an exercise": ("POST", "/api/exercises", {"name": "Row", "measure": "reps"}),
    "notes": ("PUT", "/api/exercises/1/mine", {"notes": "Slowly"}),
    "settings": ("PUT", "/api/users/me", {"locale": "de"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRITES)
def test_what_is_no_workout_is_told(http, new_user, listen, kind):
    user = new_user()
    listener = listen(user)
    before = listener.event()
    method, path, body = WRITES[kind]
    if "measurements" in path:
        body = body | {"measured_at": MOMENT}
    answer = http.request(method, path, json=body, token=user.token)
    assert answer.ok, answer.text
    told = listener.event()
    assert told == last_cursor(http, user) != before


def test_a_script_is_told_of_what_its_scopes_let_it_read(http, new_user, listen):
    user = new_user()
    body = {"name": "Script", "scopes": ["workouts:read"]}
    made = http.post("/api/users/me/tokens", body, token=user.token).json()["data"][0]
    listener = listen(dataclasses.replace(user, token=made["token"]))
    whole = listen(user)
    assert listener.event() == "0"
    whole.event()
    http.put("/api/users/me", {"locale": "de"}, token=user.token)
    create(http, user)
    told = listener.event()
    assert told.startswith("workouts-")
    assert "users" not in told
    # it may have heard of the settings first
    eventually(lambda: whole.event() == last_cursor(http, user))


@pytest.mark.slow
def test_others_are_not_told(http, new_user, listen):
    user, other = new_user(), new_user()
    listener, of_other = listen(user), listen(other)
    listener.event()
    of_other.event()
    create(http, other)
    of_other.event()

    create(http, user)
    assert listener.event() == last_cursor(http, user)


def test_signing_out_ends_the_stream(http, new_user, listen):
    user = new_user()
    listener = listen(user)
    listener.event()
    assert http.post("/api/users/logout", token=user.token).status_code == 200
    assert listener.event() is None


def test_a_deleted_account_has_no_stream(http, new_user, listen):
    user = new_user()
    listener = listen(user)
    listener.event()
    answer = http.delete("/api/users/me", json={"password": user.password}, token=user.token)
    assert answer.status_code == 202
    assert listener.event() is None


def test_a_sixth_ends_the_oldest(http, new_user, listen):
    user = new_user()
    listeners = [listen(user) for _ in range(6)]
    assert all(listener.event() for listener in listeners)
    assert listeners[0].event() is None
    create(http, user)
    assert {listener.event() for listener in listeners[1:]} == {last_cursor(http, user)}


# a gateway alone


@pytest.fixture
def gateway(redis, monkeypatch):
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.05)
    with gateway_alone(REDIS_HOST="127.0.0.1", REDIS_PORT=str(redis.port)) as gateway:
        for source in SOURCES.values():
            gateway.answers[f"{source.service}.{source.position}"] = {"position": 0}
        gateway.answers["workouts.own_position"] = {"position": 7}
        yield gateway


@pytest.fixture
def open_stream(gateway):
    def open_stream(user_id=1):
        user = {"id": user_id, "email": "a@example.com", "name": None, "role": "user"}
        return Listener(gateway.http.base_url, issue(user, gateway.settings, time.time()))

    return open_stream


def open_streams(gateway):
    [live] = [each for each in gateway.container.dependencies if type(each) is streams.LiveStreams]
    return live._count


@pytest.mark.slow
def test_a_stream_on_which_nothing_happens_has_a_heartbeat(open_stream, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    with closing(open_stream()) as listener:
        assert listener.event() == "workouts-7"
        # a comment has a colon and no name
        assert listener.block() == {":": ""}
        assert listener.block() == {":": ""}


def test_a_client_that_has_left_leaves_nothing(gateway, open_stream, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    listener = open_stream()
    listener.event()
    assert open_streams(gateway) == 1
    listener.close()
    eventually(lambda: open_streams(gateway) == 0)


def test_a_gateway_that_stops_ends_its_streams(gateway, open_stream):
    with closing(open_stream()) as listener:
        listener.event()
        gateway.stop()
        assert listener.event() is None


def test_a_service_that_is_away_is_asked_again(gateway, open_stream, redis):
    with closing(open_stream()) as listener:
        listener.event()
        gateway.answers["workouts.own_position"] = streams.ServiceUnavailable.of(
            "workout-service", 5
        )
        redis.client.set("workout:user:1:version", "a" * 32)
        eventually(lambda: len(asked(gateway)) > 3)
        gateway.answers["workouts.own_position"] = {"position": 8}
        assert listener.event() == "workouts-8"


@pytest.mark.slow
def test_a_change_is_told_though_its_generation_has_ended_meanwhile(gateway, open_stream, redis):
    with closing(open_stream()) as listener:
        listener.event()
        away = streams.ServiceUnavailable.of("workout-service", 5)
        gateway.answers["workouts.own_position"] = away
        redis.client.set("workout:user:1:version", "a" * 32, px=300)
        eventually(lambda: len(asked(gateway)) > 3)
        eventually(lambda: not redis.client.exists("workout:user:1:version"))
        gateway.answers["workouts.own_position"] = {"position": 8}
        assert listener.event() == "workouts-8"


def test_two_that_are_opened_at_the_same_moment_leave_nothing(gateway, open_stream, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)

    both_asked = Event()

    def own_position(user_id):
        if len(asked(gateway)) == 2:
            both_asked.send()
        with eventlet.Timeout(SECONDS):
            both_asked.wait()
        return {"position": 7}

    gateway.answers["workouts.own_position"] = own_position
    with ThreadPoolExecutor() as threads:
        for each in [threads.submit(open_stream) for _ in range(2)]:
            with closing(each.result()) as listener:
                assert listener.event() == "workouts-7"
    eventually(lambda: open_streams(gateway) == 0)


def test_one_that_joins_late_is_told_what_another_was_told(gateway, open_stream, redis):
    with closing(open_stream()) as first:
        first.event()
        first_was_told = threading.Event()

        def own_position(user_id):
            if len(asked(gateway)) > 2:
                return {"position": 8}
            wait_in_gateway(first_was_told.is_set)
            return {"position": 7}

        gateway.answers["workouts.own_position"] = own_position
        with ThreadPoolExecutor() as threads:
            opening = threads.submit(open_stream)
            eventually(lambda: len(asked(gateway)) == 2)
            redis.client.set("workout:user:1:version", "a" * 32)
            assert first.event() == "workouts-8"
            first_was_told.set()
            with closing(opening.result()) as second:
                assert [second.event(), second.event()] == ["workouts-7", "workouts-8"]


def test_all_services_are_asked_at_once(gateway, open_stream):
    asked, all_asked = set(), Event()

    def answer(name, position):
        def own_position(user_id):
            asked.add(name)
            if len(asked) == len(SOURCES):
                all_asked.send()
            with eventlet.Timeout(SECONDS):
                all_asked.wait()
            return {"position": position}

        return own_position

    for position, (name, source) in enumerate(SOURCES.items(), 1):
        gateway.answers[f"{source.service}.{source.position}"] = answer(name, position)
    with closing(open_stream()) as listener:
        assert listener.event() == "workouts-1.measurements-2.exercises-3.users-4"


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_no_stream_while_a_service_is_away(gateway, open_stream, name):
    away = streams.ServiceUnavailable.of(f"{SOURCES[name].service}-service", 5)
    gateway.answers[f"{SOURCES[name].service}.{SOURCES[name].position}"] = away
    with closing(open_stream()) as refused:
        assert refused.answer.status_code == 503


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_no_changes_while_a_service_is_away(gateway, name):
    for source in SOURCES.values():
        gateway.answers[f"{source.service}.{source.changes}"] = []
    user = {"id": 1, "email": "a@example.com", "name": None, "role": "user"}
    token = issue(user, gateway.settings, time.time())
    assert gateway.http.get("/api/changes", token=token).json()["data"] == []
    away = streams.ServiceUnavailable.of(f"{SOURCES[name].service}-service", 5)
    gateway.answers[f"{SOURCES[name].service}.{SOURCES[name].changes}"] = away
    assert gateway.http.get("/api/changes", token=token).status_code == 503


@pytest.mark.slow
def test_what_was_told_is_not_told_again(gateway, open_stream, redis):
    with closing(open_stream()) as listener:
        listener.event()
        before = len(asked(gateway))
        redis.client.set("user:1:settings:version", "c" * 32)
        eventually(lambda: len(asked(gateway)) > before)
        gateway.answers["users.own_position"] = {"position": 1}
        redis.client.set("user:1:settings:version", "d" * 32)
        assert listener.event() == "workouts-7.users-1"


def wait_in_gateway(is_done):
    """Wait in the gateway's thread, which goes on with everything else."""
    with eventlet.Timeout(SECONDS):
        while not is_done():
            eventlet.sleep(0.01)


def asked(gateway):
    return [call for call in gateway.calls if call[0] == "workouts.own_position"]


@pytest.mark.slow
def test_redis_that_comes_back_empty_loses_no_stream(gateway, open_stream, redis):
    with closing(open_stream()) as listener:
        listener.event()
        redis.restart()
        gateway.answers["workouts.own_position"] = {"position": 8}
        redis.client.set("workout:user:1:version", "b" * 32)
        assert listener.event() == "workouts-8"


def test_a_revoked_token_ends_its_stream_though_redis_forgot(gateway, open_stream, monkeypatch):
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(standings, "HOLDS_SECONDS", 0)
    with closing(open_stream()) as listener:
        listener.event()
        gateway.answers["users.check_token"] = streams.Unauthorized("The token has been revoked")
        assert listener.event() is None


@pytest.mark.slow
def test_there_is_a_limit_of_all(open_stream, monkeypatch):
    monkeypatch.setattr(streams.LiveStreams, "most", 2)
    with closing(open_stream(1)), closing(open_stream(2)), closing(open_stream(3)) as refused:
        assert refused.answer.status_code == 503
