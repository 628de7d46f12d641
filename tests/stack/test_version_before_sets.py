"""Sets of times and distances, while the version before serves from the same databases."""

import itertools
import time
from collections import Counter

import pytest
import requests

from services.auth import issue
from services.process.settings import Settings
from tests.accounts import open_account
from tests.services.clients import connected
from tests.services.logbook import ago, body, lift, one, today
from tests.services.recount import SEED_REP_TYPES, Recount
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVICES = ("exercises", "workouts", "analytics", "gateway")
BENCH, RUNNING, PLANK = 1, 5, 6
USER = 10**12
ROUNDS = 8
READS = 6

AS_BEFORE = [lift(BENCH, one(5, 100)), lift(PLANK, one(60, 10)), lift(RUNNING, one(5000))]
AS_NOW = [
    lift(BENCH, one(6, 102.5, rir=2), {"duration_seconds": 30, "weight": 200}),
    lift(PLANK, {"duration_seconds": 75}, {"reps": 12, "duration_seconds": 90}),
    lift(RUNNING, {"distance_m": 6000.5, "duration_seconds": 1800}, {"duration_seconds": 600}),
]


class Client:
    """A user of one of two gateways."""

    def __init__(self, address, token):
        self.url = f"http://{address}/api"
        self.headers = {"Authorization": f"Bearer {token}"}

    def log(self, workout):
        answer = requests.post(f"{self.url}/workouts", json=workout, headers=self.headers)
        return answer.status_code, answer.json()

    def get(self, path):
        answer = requests.get(self.url + path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"][0]


def log_as_now(client, workout):
    """Log a workout with fields that only this version knows, and return its id.

    Either version of the workouts service may be asked, and the one before refuses it.
    """

    def attempt():
        status, answer = client.log(workout)
        if status == 400:
            constraints = Counter(each["details"]["constraint"] for each in answer["errors"])
            assert constraints.keys() <= {"unknown_field", "required"}, answer
            return None
        assert status == 201, answer
        return answer["data"][0]["id"]

    return eventually(attempt, seconds=30)


def log_as_before(client, workout):
    status, answer = client.log(workout)
    assert status == 201, answer
    return answer["data"][0]["id"]


def reps_in(workout):
    return [each["reps"] or 0 for lifted in workout["exercises"] for each in lifted["sets"]]


def counted_by_hand(rpc, ids):
    """Count the records by hand, of the reps that count."""
    workouts = rpc.workouts.get_many(ids, rep_types=True)
    return Recount(workouts, SEED_REP_TYPES, today()).personal_records()


def of_section_6(found):
    """Return the records of the kinds that both versions know."""
    known = ("max_weight", "max_reps", "max_volume")
    return {
        record["exercise_id"]: {kind: record.get(kind) for kind in known}
        for record in found["records"]
    }


def test_both_versions_write_read_and_count_the_same(before):
    system = before
    with connected(system) as rpc:
        newer = {name: system.start_another(name, f"{name}-2") for name in SERVICES}
        open_account(system, USER)
        user = {"id": USER, "email": "l@example.com", "name": None, "role": "user"}
        token = issue(user, Settings.from_environment(system.environment), time.time())
        addresses = (system.address("gateway"), newer["gateway"])
        clients = [Client(address, token) for address in addresses]
        ids = []
        for days, client in zip(range(ROUNDS), itertools.cycle(clients), strict=False):
            ids.append(log_as_before(client, body(ago(2 * days), *AS_BEFORE)))
            ids.append(log_as_now(client, body(ago(2 * days + 1), *AS_NOW)))

        expected = {0: [5, 60, 5000], 1: [6, 0, 75, 90, 6000.5, 0]}
        for place, workout_id in enumerate(ids):
            for _ in range(READS):
                shown, counts = rpc.workouts.get(workout_id, USER), expected[place % 2]
                # the version before shows what counts, this one what was entered
                assert reps_in(shown) in (counts, [12 if each == 90 else each for each in counts])
            for client in clients:
                assert len(client.get(f"/workouts/{workout_id}")["exercises"]) == 3
        eventually(
            lambda: all(
                {each["exercise_id"]: each["max_reps"]["value"] for each in found["records"]}
                == {BENCH: 6, RUNNING: 6000.5, PLANK: 90}
                for found in [client.get("/stats/personal-records") for client in clients]
            ),
            seconds=60,
        )

        for service in SERVICES:
            system.stop(service)
        by_hand = eventually(lambda: counted_by_hand(rpc, ids), seconds=60)
        # what the version before counted has no other kinds yet
        assert of_section_6(rpc.analytics.personal_records(USER)) == of_section_6(by_hand)
        rpc.analytics.rebuild(USER)
        rebuilt = rpc.analytics.personal_records(USER)
        (running,) = [each for each in rebuilt["records"] if each["exercise_id"] == RUNNING]
        # which the count by hand has not: 1,800 s for 6,000.5 m
        by_two = [running.pop(kind)["value"] for kind in ("longest", "fastest_pace")]
        assert by_two == [1800, 299.98]
        assert rebuilt == by_hand
        logged = rpc.workouts.get(ids[1], USER)["exercises"]
        assert [(each["reps"], each["duration_seconds"]) for each in logged[1]["sets"]] == [
            (75, 75),
            (12, 90),
        ]
