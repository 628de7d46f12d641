"""What the fields of a set mean, whichever of them were entered."""

import pytest

from services.workouts import sets

FIELDS = ("reps", "duration_seconds", "distance_m")


def entered(reps=None, duration=None, distance=None):
    return dict(zip(FIELDS, (reps, duration, distance), strict=True))


# what was entered; the reps that count, and what clients see
CASES = [
    ("count", entered(5), 5, entered(5)),
    ("count", entered(5, 40), 5, entered(5, 40)),
    ("count", entered(None, 40), 0, entered(None, 40)),
    ("count", entered(0, None, 20), 0, entered(0, None, 20)),
    ("time", entered(60), 60, entered(60, 60)),
    ("time", entered(None, 60), 60, entered(60, 60)),
    ("time", entered(12, 60), 60, entered(12, 60)),
    ("time", entered(None, None, 20), 0, entered(None, None, 20)),
    ("time", entered(0), 0, entered(0, 0)),
    ("time", entered(12, 0), 0, entered(12, 0)),
    ("distance", entered(5000), 5000, entered(5000, None, 5000)),
    ("distance", entered(5000, 1800), 5000, entered(5000, 1800, 5000)),
    ("distance", entered(None, 1800, 5000), 5000, entered(5000, 1800, 5000)),
    ("distance", entered(None, 1800), 0, entered(None, 1800)),
    ("distance", entered(20, None, 40), 40, entered(20, None, 40)),
]


@pytest.mark.parametrize(("rep_type", "given", "counts", "seen"), CASES)
def test_what_counts_and_what_clients_see(rep_type, given, counts, seen):
    counted = sets.counted(given, rep_type)
    assert (counted["reps"], counted["repetitions"]) == (counts, given["reps"])
    assert sets.shown(counted, rep_type) == seen


@pytest.mark.parametrize(("rep_type", "given", "counts", "seen"), CASES)
def test_what_clients_see_may_be_put_back(rep_type, given, counts, seen):
    again = sets.counted(seen, rep_type)
    assert again["reps"] == counts
    assert sets.shown(again, rep_type) == seen


def test_a_workout_is_seen_without_what_only_counting_needs():
    exercise = {"exercise_id": 6, "rep_type": "time", "measure": "duration"}
    workout = {"id": 1, "exercises": [exercise | {"sets": [sets.counted(entered(60), "time")]}]}
    (seen,) = sets.shown_workout(workout)["exercises"]
    assert seen == {"exercise_id": 6, "sets": [entered(60, 60)]}
