"""Accounts that are deleted while services are away, die on the way, or lose messages."""

import json
import uuid

import pytest
import redis
import requests
from kombu import Connection
from sqlalchemy import create_engine, text

from tests.erasing import (
    ERASING,
    PASSWORD,
    in_databases,
    open_account,
    traces_of,
    wait_until_gone,
)
from tests.faults.deputies import instead_of
from tests.services.clients import connected
from tests.services.databases import address_of
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.imports.files import Imports, strong, text_of
from tests.waiting import eventually

pytestmark = pytest.mark.slow

FILE = text_of(
    strong("2025-03-01 10:00:00", ("Bench Press (Barbell)", 80, 5)),
    strong("2025-03-02 10:00:00", ("Nobody's Own Lift", 20, 12)),
)


class Client:
    """Somebody who is signed in."""

    def __init__(self, system, account):
        self.url = system.url
        self.account = account
        credentials = {"email": account.email, "password": account.password}
        [signed_in] = self.ask("POST", "/api/users/login", credentials, 200)
        self.headers = {"Authorization": f"Bearer {signed_in['token']}"}

    def ask(self, method, path, json=None, status=200, **headers):
        answer = requests.request(
            method,
            self.url + path,
            json=json,
            headers={**getattr(self, "headers", {}), **headers},
            timeout=20,
        )
        assert answer.status_code == status, answer.text
        return answer.json().get("data")

    def delete_account(self):
        [deleted] = self.ask("DELETE", "/api/users/me", {"password": PASSWORD}, 202)
        return deleted["receipt"]


def progress_of(system, receipt):
    answer = requests.get(f"{system.url}/api/users/deletions/{receipt}", timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][0]


def wait_until_complete(system, receipt, seconds=10):
    def is_complete():
        found = progress_of(system, receipt)
        assert found["status"] == "complete", found
        return found

    return eventually(is_complete, seconds)


def fill(system, account):
    """Leave something of an account everywhere."""
    client = Client(system, account)
    [own] = client.ask(
        "POST",
        "/api/exercises",
        {"name": f"Lift {account.email}", "measure": "weight_reps", "category": "strength"},
        201,
    )
    mine = {"notes": f"of {account.email}", "primary_muscles": ["chest"]}
    client.ask("PUT", "/api/exercises/1/mine", mine)
    # nobody listens there
    webhook = {"url": "http://127.0.0.1:1/", "events": ["workout.created", "record.set"]}
    client.ask("POST", "/api/webhooks", webhook, 201)
    for day in (3, 2, 1):
        client.ask(
            "POST",
            "/api/workouts",
            body(
                ago(day),
                lift(1, one(5, 100 - day)),
                lift(own["id"], one(5, 100 - day)),
                notes=account.email,
                client_id=str(uuid.uuid4()),
            ),
            201,
            **{"Idempotency-Key": uuid.uuid4().hex},
        )
    weight = {"kind": "weight", "value": 82.4, "unit": "kg", "measured_at": f"{ago(1)}T07:30:00Z"}
    client.ask("POST", "/api/measurements", weight, 201)
    for path in (
        f"users/{account.id}",
        "workouts",
        "stats/personal-records",
        "stats/progress",
        "stats/muscles",
        "exercises?limit=5",
    ):
        client.ask("GET", f"/api/{path}")
    with connected(system) as rpc:
        imports = Imports(rpc, account.id)
        import_id = imports.read(FILE, weight_unit="kg", time_zone="UTC")["id"]
        imports.map(import_id)
        imports.apply(import_id)
        # one that stays a preview
        imports.read(FILE, weight_unit="kg", time_zone="UTC")
    bury(system, account)

    def is_everywhere():
        found = set(traces_of(system, account))
        wanted = {
            *("users.users", "exercises.private_exercises", "exercises.own_details"),
            *("exercises.own_muscle_changes", "analytics.own_muscles"),
            *("workouts.workouts", "workouts.workout_changes", "workouts.idempotency_keys"),
            *("workouts.imports", "workouts.learned_names", "workouts.exercise_facts"),
            *("workouts.client_ids", "workouts.measurements", "workouts.measurement_changes"),
            "exercises.own_exercise_changes",
            *("analytics.processed_workouts", "analytics.set_records", "analytics.exercise_facts"),
            *("queue dead-letters", "notifications.webhooks", "notifications.deliveries"),
        }
        assert wanted <= found, wanted - found
        return True

    eventually(is_everywhere, 20, pause=0.5)
    return client


def bury(system, account):
    """Leave a dead letter of an account, and others around it."""
    with Connection(system.environment["AMQP_URI"]) as connection:
        for user_id in (1, account.id, 2):
            connection.Producer().publish(
                json.dumps({"workout_id": 1, "user_id": user_id}),
                exchange="dead-letters",
                routing_key="x",
                content_type="application/json",
            )


@pytest.fixture
def account(system):
    return open_account(system)


def test_nothing_is_left_when_services_that_were_away_are_back(system, account):
    client = fill(system, account)
    other = fill(system, open_account(system)).account
    before = set(traces_of(system, other))
    for service in ("analytics", "workouts"):
        system.stop(service)
    receipt = client.delete_account()
    client.ask("GET", "/api/exercises/last?ids=1", status=401)
    credentials = {"email": account.email, "password": PASSWORD}
    client.ask("POST", "/api/users/login", credentials, 401)
    found = progress_of(system, receipt)
    assert (found["status"], found["completed_at"]) == ("under_way", None)
    for service in ("analytics", "workouts"):
        system.start(service)
    system.wait_ready(["analytics", "workouts"])
    found = wait_until_complete(system, receipt)
    assert [each["service"] for each in found["services"] if each["erased_at"]] == sorted(ERASING)
    wait_until_gone(system, account)
    # and of others all of it
    assert {each for each in before if "REDIS" not in each} <= set(traces_of(system, other))


@pytest.mark.parametrize(
    "place", ["{}.before_erasure", "{}.in_erasure", "{}.after_erasure", "erasure.after_tombstone"]
)
@pytest.mark.parametrize("service", ["workouts", "analytics"])
def test_a_service_dies_on_the_way(system, account, service, place):
    client = fill(system, account)
    with instead_of(system, service, f"{place.format(service)}:exit:1") as deputy:
        receipt = client.delete_account()
        eventually(lambda: system.supervisor.restarts().get(deputy, 0) >= 1, seconds=40)
        assert progress_of(system, receipt)["status"] == "under_way"
    wait_until_complete(system, receipt, 30)
    wait_until_gone(system, account)


def test_the_users_service_dies_before_it_has_asked_anybody(system, account):
    client = fill(system, account)
    with instead_of(system, "users", "users.after_deletion:exit:1"):
        answer = requests.delete(
            f"{system.url}/api/users/me",
            json={"password": PASSWORD},
            headers=client.headers,
            timeout=20,
        )
        assert answer.status_code in (503, 504)
    wait_until_gone(system, account, 30)


def test_events_that_are_lost_or_come_twice(system, account):
    client = fill(system, account)
    for service in sorted(ERASING):
        system.stop(service)
    receipt = client.delete_account()
    with Connection(system.environment["AMQP_URI"]) as connection:
        for service in sorted(ERASING):
            queue = f"evt-users-erase_user--{service}.handle_erase_user"
            eventually(lambda name=queue: connection.default_channel.queue_purge(name))
    for service in sorted(ERASING):
        system.start(service)
    wait_until_complete(system, receipt, 40)
    with Connection(system.environment["AMQP_URI"]) as connection:
        for exchange, event in (
            ("users.events", "erase_user"),
            ("workouts.events", "user_erased"),
        ):
            for _ in range(2):
                connection.Producer().publish(
                    json.dumps({"user_id": account.id}),
                    exchange=exchange,
                    routing_key=event,
                    content_type="application/json",
                )
    wait_until_gone(system, account)


def test_late_messages_bring_nothing_back(system, account):
    client = fill(system, account)
    [workout] = client.ask("GET", "/api/workouts?limit=1")
    receipt = client.delete_account()
    wait_until_complete(system, receipt)
    wait_until_gone(system, account)
    event = {"workout_id": workout["id"], "user_id": account.id, "version": 9, "date": ago(1)}
    whole = {
        "id": workout["id"],
        "user_id": account.id,
        "version": 9,
        "date": ago(1),
        "started_at": None,
        "duration_minutes": None,
        "exercises": [],
    }
    with Connection(system.environment["AMQP_URI"]) as connection:
        for name, told in (
            ("workout_created", {**event, "workout": whole}),
            ("workout_created", {**event, "workout_id": workout["id"] + 10**9}),
            ("workout_updated", event),
            ("workout_deleted", event),
        ):
            connection.Producer().publish(
                json.dumps(told),
                exchange="gateway.events",
                routing_key=name,
                content_type="application/json",
            )
    with connected(system) as rpc:
        for call in (
            lambda: rpc.workouts.create(account.id, {"date": ago(1)}),
            lambda: rpc.workouts.create(account.id, {"date": ago(1)}, idempotency_key="late"),
            lambda: rpc.workouts.begin_import(account.id, {"source": "strong"}),
            lambda: rpc.exercises.create(
                account.id, {"name": "Late", "measure": "weight_reps", "category": "strength"}
            ),
            lambda: rpc.exercises.set_mine(account.id, 1, {"notes": "late"}),
        ):
            with pytest.raises(Exception, match="The account was deleted"):
                call()
        rpc.analytics.personal_records(account.id)
        assert rpc.workouts.list(account.id)["total"] == 0
        rpc.analytics.progress(account.id)
        rpc.workouts.last_sets(account.id, [1])
    # generations that reads have made end after the longest request
    wait_until_gone(system, account, 20)


def test_an_import_that_is_under_way_ends(system, account):
    client = fill(system, account)
    many = text_of(
        *(
            strong(f"2024-{month:02}-{day:02} 10:00:00", ("Bench Press (Barbell)", 80, 5))
            for month in range(1, 13)
            for day in range(1, 29)
        )
    )
    with connected(system) as rpc:
        imports = Imports(rpc, account.id)
        import_id = imports.read(many, weight_unit="kg", time_zone="UTC")["id"]
        imports.rpc.apply_import(account.id, import_id, {})
    receipt = client.delete_account()
    wait_until_complete(system, receipt, 20)
    wait_until_gone(system, account)


def test_redis_is_flushed_on_the_way(system, account):
    client = fill(system, account)
    system.stop("analytics")
    receipt = client.delete_account()
    for server in ("REDIS", "REDIS_COUNTERS"):
        host, port = (system.environment[f"{server}_{what}"] for what in ("HOST", "PORT"))
        redis.Redis(host=host, port=int(port)).flushall()
    system.start("analytics")
    wait_until_complete(system, receipt, 20)
    wait_until_gone(system, account)


def test_a_transaction_that_takes_long_is_waited_for_and_blocks_nobody(system, account):
    client = fill(system, account)
    engine = create_engine(address_of(system, "workouts").url)
    with engine.connect() as connection:
        transaction = connection.begin()
        connection.execute(
            text("INSERT INTO learned_names VALUES (:id, 'slow', 1)"), {"id": account.id}
        )
        receipt = client.delete_account()
        eventually(
            lambda: sum(bool(x["erased_at"]) for x in progress_of(system, receipt)["services"]) < 3
        )
        Client(system, open_account(system)).ask("POST", "/api/workouts", {"date": ago(0)}, 201)
        assert progress_of(system, receipt)["status"] == "under_way"
        transaction.commit()
    engine.dispose()
    wait_until_complete(system, receipt)
    wait_until_gone(system, account)


def test_without_redis_it_is_not_complete(system, other, account):
    """It may come back with the keys that it had."""
    client = fill(system, account)

    def read_there():
        # no write, which the fence would refuse
        path = f"{other}/api/stats/progress"
        return requests.get(path, headers=client.headers, timeout=20).status_code

    system.stop("redis")
    assert read_there() == 200
    receipt = client.delete_account()
    eventually(lambda: read_there() == 401, 5)
    eventually(lambda: not [*in_databases(system, account)])
    assert progress_of(system, receipt)["status"] == "under_way"
    system.start("redis")
    wait_until_complete(system, receipt, 20)
    wait_until_gone(system, account)
