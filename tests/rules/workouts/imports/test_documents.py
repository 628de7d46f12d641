"""Workouts of files as documents: within limits, split by what was taken off, told apart."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.workouts.imports.reading import Findings, read_workouts, recognise
from services.workouts.imports.reading.rows import Units
from services.workouts.imports.rules.documents import document, sets_of
from services.workouts.imports.rules.identity import Identities, content, metres
from services.workouts.imports.rules.measures import NameSummary, summarised
from tests.rules.workouts.imports.files import STRONG, STRONG_UNITS, opened
from tests.rules.workouts.imports.test_reading import START, strong

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def documents(*rows, header=STRONG):
    """Return the documents of a file, and what was found."""
    file, findings = opened(header, *rows, size=1000), Findings()
    read = read_workouts(file, recognise(file), Units(), findings)
    return [found for each in read if (found := document(each, NOW, findings))], findings


def only(*rows, **options):
    [found], _ = documents(*rows, **options)
    return found


def test_a_document_has_what_the_file_says():
    found = only(strong("W", "62.50", 8, rpe=8.5, notes="Low", workout_notes="Good"))
    assert found == {
        "line": 2,
        "name": "Legs",
        "start": "2025-03-01T10:00:00",
        "minutes": 60,
        "notes": "Good",
        "exercises": [
            {
                "name": "Squat",
                "notes": "Low",
                "sets": [{"type": "warmup", "reps": "8", "weight": "62.5", "rpe": "8.5"}],
            }
        ],
    }


def test_a_distance_is_in_metres_only_if_its_unit_is_known():
    row = f'{START};"Run";"Running";1;;kg;;;3;{{}};600;"";"";44m'
    [known] = only(row.format("km"), header=STRONG_UNITS)["exercises"][0]["sets"]
    [unknown] = only(row.format(""), header=STRONG_UNITS)["exercises"][0]["sets"]
    assert (known["distance"], known["metres"]) == ("3000", True)
    assert (unknown["distance"], unknown["metres"]) == ("3", False)
    assert metres(known, Units(None, "mi")) == metres(unknown, Units(None, "km")) == 3000
    assert metres(unknown, Units()) == Decimal(3)


def test_weight_that_was_taken_off_makes_another_exercise():
    rows = [strong(place, weight, 5, "Dip") for place, weight in enumerate((-20, 0, -10, 5), 1)]
    assisted, plain = only(*rows)["exercises"]
    assert (assisted["name"], [each["weight"] for each in assisted["sets"]]) == (
        "Dip (Assisted)",
        ["20", "10"],
    )
    assert (plain["name"], len(plain["sets"]), "assisted" in plain) == ("Dip", 2, False)
    [alone] = only(strong(1, -20, 5, "Dip"))["exercises"]
    assert alone["name"] == "Dip (Assisted)"


def test_a_workout_that_cannot_be_logged_is_a_fault():
    found, findings = documents(
        *(strong(start=f"{day} 10:00:00") for day in ("1899-12-31", "2026-01-02", "2026-01-03"))
    )
    assert [each["start"][:10] for each in found] == ["2026-01-02"]
    assert [(each.line, each.constraint) for each in findings.faults] == [(2, "min"), (4, "max")]
    rows = [
        strong(place, weight, 5, f"Dip {place}") for place in range(1, 52) for weight in (-20, 20)
    ]
    found, findings = documents(*rows)
    assert (found, findings.faults[0].constraint) == ([], "max_items")


def test_equal_workouts_have_identities_of_their_own():
    one, two, other = documents(strong(), strong(start="2025-03-02 10:00:00"), strong(name="Push"))[
        0
    ]
    first, again = Identities("strong"), Identities("strong")
    keys = [first.of(each) for each in (one, two, one, other, one)]
    assert len(set(keys)) == 5
    assert [again.of(each) for each in (one, other, one, two)] == [
        keys[0],
        keys[3],
        keys[2],
        keys[1],
    ]
    assert Identities("hevy").of(one) != keys[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"weight": 81},
        {"reps": 6},
        {"rpe": 9},
        {"order": "W"},
        {"seconds": 5},
        {"exercise": "Front Squat"},
    ],
)
def test_what_was_done_is_the_content(changes):
    kilograms = Units("kg", "km")
    before = content(only(strong()), kilograms)
    assert content(only(strong(**changes)), kilograms) != before
    assert content(only(strong()), Units("lb", "km")) != before


def test_notes_and_how_numbers_are_written_are_no_content():
    before = content(only(strong()), Units())
    for changes in ({"notes": "x"}, {"workout_notes": "x"}, {"weight": "80.0"}, {"reps": "5.0"}):
        assert content(only(strong(**changes)), Units()) == before


@pytest.mark.parametrize(
    ("sets", "measure"),
    [
        ([{"weight": 80, "reps": 5}], "weight_reps"),
        ([{"weight": 0, "reps": 5}], "reps"),
        ([{"weight": 0, "reps": 5}] * 3 + [{"weight": 10, "reps": 5}], "weight_reps"),
        ([{"weight": -20, "reps": 5}], "assisted_reps"),
        ([{"weight": 0, "reps": 0, "seconds": 60}], "duration"),
        ([{"weight": 10, "reps": 0, "seconds": 60}], "weight_duration"),
        ([{"weight": 0, "reps": 0, "distance": 3, "seconds": 60}], "distance_duration"),
        ([{"weight": 0, "reps": 0, "distance": 3}], "distance_duration"),
        ([{"weight": 40, "reps": 0, "distance": 3}], "weight_distance"),
        ([{"weight": 0, "reps": 12, "seconds": 60}], "reps"),
        ([{"weight": 0, "reps": 0, "seconds": 60}] * 2 + [{"weight": 0, "reps": 5}], "duration"),
        ([{"weight": 20, "reps": 0}], "weight_reps"),
    ],
)
def test_the_measure_of_a_name(sets, measure):
    found = only(*(strong(place, **each) for place, each in enumerate(sets, 1)))
    names = {}
    summarised(names, found["exercises"])
    [summary] = names.values()
    assert (summary.measure, summary.sets) == (measure, len(sets))
    assert sets_of(found) == len(sets)


def test_a_name_without_sets_has_no_measure():
    assert NameSummary().measure is None
