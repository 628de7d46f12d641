"""Merging a private exercise into another, in workouts: all of them at the same moment."""

import json
import random

import pytest
from sqlalchemy import NullPool, create_engine, text

from benchmarks.filling import Filling, connected, fill
from schemas.errors import BusinessRuleViolation, GymError, InvalidParameter
from services.workouts.merging import MOST_AT_ONCE
from tests.faults.deputies import instead_of
from tests.services.clients import all_fine, at_once
from tests.services.databases import address_of
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.test_workouts import User
from tests.waiting import eventually

BENCH, SQUAT, PLANK = 1, 2, 6
BENCH_PRESS = {"id": BENCH, "name": "Barbell Bench Press"}


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


@pytest.fixture
def own(user):
    """The id of a private exercise of the user."""
    return new_exercise(user)


WAITING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
RETIRED = "SELECT 1 FROM retired_exercises WHERE exercise_id = :own"


def new_exercise(user, measure="weight_reps"):
    name = f"Thing {random.randrange(10**12)}"
    return user.rpc.exercises.create(user.id, {"name": name, "measure": measure})["id"]


def merge(user, source, into=BENCH_PRESS):
    return user.rpc.workouts.merge_exercise(user.id, source, into)


def done(user, source, into=BENCH_PRESS):
    return merge(user, source, into)["done"]


def exercises(workout):
    return [(each["exercise_id"], each["exercise_name"]) for each in workout["exercises"]]


def without_moments(workout):
    return {name: value for name, value in workout.items() if name != "updated_at"}


# what it changes


def test_all_workouts_have_the_other_one(user, own):
    first = user.create(body(ago(3), lift(own, one(5, 50)), lift(SQUAT, one(5, 90))))
    second = user.create(body(ago(1), lift(SQUAT, one(5, 90)), lift(own, one(8, 55, rpe=8))))
    other = user.create(body(ago(2), lift(BENCH, one(5, 100))))
    for workout in (first, second, other):
        assert user.get(workout["id"]) == workout
    assert merge(user, own) == {"workouts": 2, "done": True}

    for workout in (first, second):
        [place] = [at for at, each in enumerate(workout["exercises"]) if each["exercise_id"] == own]
        workout["exercises"][place] |= {"exercise_id": BENCH, "exercise_name": BENCH_PRESS["name"]}
        workout["version"] = 2
        found = user.get(workout["id"])
        assert found["updated_at"] > workout["updated_at"]
        assert without_moments(found) == without_moments(workout)
    assert user.get(other["id"]) == other


def test_lists_and_what_was_done_last_are_those_of_now(user, own):
    workout = user.create(body(ago(1), lift(own, one(5, 50))))["id"]
    user.create(body(ago(2), lift(BENCH, one(5, 100))))
    ask = user.rpc.workouts.last_sets
    assert [each["exercise_id"] for each in ask(user.id, [own, SQUAT])] == [own]
    assert [item["version"] for item in user.list()["items"]] == [1, 1]
    merge(user, own)
    assert ask(user.id, [own, SQUAT]) == []
    [last] = ask(user.id, [BENCH])
    assert (last["workout_id"], last["sets"][0]["weight"]) == (workout, 50)
    assert [item["version"] for item in user.list()["items"]] == [2, 1]


def test_what_was_logged_counts_as_it_did(user, run):
    """An exercise's measure may have been changed after sets were logged."""
    own = new_exercise(user, "duration")
    workout = user.create(body(ago(0), lift(own, {"reps": 60})))["id"]
    user.rpc.exercises.update(user.id, own, {"measure": "weight_reps"})
    merge(user, own)
    [exercise] = user.rpc.workouts.get(workout, rep_types=True)["exercises"]
    assert (exercise["exercise_id"], exercise["measure"]) == (BENCH, "duration")
    assert exercise["sets"][0]["duration_seconds"] == 60


def test_a_workout_may_have_both(user, own):
    workout = user.create(
        body(ago(0), lift(own, one(5, 50)), lift(BENCH, one(5, 100)), lift(own, one(6, 50)))
    )
    assert merge(user, own) == {"workouts": 1, "done": True}
    found = user.get(workout["id"])
    assert [each["exercise_id"] for each in found["exercises"]] == [BENCH] * 3
    assert [each["sets"] for each in found["exercises"]] == [
        each["sets"] for each in workout["exercises"]
    ]
    assert found["version"] == 2


def test_lists_count_an_exercise_once(user, own):
    user.create(body(ago(0), lift(own, one(5)), lift(BENCH, one(5)), lift(own, one(6))))
    user.create(body(ago(1), lift(own, one(5)), lift(SQUAT, one(5))))
    assert [item["exercise_count"] for item in user.list()["items"]] == [2, 2]
    merge(user, own)
    assert [item["exercise_count"] for item in user.list()["items"]] == [1, 2]


def test_it_is_in_the_feed(user, own):
    one_of_them = user.create(body(ago(3), lift(own, one(5, 50))))["id"]
    both = user.create(body(ago(1), lift(own, one(5, 50)), lift(BENCH, one(5, 60))))["id"]
    other = user.create(body(ago(2), lift(BENCH, one(5, 100))))["id"]
    merge(user, own)
    told = [user.feed(workout)[-1] for workout in (one_of_them, both)]
    for change, day, had_both in zip(told, (ago(3), ago(1)), (False, True), strict=True):
        assert (change["kind"], change["version"], change["date"]) == ("updated", 2, day)
        merged = {"exercise_id": own, "into": BENCH, "had_both": had_both}
        assert change["merged"] == merged
    assert told[1]["id"] == told[0]["id"] + 1
    assert [len(user.feed(workout)) for workout in (one_of_them, both, other)] == [2, 2, 1]
    assert "merged" not in user.feed(both)[0]


def test_nobody_elses_workouts_change(user, own, run):
    stranger = User(user.rpc, user.id + 2**31)
    theirs = stranger.create(body(ago(0), lift(SQUAT, one(5))))["id"]
    # no request can do that
    run(
        "UPDATE workout_exercises SET exercise_id = :own WHERE workout_id = :workout RETURNING 1",
        own=own,
        workout=theirs,
    )
    user.create(body(ago(0), lift(own, one(5))))
    assert merge(user, own) == {"workouts": 1, "done": True}
    assert stranger.get(theirs)["exercises"][0]["exercise_id"] == own
    assert stranger.get(theirs)["version"] == 1


def test_into_another_private_one_and_on(user, own):
    workout = user.create(body(ago(0), lift(own, one(5))))["id"]
    second, third = (new_exercise(user) for _ in range(2))
    assert done(user, own, {"id": second, "name": "Second"})
    assert done(user, second, {"id": third, "name": "Third"})
    assert user.get(workout)["exercises"][0]["exercise_id"] == third
    assert user.get(workout)["version"] == 3
    assert merge(user, own, {"id": second, "name": "Second"}) == {"workouts": 1, "done": True}


# asking again, and asking wrongly


def test_asked_again_it_says_the_same_and_changes_nothing(user, own):
    workout = user.create(body(ago(0), lift(own, one(5))))["id"]
    assert [merge(user, own) for _ in range(3)] == [{"workouts": 1, "done": True}] * 3
    user.update(workout, name="x")
    user.delete(user.create(body(ago(0), lift(BENCH, one(5))))["id"])
    assert merge(user, own) == {"workouts": 1, "done": True}
    assert user.get(workout)["version"] == 3


def test_one_that_was_never_done_is_merged_as_well(user, own):
    assert merge(user, own) == {"workouts": 0, "done": True}
    with pytest.raises(BusinessRuleViolation):
        user.create(body(ago(0), lift(own, one(5))))


def test_it_waits_for_an_import_that_is_writing(user, own, system, run):
    """Both lock many workouts, each in an order of its own."""
    user.create(body(ago(0), lift(own, one(5))))
    engine = create_engine(address_of(system, "workouts").url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('imports of ' || :id, 0))"),
            {"id": str(user.id)},
        )
        merging = user.rpc.workouts.merge_exercise.call_async(user.id, own, BENCH_PRESS)
        eventually(lambda: run(WAITING))
        assert run(RETIRED, own=own) == []
    assert merging.result() == {"workouts": 1, "done": True}


def test_it_is_merged_into_one_only(user, own):
    merge(user, own)
    with pytest.raises(BusinessRuleViolation, match="merged into another one already"):
        merge(user, own, {"id": SQUAT, "name": "Squat"})


@pytest.mark.parametrize("into", [{}, {"id": 0, "name": "x"}, {"id": 1}, {"id": 1, "name": ""}])
def test_what_it_is_merged_into_has_an_id_and_a_name(user, own, into):
    with pytest.raises(InvalidParameter):
        merge(user, own, into)


# at the same time


def test_it_cannot_be_logged_any_more(user, own):
    workout = user.create(body(ago(0), lift(own, one(5))))["id"]
    merge(user, own)
    with pytest.raises(BusinessRuleViolation):
        user.create(body(ago(0), lift(own, one(5))))
    with pytest.raises(BusinessRuleViolation):
        user.update(workout, exercises=[lift(own, one(5))])
    assert user.get(workout)["version"] == 2


def test_what_is_logged_meanwhile_is_moved_or_refused(user, system, own):
    workouts = [user.create(body(ago(0), lift(own, one(5))))["id"] for _ in range(10)]

    def log(rpc):
        return rpc.workouts.create(user.id, body(ago(0), lift(own, one(5))))["workout"]["id"]

    def add(rpc):
        changes = {"exercises": [lift(SQUAT, one(5)), lift(own, one(5))]}
        return rpc.workouts.update(user.id, workouts[0], changes)["id"]

    def leave_out(rpc):
        changes = {"exercises": [lift(SQUAT, one(5))]}
        return rpc.workouts.update(user.id, workouts[1], changes)["id"]

    def rename(rpc):
        return rpc.workouts.update(user.id, workouts[2], {"name": "x"})["id"]

    def delete(rpc):
        return rpc.workouts.delete(user.id, workouts[3])["id"]

    def do_merge(rpc):
        assert rpc.workouts.merge_exercise(user.id, own, BENCH_PRESS)["done"]

    work = [log, log, do_merge, add, do_merge, leave_out, rename, delete, log, log]
    outcomes = at_once(system, *work)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, BusinessRuleViolation)]
    logged = [
        outcome
        for work, outcome in zip(work, outcomes, strict=True)
        if work is log and outcome not in refusals
    ]
    all_fine([outcome for outcome in outcomes if outcome not in refusals])
    left = {*workouts, *logged} - {workouts[3]}
    found = {workout: user.get(workout) for workout in left}
    for workout in left:
        feed = user.feed(workout)
        assert [change["version"] for change in feed] == list(range(1, len(feed) + 1))
        assert found[workout]["version"] == len(feed)
        assert own not in {each["exercise_id"] for each in found[workout]["exercises"]}
    assert found[workouts[2]]["name"] == "x"


# many workouts


@pytest.fixture
def many(user, own, system):
    """The ids of more workouts with the exercise than are changed in the call."""
    with connected(system.environment) as databases:
        trained = [{"id": own, "name": "Mine"}, {"id": SQUAT, "name": "Squat"}]
        filling = Filling(user.id, workouts=MOST_AT_ONCE + 1, exercises=2, sets=1)
        first = fill(databases, filling, trained)
    return range(first, first + MOST_AT_ONCE + 1)


MOVED = """
    SELECT count(DISTINCT w.id) FILTER (WHERE w.version = 2),
        count(*) FILTER (WHERE e.exercise_id = :own), count(*) FILTER (WHERE e.exercise_id = 1)
    FROM workouts w JOIN workout_exercises e ON e.user_id = w.user_id AND e.workout_id = w.id
    WHERE w.user_id = :user
"""


def test_many_are_changed_a_moment_later(user, own, many, run):
    assert merge(user, own) == {"workouts": len(many), "done": False}
    with pytest.raises(BusinessRuleViolation):
        user.create(body(ago(0), lift(own, one(5))))
    eventually(lambda: merge(user, own) == {"workouts": len(many), "done": True})
    assert run(MOVED, own=own, user=user.id) == [(len(many), 0, len(many))]
    assert user.get(many[-1])["exercises"][0]["exercise_id"] == BENCH
    [[ids, versions]] = run(
        "SELECT array_agg(id ORDER BY id), array_agg(DISTINCT version) FROM workout_changes "
        "WHERE user_id = :user AND merged_into = 1 AND NOT had_both",
        user=user.id,
    )
    assert ids == list(range(ids[0], ids[0] + len(many)))
    assert versions == [2]


def test_a_reader_sees_all_of_them_changed_or_none(user, own, many, run):
    merge(user, own)
    seen = set()

    def is_done():
        [(_, sources, targets)] = run(MOVED, own=own, user=user.id)
        seen.add((sources, targets))
        return targets == len(many)

    eventually(is_done, pause=0)
    assert seen <= {(len(many), 0), (0, len(many))}


@pytest.mark.slow
def test_a_process_that_dies_meanwhile_leaves_it_to_the_next(user, own, many, system, run):
    with instead_of(system, "workouts", "workouts.before_merge_commit:exit:1") as deputy:
        first = system.pid(deputy)
        assert not done(user, own)
        eventually(lambda: system.supervisor.parts()[deputy]["pid"] not in (0, first), seconds=30)
        assert run(MOVED, own=own, user=user.id) == [(0, len(many), 0)]
    eventually(lambda: answered(user, own), seconds=30)
    assert run(MOVED, own=own, user=user.id) == [(len(many), 0, len(many))]


def answered(user, own):
    try:
        return done(user, own)
    except GymError:
        return False


def test_the_version_before_notes_changes_by_the_same_trigger(user, run):
    """Its statements set nothing, as those of this version do that are no merges."""
    [(setting,)] = run("SELECT current_setting('gym.merges', true)")
    assert setting is None
    workout = user.create(body(ago(0)))["id"]
    run("UPDATE workouts SET version = 2 WHERE id = :id RETURNING 1", id=workout)
    assert [json.dumps(change.get("merged")) for change in user.feed(workout)] == ["null"] * 2
