"""What a merge of exercises makes of a user's numbers, as they are asked for."""

from contextlib import contextmanager

import pytest

from benchmarks.filling import Filling, connected, fill
from schemas.errors import GymError
from tests.faults.deputies import instead_of
from tests.services.analytics.test_analytics import Lifter
from tests.services.logbook import ago, lift, one
from tests.services.recount import PERIODS
from tests.services.workouts.test_merging import BENCH_PRESS, new_exercise
from tests.waiting import eventually

BENCH, SQUAT = 1, 2
MANY = 2000


@pytest.fixture
def lifter(rpc, fresh_user):
    return Lifter(rpc, fresh_user)


@pytest.fixture
def own(lifter):
    return new_exercise(lifter)


def merge(lifter, own):
    lifter.rpc.workouts.merge_exercise(lifter.id, own, BENCH_PRESS)


def has_followed(lifter, own, *workouts):
    """Wait until the numbers are those of a recount; a rebuild must change nothing."""

    def agrees():
        lifter.assert_recounted()
        assert own not in lifter.records()
        assert lifter.points(own) == []
        return True

    eventually(agrees, seconds=20)
    before = everything(lifter)
    lifter.rpc.analytics.rebuild(lifter.id)
    assert everything(lifter) == before


def everything(lifter):
    ask = lifter.rpc.analytics
    return [
        ask.personal_records(lifter.id),
        ask.exercise_records(lifter.id, BENCH),
        ask.rep_maxes(lifter.id, BENCH),
        ask.exercise_history(lifter.id, BENCH, range="all"),
        *(ask.progress(lifter.id, period, 52) for period in PERIODS),
    ]


@contextmanager
def paused(system, service):
    system.pause(service)
    try:
        yield
    finally:
        system.resume(service)


@pytest.mark.slow
def test_all_numbers_are_those_of_the_other_exercise(lifter, own):
    lifter.log(ago(20), lift(own, one(5, 100), one(3, 110)), lift(SQUAT, one(5, 140)))
    lifter.log(ago(9), lift(BENCH, one(5, 105, rpe=8)), duration_minutes=60)
    lifter.log(ago(8), lift(own, one(8, 90, set_type="warmup"), one(6, 100)))
    lifter.log(ago(1), lift(own, one(5, 225, "lb")), lift(BENCH, one(5, 95)))
    exercises = lifter.rpc.analytics.progress(lifter.id, "monthly", 2)["months"]
    merge(lifter, own)
    has_followed(lifter, own)
    assert lifter.records()[BENCH]["max_weight"]["value"] == 110
    assert lifter.stats()["lifetime_workouts"] == 4
    after = lifter.rpc.analytics.progress(lifter.id, "monthly", 2)["months"]
    for field in ("total_workouts", "total_sets", "total_volume"):
        assert [month[field] for month in after] == [month[field] for month in exercises]
    assert after[-1]["total_exercises"] < exercises[-1]["total_exercises"]


@pytest.mark.slow
def test_of_equal_sets_the_first_of_the_workout_is_the_record(lifter, own):
    done = lift(own, one(5, 100)), lift(BENCH, one(5, 100)), lift(own, one(4, 100))
    lifter.log(ago(1), *done)
    lifter.log(ago(0), *done[1:])
    merge(lifter, own)
    has_followed(lifter, own)
    assert lifter.points()[0]["total_sets"] == 3


@pytest.mark.slow
def test_into_what_was_never_done(lifter, own):
    lifter.log(ago(1), lift(own, one(5, 100)))
    merge(lifter, own)
    has_followed(lifter, own)


@pytest.mark.slow
def test_an_exercise_that_is_only_warm_ups(lifter, own):
    warm_up = one(5, 100, set_type="warmup")
    lifter.log(ago(3), lift(own, warm_up))
    lifter.log(ago(2), lift(own, warm_up), lift(BENCH, one(5, 90)))
    lifter.log(ago(1), lift(BENCH, warm_up), lift(own, one(5, 80)))
    merge(lifter, own)
    has_followed(lifter, own)


def test_sets_of_another_measure_stay_what_they_were(lifter, rpc):
    own = new_exercise(lifter, "duration")
    lifter.log(ago(5), lift(own, {"reps": 60}))
    lifter.log(ago(4), lift(BENCH, one(5, 100)), lift(own, {"reps": 45}))
    lifter.log(ago(3), lift(own, {"duration_seconds": 30}), lift(BENCH, one(5, 90)))
    rpc.exercises.update(lifter.id, own, {"measure": "weight_reps"})
    lifter.log(ago(2), lift(own, one(5, 95)))
    merge(lifter, own)

    def has_all():
        return lifter.stats()["lifetime_workouts"] == 4 and lifter.points(own) == []

    eventually(has_all)
    # what had both exercises is counted by itself a moment later
    before = eventually(lambda: unchanged_by_a_rebuild(lifter))
    assert len(before[1]["records"]) > 3


def unchanged_by_a_rebuild(lifter):
    before = everything(lifter)
    lifter.rpc.analytics.rebuild(lifter.id)
    assert everything(lifter) == before
    return before


@pytest.mark.slow
def test_what_happens_to_workouts_before_it_is_seen(lifter, own, system):
    first, second, third = (
        lifter.log(ago(day), lift(own, one(5, 100 + day)), lift(SQUAT, one(5, 90)))
        for day in (9, 8, 7)
    )
    ask = lifter.rpc.workouts
    with paused(system, "analytics"):
        # not counted with this one yet, either
        ask.update(lifter.id, third, {"exercises": [lift(own, one(3, 130))]})
        ask.create(lifter.id, {"date": ago(6), "exercises": [lift(own, one(5, 60))]})
        merge(lifter, own)
        ask.update(lifter.id, first, {"exercises": [lift(BENCH, one(2, 120))]})
        ask.delete(lifter.id, second)
    has_followed(lifter, own)
    assert lifter.records()[BENCH]["max_weight"]["value"] == 130


@pytest.mark.slow
def test_what_happens_to_workouts_after_it_was_seen(lifter, own):
    first, second = (lifter.log(ago(day), lift(own, one(5, 100 + day))) for day in (9, 8))
    merge(lifter, own)
    has_followed(lifter, own)
    lifter.change(first, exercises=[lift(BENCH, one(5, 70))])
    lifter.assert_recounted()
    lifter.delete(second)
    lifter.assert_recounted()


@pytest.mark.slow
def test_one_after_the_other(lifter, own, system):
    lifter.log(ago(3), lift(own, one(5, 100)))
    others = [new_exercise(lifter) for _ in range(2)]
    lifter.log(ago(2), lift(others[0], one(5, 90)), lift(others[1], one(5, 95)))
    with paused(system, "analytics"):
        for source, into in zip([own, *others], [*others, BENCH], strict=True):
            other = {"id": into, "name": "Other"}
            lifter.rpc.workouts.merge_exercise(lifter.id, source, other)
    has_followed(lifter, own)
    assert list(lifter.records()) == [BENCH]


# a long history


@pytest.fixture
def many(lifter, own, system):
    """A history of the exercise, and of another one."""
    trained = [{"id": own, "name": "Mine"}, {"id": SQUAT, "name": "Barbell Squat"}]
    with connected(system.environment) as databases:
        fill(databases, Filling(lifter.id, workouts=MANY, exercises=2, sets=2), trained)


def seen(lifter, own):
    """Return who has the workouts, by each of the answers."""
    records = tuple(lifter.records())
    workouts = {key: lifter.stats(key)["lifetime_workouts"] for key in (own, BENCH)}
    assert set(workouts.values()) <= {0, MANY}
    assert lifter.this_week()["total_exercises"] in (0, 2)
    assert len(lifter.points(BENCH)) in (0, MANY)
    assert records in ((SQUAT, own), (BENCH, SQUAT))
    return workouts[BENCH] == MANY and records[0] == BENCH


@pytest.mark.slow
def test_a_reader_sees_all_of_it_or_nothing(lifter, own, many):
    assert not seen(lifter, own)
    merge(lifter, own)
    eventually(lambda: seen(lifter, own), seconds=30, pause=0)


@pytest.mark.slow
def test_a_process_that_dies_meanwhile_takes_it_up_again(lifter, own, many, system):
    with instead_of(system, "analytics", "analytics.before_merge_commit:exit:1") as deputy:
        first = system.pid(deputy)
        merge(lifter, own)
        eventually(lambda: system.supervisor.parts()[deputy]["pid"] not in (0, first), seconds=30)
    eventually(lambda: answered(lambda: seen(lifter, own)), seconds=40)


@pytest.mark.slow
def test_what_cannot_be_merged_at_once_is_counted_one_by_one(lifter, own, system):
    lifter.log(ago(1), lift(own, one(5, 100)))
    with instead_of(system, "analytics", "analytics.before_merge_commit:fail:on purpose"):
        merge(lifter, own)
        eventually(lambda: answered(lambda: BENCH in lifter.records()), seconds=20)
    assert own not in lifter.records()


def answered(ask):
    try:
        return ask()
    except GymError:
        return False
