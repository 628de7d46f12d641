"""What this process has counted, and whose numbers it is counting."""

from contextlib import suppress

import eventlet
import pytest

from services.analytics import counting
from services.analytics.counting import CountedWorkouts
from services.process import budgets
from services.transport import timeouts

LIFTER, OTHER = 7, 8


@pytest.fixture
def workouts():
    return CountedWorkouts()


def saved(workout_id, version):
    return {"id": workout_id, "version": version}


def test_a_version_and_those_before_it_are_covered(workouts):
    with workouts.counting([saved(1, 2), saved(3, 1)], {LIFTER}):
        pass
    assert workouts.covers(1, 1)
    assert workouts.covers(1, 2)
    assert not workouts.covers(1, 3)
    assert workouts.covers(3, 1)
    assert not workouts.covers(2, 1)


def test_an_older_version_that_comes_late_uncovers_nothing(workouts):
    for version in (5, 2):
        with workouts.counting([saved(1, version)], {LIFTER}):
            pass
    assert workouts.covers(1, 5)


def test_what_failed_is_not_covered(workouts):
    with pytest.raises(OSError, match="gone"), workouts.counting([saved(1, 1)], {LIFTER}):
        raise OSError("gone")
    assert not workouts.covers(1, 1)


@pytest.mark.parametrize("version", [None, "1", 1.0, True, [1]])
def test_a_version_that_is_none_is_not_covered(workouts, version):
    with workouts.counting([saved(1, 7)], {LIFTER}):
        pass
    assert not workouts.covers(1, version)


def test_what_is_being_counted_is_waited_for(workouts):
    with workouts.counting([saved(1, 1)], {LIFTER}):
        asking = eventlet.spawn(workouts.covers, 1, 1)
        eventlet.sleep(0)
        assert not asking.dead
    assert asking.wait()


def test_a_counting_that_fails_is_waited_for_no_longer(workouts):
    with suppress(OSError), workouts.counting([saved(1, 1)], {LIFTER}):
        asking = eventlet.spawn(workouts.covers, 1, 1)
        eventlet.sleep(0)
        raise OSError("gone")
    assert not asking.wait()


def test_a_counting_that_outlasts_whoever_waits_ends_well(workouts, monkeypatch):
    monkeypatch.setattr(budgets, "INNER_RPC_SECONDS", timeouts.SHORT_SECONDS)
    with workouts.counting([saved(1, 1)], {LIFTER}):
        assert not workouts.covers(1, 1)
    assert workouts.covers(1, 1)


def test_only_the_latest_are_remembered(workouts, monkeypatch):
    monkeypatch.setattr(counting, "MOST_WORKOUTS", 2)
    for workout_id in (1, 2, 1, 3):
        with workouts.counting([saved(workout_id, 1)], {LIFTER}):
            pass
    assert [workouts.covers(workout_id, 1) for workout_id in (1, 2, 3)] == [True, False, True]


def test_a_users_numbers_are_being_counted_from_the_begin_to_the_end(workouts):
    assert not workouts.is_counting(LIFTER)
    with workouts.counting([saved(1, 1)], {LIFTER}):
        assert workouts.is_counting(LIFTER)
        assert not workouts.is_counting(OTHER)
    assert not workouts.is_counting(LIFTER)


def test_a_deletion_alone_is_a_counting_of_its_users_numbers(workouts):
    with workouts.counting([], {LIFTER}):
        assert workouts.is_counting(LIFTER)
    assert not workouts.is_counting(LIFTER)


def test_of_two_countings_of_one_user_the_last_ends_them(workouts):
    with workouts.counting([saved(1, 1)], {LIFTER}):
        with workouts.counting([saved(2, 1)], {LIFTER, OTHER}):
            assert workouts.is_counting(OTHER)
        assert workouts.is_counting(LIFTER)
        assert not workouts.is_counting(OTHER)
    assert not workouts.is_counting(LIFTER)


def test_a_counting_that_fails_is_under_way_no_longer(workouts):
    with suppress(OSError), workouts.counting([saved(1, 1)], {LIFTER}):
        raise OSError("gone")
    assert not workouts.is_counting(LIFTER)
