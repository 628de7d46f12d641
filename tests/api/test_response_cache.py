"""What the gateway has cached is never older than what was acknowledged."""

import re
import threading

import psycopg2
import pytest
import requests
from nameko.standalone.events import event_dispatcher
from redis import Redis

from services.dependencies import cache_generations
from services.dependencies.generation_store import CHANGING
from tests.api.http_client import Client
from tests.waiting import eventually

TODAY = "2026-11-20"


def data(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture
def lifter(http, new_user):
    return new_user()


@pytest.fixture
def workout(http, lifter):
    body = {"date": TODAY, "name": "first", "exercises": [{"exercise_id": 1, "sets": []}]}
    return http.post("/api/workouts", json=body, token=lifter.token).json()["data"][0]


@pytest.mark.parametrize("path", ["/api/workouts", "/api/workouts/{id}"])
def test_a_read_after_a_write_shows_it(http, lifter, workout, path):
    path = path.format(id=workout["id"])
    for number in range(20):
        name = f"name {number}"
        answer = http.put(f"/api/workouts/{workout['id']}", json={"name": name}, token=lifter.token)
        assert answer.status_code == 200
        for _ in range(2):
            assert data(http.get(path, token=lifter.token))[0]["name"] == name


@pytest.mark.slow
def test_reads_beside_writes_never_go_back(http, lifter, workout, gateway_url):
    path = f"/api/workouts/{workout['id']}"
    seen, stop = [], threading.Event()

    def read():
        reader = Client(gateway_url, requests.Session())
        while not stop.is_set():
            seen.append(data(reader.get(path, token=lifter.token))[0]["version"])

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(50):
            written = data(http.put(path, json={"name": str(number)}, token=lifter.token))[0]
            assert data(http.get(path, token=lifter.token))[0]["version"] == written["version"]
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert len(set(seen)) > 1


def test_a_deleted_workout_is_gone_at_once(http, lifter, workout):
    path = f"/api/workouts/{workout['id']}"
    for _ in range(2):
        data(http.get(path, token=lifter.token))
    assert http.delete(path, token=lifter.token).status_code == 200
    assert http.get(path, token=lifter.token).status_code == 404
    assert data(http.get("/api/workouts", token=lifter.token)) == []


def test_nobody_gets_what_is_cached_for_another(http, lifter, workout, new_user):
    path = f"/api/workouts/{workout['id']}"
    for _ in range(2):
        data(http.get(path, token=lifter.token))
    assert http.get(path, token=new_user().token).status_code == 404
    assert http.get(path).status_code == 401


def test_a_revoked_token_gets_nothing_cached(http, lifter, workout):
    path = f"/api/workouts/{workout['id']}"
    for _ in range(2):
        data(http.get(path, token=lifter.token))
    assert http.post("/api/users/logout", token=lifter.token).status_code == 200
    assert http.get(path, token=lifter.token).status_code == 401


@pytest.fixture(scope="module")
def another_gateway(system):
    address = system.start_another("gateway", "another-gateway")
    yield Client(f"http://{address}", requests.Session())
    system.stop("another-gateway")


@pytest.mark.slow
def test_a_token_revoked_at_one_gateway_gets_nothing_cached_at_another(
    http, lifter, workout, another_gateway
):
    path = f"/api/workouts/{workout['id']}"
    credentials = {"email": lifter.email, "password": lifter.password}
    for _ in range(10):
        token = data(http.post("/api/users/login", json=credentials))[0]["token"]

        def is_cached(token=token):
            before = remembered(another_gateway)
            data(another_gateway.get(path, token=token))
            return remembered(another_gateway) > before

        eventually(is_cached)
        assert http.post("/api/users/logout", token=token).status_code == 200
        assert another_gateway.get(path, token=token).status_code == 401
    # the user's other tokens are asked about again, and are as good as before
    assert data(another_gateway.get(path, token=lifter.token))


def remembered(client):
    page = client.get("/metrics").text
    return float(re.search(r"(?m)^gym_http_remembered_total (\S+)", page)[1])


def test_records_follow_the_workouts(http, lifter):
    for weight in (100, 110, 120):
        sets = [{"reps": 1, "weight": weight}]
        body = {"date": TODAY, "exercises": [{"exercise_id": 1, "sets": sets}]}
        http.post("/api/workouts", json=body, token=lifter.token)

        def heaviest():
            records = data(http.get("/api/stats/personal-records", token=lifter.token))
            return [record["max_weight"]["value"] for record in records[0]["records"]]

        eventually(lambda expected=weight: heaviest() == [expected])


@pytest.mark.parametrize("path", ["/api/exercises/1", "/api/exercises?limit=2"])
def test_a_cached_response_is_the_same_but_for_its_own_id(http, path):
    first, second = (http.get(path, headers={"X-Request-ID": name}) for name in ("one", "two"))
    assert first.json()["meta"].pop("request_id") == "one"
    documents = [answer.json() for answer in (first, second)]
    assert documents[1]["meta"].pop("request_id") == "two"
    documents[0]["meta"].pop("request_id")
    for document in documents:
        document.pop("timestamp")
    assert documents[0] == documents[1]
    ours = ("X-Request-ID", "Date", "Connection")
    shown = [
        {k: v for k, v in answer.headers.items() if k not in ours} for answer in (first, second)
    ]
    assert shown[0] == shown[1]
    assert (first.headers["X-Request-ID"], second.headers["X-Request-ID"]) == ("one", "two")


def test_what_a_client_has_is_not_sent_again(http, lifter, workout):
    path = f"/api/workouts/{workout['id']}"
    for _ in range(2):
        tag = http.get(path, token=lifter.token).headers["ETag"]
        answer = http.get(path, token=lifter.token, headers={"If-None-Match": f'"x", {tag}'})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == tag
        assert "Content-Length" not in answer.headers
    http.put(path, json={"name": "second"}, token=lifter.token)
    answer = http.get(path, token=lifter.token, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


@pytest.mark.parametrize("tags", ["", ",", "*x", "W/"])
def test_strange_tags_are_only_unknown(http, tags):
    for _ in range(2):
        answer = http.get("/api/exercises/2", headers={"If-None-Match": tags})
        assert answer.status_code == 200


def test_the_catalogue_is_forgotten_when_it_changes(http, system):
    def name():
        return data(http.get("/api/exercises/100"))[0]["name"]

    old = name()
    try:
        rename(system, old + "!")
        assert name() == old
        tell_of_change(system)
        eventually(lambda: name() == old + "!")
    finally:
        rename(system, old)
        tell_of_change(system)
    eventually(lambda: name() == old)


def query(system, database, statement, *values):
    fields = ("HOST", "PORT", "USER", "PASSWORD", "NAME")
    host, port, user, password, name = (
        system.environment[f"{database}_DB_{field}"] for field in fields
    )
    with psycopg2.connect(
        host=host, port=port, user=user, password=password, dbname=name
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        found = cursor.fetchall() if cursor.description else None
    connection.close()
    return found


def rename(system, name):
    query(system, "EXERCISE", "UPDATE exercises SET name = %s WHERE id = 100", name)


def names_have_arrived(system):
    """Whether workouts has copied all changes of the catalogue, and replaced their generation."""
    newest = query(system, "EXERCISE", "SELECT max(position) FROM exercise_changes")
    if query(system, "WORKOUT", "SELECT max(position) FROM exercise_facts") != newest:
        return False
    environment = system.environment
    with Redis(environment["REDIS_HOST"], int(environment["REDIS_PORT"])) as redis:
        generation = redis.get(cache_generations.FACTS_IN_WORKOUTS) or b""
    return not generation.startswith(CHANGING.encode())


def tell_of_change(system):
    environment = system.environment
    with Redis(environment["REDIS_HOST"], int(environment["REDIS_PORT"])) as redis:
        redis.delete("exercise:version")
    dispatch = event_dispatcher({"AMQP_URI": environment["AMQP_URI"]})
    dispatch("exercises", "catalogue_changed", {})


def test_a_change_of_one_workout_leaves_another_cached(http, lifter, system):
    # a change of the catalogue by a test before makes all workouts stale, a moment later
    eventually(lambda: names_have_arrived(system))
    one, other = (log(http, lifter, name) for name in ("one", "other"))

    def name_of(workout_id):
        return data(http.get(f"/api/workouts/{workout_id}", token=lifter.token))[0]["name"]

    assert [name_of(one), name_of(f"00{one}"), name_of(other)] == ["one", "one", "other"]
    http.put(f"/api/workouts/{one}", json={"name": "changed"}, token=lifter.token)
    before = remembered(http)
    assert [name_of(one), name_of(f"00{one}"), name_of(other)] == ["changed", "changed", "other"]
    assert remembered(http) == before + 1
    http.delete(f"/api/workouts/{one}", token=lifter.token)
    for spelling in (one, f"00{one}"):
        assert http.get(f"/api/workouts/{spelling}", token=lifter.token).status_code == 404


def test_a_workout_that_was_asked_for_too_early_is_found_once_it_is_there(http, lifter):
    last = log(http, lifter, "last")
    for workout_id in range(last + 1, last + 20):
        assert http.get(f"/api/workouts/{workout_id}", token=lifter.token).status_code == 404
    logged = log(http, lifter, "next")
    assert data(http.get(f"/api/workouts/{logged}", token=lifter.token))[0]["name"] == "next"


def log(http, lifter, name):
    body = {"date": TODAY, "name": name}
    return http.post("/api/workouts", json=body, token=lifter.token).json()["data"][0]["id"]
