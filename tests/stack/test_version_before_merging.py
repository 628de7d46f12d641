"""Exercises are merged in workouts while the version before serves from the same databases."""

import pytest
from nameko.exceptions import MethodNotFound

from schemas.errors import BusinessRuleViolation
from tests.services.clients import connected
from tests.services.logbook import ago, body, lift, one
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OWNERS = {"analytics": 16, "analytics-2": 17}
BENCH, SQUAT = 1, 2
BENCH_PRESS = {"id": BENCH, "name": "Barbell Bench Press"}
READS = 6


def by_this_version(ask):
    """Return what a call returns as soon as a process of this version takes it."""

    def attempt():
        try:
            return ask()
        except (MethodNotFound, BusinessRuleViolation):
            return None

    return eventually(attempt, seconds=30)


def exercises_of(rpc, owner, workout_id):
    """Return what is seen in a workout, whichever version is asked."""
    shown = [rpc.workouts.get(workout_id, owner) for _ in range(READS)]
    return {each["exercise_id"] for workout in shown for each in workout["exercises"]}


@pytest.mark.parametrize("follower", ["analytics", "analytics-2"])
def test_both_versions_show_and_count_what_was_merged(before, follower):
    system, owner = before, OWNERS[follower]
    with connected(system) as rpc:
        for service in ("exercises", "workouts", "analytics"):
            system.start_another(service, f"{service}-2")
        system.stop("analytics-2" if follower == "analytics" else "analytics")
        new = {"name": "Gorilla Press", "measure": "weight_reps"}
        own = by_this_version(lambda: rpc.exercises.create(owner, new))["id"]
        done = [
            [lift(own, one(5, 50)), lift(SQUAT, one(5, 90))],
            [lift(BENCH, one(5, 100)), lift(own, one(8, 105))],
        ]
        first, both = (
            by_this_version(
                lambda days=days, lifts=lifts: rpc.workouts.create(owner, body(ago(days), *lifts))
            )["workout"]["id"]
            for days, lifts in enumerate(done)
        )
        old = by_the_version_before(rpc, owner)
        assert exercises_of(rpc, owner, first) == {own, SQUAT}
        counted = {own: 105, SQUAT: 90, BENCH: 100}
        eventually(lambda: weights(rpc, owner) == counted, seconds=30)

        merged = by_this_version(lambda: rpc.workouts.merge_exercise(owner, own, BENCH_PRESS))
        assert merged == {"workouts": 2, "done": True}
        eventually(lambda: exercises_of(rpc, owner, first) == {BENCH, SQUAT})
        assert exercises_of(rpc, owner, both) == {BENCH}
        eventually(lambda: weights(rpc, owner) == {SQUAT: 90, BENCH: 105}, seconds=30)

        # the trigger notes what the version before writes as ever
        system.stop("workouts-2")
        rpc.workouts.update(owner, old, {"name": "x"})
        kinds = [change["kind"] for change in rpc.workouts.changes(workout_id=old)]
        assert kinds == ["created", "updated"]


def by_the_version_before(rpc, owner):
    return rpc.workouts.create(owner, {"date": ago(9)})["workout"]["id"]


def weights(rpc, owner):
    listed = rpc.analytics.personal_records(owner)["records"]
    return {each["exercise_id"]: each["max_weight"]["value"] for each in listed}
