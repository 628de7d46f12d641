"""What events say of workouts."""

import pytest

from services.analytics.messages import is_whole, told_workout

EXERCISE = {"rep_type": "count", "measure": "assisted_reps", "sets": []}
WORKOUT = {
    "id": 1,
    "user_id": 1,
    "version": 1,
    "date": "2026-01-01",
    "started_at": None,
    "duration_minutes": None,
    "exercises": [EXERCISE],
}


def test_a_workout_with_all_that_counting_needs_is_whole():
    assert is_whole(WORKOUT)
    assert is_whole({**WORKOUT, "exercises": []})


@pytest.mark.parametrize("name", WORKOUT)
def test_a_workout_without_a_field_is_not(name):
    assert not is_whole({key: value for key, value in WORKOUT.items() if key != name})


@pytest.mark.parametrize("name", ["rep_type", "measure"])
def test_a_workout_that_does_not_say_all_of_an_exercise_is_not(name):
    """A workouts service of the version before knows no measures."""
    exercise = {key: value for key, value in EXERCISE.items() if key != name}
    assert not is_whole({**WORKOUT, "exercises": [EXERCISE, exercise]})


EVENT = {"workout_id": 1, "user_id": 1, "version": 1, "date": "2026-01-01"}


def test_an_event_tells_the_workout_that_it_is_about():
    assert told_workout({**EVENT, "workout": WORKOUT}) == WORKOUT
    assert told_workout(EVENT) is None


@pytest.mark.parametrize(
    "said", [{"workout_id": 2}, {"user_id": 2}, {"version": 2}, {"date": "2026-01-02"}], ids=str
)
def test_and_no_other(said):
    assert told_workout({**EVENT, "workout": WORKOUT, **said}) is None


@pytest.mark.parametrize("version", [True, 1.0])
def test_a_version_is_a_whole_number(version):
    assert told_workout({**EVENT, "workout": {**WORKOUT, "version": version}}) is None
