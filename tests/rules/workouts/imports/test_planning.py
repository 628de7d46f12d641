"""What is done with each workout of a file, and which one is likely another app's."""

from decimal import Decimal

import pytest

from services.workouts.imports.reading import Findings
from services.workouts.imports.reading.rows import Units
from services.workouts.imports.rules.planning import (
    Before,
    action,
    is_likely_same,
    plan,
    state_of,
    warn_of_distances,
)

NONE = {"on_changed": "skip", "deleted": "skip", "likely_same": "skip"}
KILOGRAMS = Units("kg", "km")
DOCUMENT = {
    "line": 2,
    "name": "Legs",
    "start": "2025-03-01T10:00:30",
    "exercises": [
        {
            "name": "Squat",
            "sets": [{"type": "normal", "reps": "5", "weight": "80", "unit": "kg"}],
        }
    ],
}
LOGGED = {
    "started_at": "2025-03-01T11:00:00+01:00",
    "exercises": [
        {
            "exercise_id": 2,
            "sets": [
                {
                    "repetitions": 5,
                    "reps": 5,
                    "duration_seconds": None,
                    "distance_m": None,
                    "weight": 80,
                    "unit": "kg",
                }
            ],
        }
    ],
}
SQUAT = {"id": 2, "name": "Squat", "rep_type": "count", "is_active": True}


@pytest.mark.parametrize(
    ("before", "is_likely", "state"),
    [
        (None, False, "new"),
        (None, True, "likely_same"),
        (Before(1, b"x", 1), True, "same"),
        (Before(1, b"y", 3), False, "changed"),
        (Before(1, b"x", None), False, "deleted"),
    ],
)
def test_the_state_of_a_workout(before, is_likely, state):
    assert state_of(before, b"x", is_likely) == state


@pytest.mark.parametrize(
    ("state", "options", "done"),
    [
        ("new", {}, "insert"),
        ("same", {"on_changed": "update"}, "skip"),
        ("changed", {}, "skip"),
        ("changed", {"on_changed": "update"}, "update"),
        ("likely_same", {}, "skip"),
        ("likely_same", {"likely_same": "add"}, "insert"),
        ("deleted", {}, "skip"),
        ("deleted", {"deleted": "restore"}, "insert"),
    ],
)
def test_what_is_done(state, options, done):
    assert action(state, NONE | options) == done


def likely(started_at="2025-03-01T11:00:00+01:00", units=KILOGRAMS, ids=None, **changes):
    [logged] = LOGGED["exercises"][0]["sets"]
    exercises = [{"exercise_id": 2, "sets": [logged | changes]}]
    other = {"started_at": started_at, "exercises": exercises}
    return is_likely_same(DOCUMENT, other, {"Squat": 2} if ids is None else ids, units)


@pytest.mark.parametrize(
    "started_at",
    ["2025-03-01T10:00:00+01:00", "2025-03-01T11:00:59Z", "2025-03-01T02:00:00-08:00"],
)
def test_starts_whole_hours_apart_are_likely_the_same(started_at):
    assert likely(started_at)


@pytest.mark.parametrize(
    "started_at", [None, "2025-03-01T10:30:00+01:00", "2025-03-02T10:00:00+01:00"]
)
def test_other_starts_are_not(started_at):
    assert not likely(started_at)


def test_what_was_done_must_be_equal():
    assert likely(weight=80.04)
    assert likely(weight=176.37, unit="lb")
    assert not likely(weight=176.37)
    assert not likely(weight=81)
    assert not likely(repetitions=6)
    assert not likely(duration_seconds=5)
    assert not likely(distance_m=100)
    assert not likely(ids={"Squat": 3})
    assert likely(ids={})


def written(each, rep_type="count", units=KILOGRAMS):
    document = DOCUMENT | {"exercises": [{"name": "Squat", "sets": [{"type": "normal"} | each]}]}
    entry = SQUAT | {"rep_type": rep_type}
    [exercise] = plan(document, "UTC", units, {"Squat": 2}, {2: entry}).exercises
    return exercise["sets"][0]


def test_units_that_the_file_has_not_are_the_given_ones():
    each = {"reps": "5", "weight": "80"}
    assert written(each, units=Units("lb", None))["unit"] == "lb"
    assert written(each | {"unit": "kg"}, units=Units("lb", None))["unit"] == "kg"
    distance = {"distance": "3.1", "metres": False}
    assert written(distance, "distance", Units(None, "mi"))["distance_m"] == Decimal("4988.97")


@pytest.mark.parametrize(
    ("unit", "expected"), [("mi", [(2, "distance", "range", "1585")]), ("m", []), (None, [])]
)
def test_a_distance_that_is_absurd_in_the_given_unit_is_told(unit, expected):
    sets = [{"distance": "1585", "metres": False}, {"distance": "900000", "metres": True}, {}]
    findings = Findings()
    warn_of_distances(
        DOCUMENT | {"exercises": [{"name": "Rower", "sets": sets}]}, Units(None, unit), findings
    )
    assert [(*each[:2], *each[3:]) for each in findings.warnings] == expected


def test_a_distance_that_is_absurd_in_the_given_unit_is_left_out():
    found = written({"distance": "1585", "metres": False}, "count", Units(None, "mi"))
    assert (found["distance_m"], found["repetitions"]) == (None, 0)
    timed = {"distance": "1585", "metres": False, "seconds": "1800"}
    found = written(timed, "count", Units(None, "mi"))
    assert (found["distance_m"], found["repetitions"], found["duration_seconds"]) == (
        None,
        None,
        1800,
    )


def test_repetitions_are_no_seconds():
    found = written({"reps": "12"}, "time")
    assert (found["reps"], found["repetitions"], found["duration_seconds"]) == (0, 12, 0)
    found = written({"seconds": "60"}, "time")
    assert (found["reps"], found["repetitions"], found["duration_seconds"]) == (60, None, 60)
