"""What this process has counted need not be counted again when it is told a second time."""

from contextlib import suppress

import eventlet
import pytest

from services.analytics import counted
from services.analytics.counted import CountedWorkouts
from services.process import budgets
from services.transport import timeouts


@pytest.fixture
def workouts():
    return CountedWorkouts()


def saved(workout_id, version):
    return {"id": workout_id, "version": version}


def test_a_version_and_those_before_it_are_covered(workouts):
    with workouts.counting([saved(1, 2), saved(3, 1)]):
        pass
    assert workouts.covers(1, 1)
    assert workouts.covers(1, 2)
    assert not workouts.covers(1, 3)
    assert workouts.covers(3, 1)
    assert not workouts.covers(2, 1)


def test_an_older_version_that_comes_late_uncovers_nothing(workouts):
    for version in (5, 2):
        with workouts.counting([saved(1, version)]):
            pass
    assert workouts.covers(1, 5)


def test_what_failed_is_not_covered(workouts):
    with pytest.raises(OSError, match="gone"), workouts.counting([saved(1, 1)]):
        raise OSError("gone")
    assert not workouts.covers(1, 1)


@pytest.mark.parametrize("version", [None, "1", 1.0, True, [1]])
def test_a_version_that_is_none_is_not_covered(workouts, version):
    with workouts.counting([saved(1, 7)]):
        pass
    assert not workouts.covers(1, version)


def test_what_is_being_counted_is_waited_for(workouts):
    with workouts.counting([saved(1, 1)]):
        asking = eventlet.spawn(workouts.covers, 1, 1)
        eventlet.sleep(0)
        assert not asking.dead
    assert asking.wait()


def test_a_counting_that_fails_is_waited_for_no_longer(workouts):
    with suppress(OSError), workouts.counting([saved(1, 1)]):
        asking = eventlet.spawn(workouts.covers, 1, 1)
        eventlet.sleep(0)
        raise OSError("gone")
    assert not asking.wait()


def test_a_counting_that_outlasts_whoever_waits_ends_well(workouts, monkeypatch):
    monkeypatch.setattr(budgets, "INNER_RPC_SECONDS", timeouts.SHORT_SECONDS)
    with workouts.counting([saved(1, 1)]):
        assert not workouts.covers(1, 1)
    assert workouts.covers(1, 1)


def test_only_the_latest_are_remembered(workouts, monkeypatch):
    monkeypatch.setattr(counted, "MOST_WORKOUTS", 2)
    for workout_id in (1, 2, 1, 3):
        with workouts.counting([saved(workout_id, 1)]):
            pass
    assert [workouts.covers(workout_id, 1) for workout_id in (1, 2, 3)] == [True, False, True]
