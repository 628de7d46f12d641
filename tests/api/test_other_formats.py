"""An account that is exported for Strong or Hevy and imported into another.

The two differ by what docs/portability.md lists, which is here done to the JSON of the first, and
by nothing else.
"""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from schemas.units import KILOGRAMS_IN
from tests.api.whole_account import ZONE, Importer, fill

pytestmark = pytest.mark.slow

CSV = {"Content-Type": "text/csv"}
KEPT_TYPES = ("warmup", "drop", "failure")
DERIVED = {
    # what most sets hold; the first has repetitions beside its seconds
    "Frog Hold": "reps",
    "Easy Dip": "weight_reps",
    "Was Counted": "reps",
}
"""Measures of private exercises that their sets do not tell, or not all of them."""


@pytest.fixture
def first(http, new_user):
    return fill(Importer(http, new_user()))


@pytest.fixture
def second(http, new_user):
    return Importer(http, new_user())


def mapping_of(document, ids):
    """Return what a user answers who wants the exercises that were exported."""
    return {
        exercise["exercise_name"]: "new"
        if exercise.get("owner")
        else ids[exercise["exercise_name"]]
        for workout in document["workouts"]
        for exercise in workout["exercises"]
        if exercise["sets"]
    }


def brought(first, second, file_format):
    """Return both accounts as JSON, after the second has imported the first one's file."""
    document = json.loads(first.exported())
    query = f"?time_zone={ZONE}"
    preview = second.preview(first.exported(file_format), query=query, headers=CSV)
    assert (preview["source"], preview["needs"], preview["faults"]) == (file_format, [], [])
    assert {each["constraint"] for each in preview["warnings"]} <= {"required"}
    mapping = mapping_of(document, first.exercises())
    second.ask("PUT", f"/api/imports/{preview['id']}/mapping", json=mapping)
    assert second.apply(preview["id"])["status"] == "applied"
    return document["workouts"], json.loads(second.exported())["workouts"]


def local(moment, workout):
    """Return a moment by the clock of the place."""
    zone = ZoneInfo(workout["time_zone"]) if workout["time_zone"] else None
    found = datetime.fromisoformat(moment)
    return (found.astimezone(zone) if zone else found).replace(tzinfo=None)


def start_of(workout):
    if workout["started_at"] is None:
        return datetime.fromisoformat(workout["date"])
    return local(workout["started_at"], workout)


def sent(moment):
    # of what the clocks showed twice the first
    return moment.replace(tzinfo=ZoneInfo(ZONE), fold=0).isoformat()


def apart(starts, step):
    """Return starts of workouts of one name, each a step later than one that begins at once."""
    found, last = [], None
    for name, start in starts:
        if (name, start) == last:
            found.append(found[-1] + step)
        else:
            found.append(start)
        last = name, start
    return found


def number(value):
    """Return a number; 0 is nothing in these files."""
    return value or None


def a_set(logged, exercise, measure, place, has_rests, unit=None):
    weight = number(logged["weight"])
    if weight and unit and unit != logged["unit"]:
        weight = round(weight * float(KILOGRAMS_IN[logged["unit"]]), 2)
    rpe = logged["rpe"]
    if rpe is None and logged["rir"] is not None:
        rpe = 10 - logged["rir"]
    reps = number(logged["reps"])
    if not (reps or logged["duration_seconds"] or logged["distance_m"]):
        reps = 0
    if measure != exercise["measure"] and reps == logged["duration_seconds"]:
        # they only repeat the seconds
        reps = None
    kind = logged["set_type"]
    return logged | {
        "set_number": place,
        "weight": weight,
        "unit": (unit or logged["unit"]) if weight else "kg",
        "rpe": rpe,
        "rir": None,
        "set_type": kind if kind in KEPT_TYPES else "normal",
        "rest_seconds": number(logged["rest_seconds"]) if has_rests else None,
        "notes": None,
        "reps": reps,
    }


def an_exercise(exercise, place, has_supersets, **options):
    notes = [exercise["notes"], *(each["notes"] for each in exercise["sets"])]
    measure = exercise["measure"]
    if exercise.get("owner"):
        measure = DERIVED.get(exercise["exercise_name"], measure)
    return exercise | {
        "order_index": place,
        "measure": measure,
        "superset": exercise["superset"] if has_supersets else None,
        "notes": "\n".join(filter(None, notes)) or None,
        "sets": [
            a_set(each, exercise, measure, place, **options)
            for place, each in enumerate(exercise["sets"], 1)
        ],
    }


def expected(workouts, step, times, **options):
    """Return what another account has of workouts."""
    with_sets = [
        workout | {"exercises": [each for each in workout["exercises"] if each["sets"]]}
        for workout in workouts
    ]
    kept = [workout for workout in with_sets if workout["exercises"]]
    starts = [start_of(workout) for workout in kept]
    if step == timedelta(minutes=1):
        starts = [start.replace(second=0) for start in starts]
    starts = apart([(each["name"], start) for each, start in zip(kept, starts, strict=True)], step)
    found = [
        workout
        | times(workout, start)
        | {
            "started_at": sent(start),
            "time_zone": ZONE,
            "exercises": [
                an_exercise(each, place, **options)
                for place, each in enumerate(workout["exercises"], 1)
            ],
        }
        for workout, start in zip(kept, starts, strict=True)
    ]
    return sorted(found, key=lambda each: datetime.fromisoformat(each["started_at"]))


def members(value, path=""):
    """Return all values in a document, by their paths."""
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {
            key: found
            for name, each in pairs
            for key, found in members(each, f"{path}.{name}").items()
        }
    return {path: value}


def differences(found, wanted):
    """Return what is there and what was expected, by the paths where they differ."""
    one, other = members(found), members(wanted)
    paths = sorted(one.keys() | other.keys())
    both = {path: (one.get(path, "absent"), other.get(path, "absent")) for path in paths}
    return {path: pair for path, pair in both.items() if pair[0] != pair[1]}


def times_of_strong(workout, start):
    return {"ended_at": None, "duration_minutes": workout["duration_minutes"]}


def times_of_hevy(workout, start):
    if workout["started_at"] and workout["ended_at"]:
        end = local(workout["ended_at"], workout).replace(second=0)
    elif workout["duration_minutes"] is not None:
        end = start + timedelta(minutes=workout["duration_minutes"])
    else:
        return {"ended_at": None, "duration_minutes": None}
    return {"ended_at": sent(end), "duration_minutes": round((end - start).total_seconds() / 60)}


def test_strong_loses_only_what_is_listed(first, second):
    given, found = brought(first, second, "strong")
    options = {"has_rests": True, "has_supersets": False}
    wanted = expected(given, timedelta(seconds=1), times_of_strong, **options)
    assert differences(found, wanted) == {}


def test_hevy_loses_only_what_is_listed(first, second):
    given, found = brought(first, second, "hevy")
    options = {"has_rests": False, "has_supersets": True, "unit": "kg"}
    wanted = expected(given, timedelta(minutes=1), times_of_hevy, **options)
    assert differences(found, wanted) == {}
