"""Exports over RPC: what the files hold, also when they are read again."""

import csv
import io
import json
from datetime import datetime
from decimal import Decimal

import pytest

from schemas.errors import BusinessRuleViolation, InvalidParameter
from services.workouts.exports import pages
from services.workouts.imports.reading import Findings, read_workouts, recognise
from services.workouts.imports.reading.rows import Units
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.test_workouts import User

BENCH, SQUAT, PULL_UPS, RUNNING, PLANK = 1, 2, 4, 5, 6
START = "2025-02-16T18:30:15+01:00"


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


def parts(user, **query):
    cursor, found = None, []
    while True:
        part = user.rpc.workouts.export(user.id, cursor=cursor, **query)
        found.append(part["text"])
        cursor = part["next"]
        if cursor is None:
            return found


def exported(user, file_format, **query):
    return "".join(parts(user, format=file_format, **query))


def rows(text, delimiter):
    return [*csv.DictReader(io.StringIO(text), delimiter=delimiter)]


def read_again(text):
    """Return the workouts of an export as our import reads them, which must find nothing wrong."""
    findings = Findings()

    def opened():
        return [text.encode()]

    workouts = [*read_workouts(opened, recognise(opened), Units(), findings)]
    assert findings == Findings()
    return workouts


def whole(**more):
    """Return a workout with all that there is."""
    return {
        "name": "Push",
        "notes": "Two\nlines",
        "started_at": START,
        "ended_at": "2025-02-16T19:40:00+01:00",
        "time_zone": "Europe/Berlin",
        "exercises": [
            lift(
                BENCH,
                one(10, 20, set_type="warmup", rest_seconds=60),
                one(5, 102.5, rpe=8.5, rest_seconds=180, notes="Paused"),
                one(5, 225, "lb", rir=2, set_type="top"),
                one(8, 60, set_type="drop"),
                superset=1,
                notes="Close grip",
            ),
            lift(PULL_UPS, one(8, set_type="failure"), superset=1),
            lift(PLANK, {"duration_seconds": 90, "weight": 10}),
            lift(RUNNING, {"distance_m": 5000.5, "duration_seconds": 1800}),
        ],
    } | more


def test_strong_names_the_units_of_each_set(user):
    user.create(whole())
    found = rows(exported(user, "strong"), ";")
    assert [row["Set Order"] for row in found] == [
        *("W", "Rest Timer", "2", "Rest Timer", "3", "D", "F", "1", "1")
    ]
    assert {row["Date"] for row in found} == {"2025-02-16 18:30:15"}
    assert found[0]["Workout Notes"] == "Two\nlines"
    assert found[0]["Workout Duration"] == "1h 10m"
    weights = [(row["Weight"], row["Weight Unit"]) for row in found if row["Reps"]]
    assert weights == [("20", "kg"), ("102.5", "kg"), ("225", "lbs"), ("60", "kg"), ("", "")]
    assert [row["RPE"] for row in found if row["RPE"]] == ["8.5", "8"]


def test_hevy_has_one_unit(user):
    user.create(whole())
    found = rows(exported(user, "hevy"), ",")
    assert [row["set_type"] for row in found] == [
        *("warmup", "normal", "normal", "dropset", "failure", "normal", "normal")
    ]
    assert (found[0]["start_time"], found[0]["end_time"]) == (
        "16 Feb 2025, 18:30",
        "16 Feb 2025, 19:40",
    )
    assert [row["weight_kg"] for row in found[:4]] == ["20", "102.5", "102.0583", "60"]
    assert found[0]["exercise_notes"] == "Close grip\nPaused"
    assert (found[6]["reps"], found[6]["distance_km"], found[6]["duration_seconds"]) == (
        "",
        "5.0005",
        "1800",
    )


def test_hevy_has_the_unit_of_most_weights(user):
    user.create(body(ago(1), lift(BENCH, one(5, 225, "lb"), one(5, 100, "lb"), one(5, 45.36))))
    found = rows(exported(user, "hevy"), ",")
    assert [row["weight_lbs"] for row in found] == ["225", "100", "100.0017"]


@pytest.mark.parametrize("file_format", ["strong", "hevy"])
def test_a_file_is_read_again_with_the_same_sets(user, file_format):
    user.create(whole())
    [workout] = read_again(exported(user, file_format))
    assert (workout.name, workout.notes) == ("Push", ["Two\nlines"])
    assert workout.start == datetime(2025, 2, 16, 18, 30, 15 if file_format == "strong" else 0)
    assert len(workout.exercises) == 4
    bench, pull_ups, plank, run = (exercise.sets for exercise in workout.exercises)
    assert [(each.reps, each.set_type) for each in bench] == [
        *((10, "warmup"), (5, "normal"), (5, "normal"), (8, "drop"))
    ]
    assert [each.rpe for each in bench] == [None, Decimal("8.5"), 8, None]
    assert (pull_ups[0].reps, pull_ups[0].weight, pull_ups[0].set_type) == (8, None, "failure")
    assert (plank[0].reps, plank[0].duration_seconds, plank[0].weight) == (None, 90, 10)
    assert (run[0].reps, run[0].distance_m) == (None, Decimal("5000.5"))


def test_a_set_s_notes_beside_those_of_the_exercise_have_a_row_of_their_own(user):
    user.create(body(ago(1), lift(BENCH, one(5, 100, notes="Easy"), notes="Paused")))
    text = exported(user, "strong")
    assert [(row["Set Order"], row["Notes"]) for row in rows(text, ";")] == [
        ("1", "Paused"),
        ("Note", "Easy"),
    ]
    assert read_again(text)[0].exercises[0].notes == ["Paused", "Easy"]


def test_strong_keeps_units_and_rests(user):
    user.create(whole())
    [workout] = read_again(exported(user, "strong"))
    bench = workout.exercises[0].sets
    assert [(each.weight, each.unit) for each in bench][2] == (225, "lb")
    assert [each.rest_seconds for each in bench] == [60, 180, None, None]
    assert workout.exercises[0].notes == ["Close grip", "Paused"]


def test_json_holds_everything(user):
    logged = user.create(whole())
    document = json.loads(exported(user, "json"))
    assert (document["format"], document["version"]) == ("gym-tracker", 1)
    [workout] = document["workouts"]
    given_anew = {"id", "user_id", "version", "created_at", "updated_at", "exercises"}
    assert {name: workout[name] for name in logged.keys() - given_anew} == {
        name: logged[name] for name in logged.keys() - given_anew
    }
    assert not workout.keys() & (given_anew - {"exercises"})
    for mine, theirs in zip(workout["exercises"], logged["exercises"], strict=True):
        assert mine["exercise_name"] == theirs["exercise_name"]
        assert mine["measure"]
        for one_set, other in zip(mine["sets"], theirs["sets"], strict=True):
            assert one_set == {name: other[name] for name in other if name != "id"}


def test_times_are_those_of_the_clock_at_the_place(user):
    user.create(whole(started_at="2025-02-16T17:30:15Z", ended_at=None))
    assert read_again(exported(user, "strong"))[0].start == datetime(2025, 2, 16, 18, 30, 15)


def test_a_workout_of_a_day_begins_at_midnight(user):
    user.create(body("2025-02-16", lift(BENCH, one(5, 100)), duration_minutes=45))
    [workout] = read_again(exported(user, "hevy"))
    assert (workout.start, workout.end) == (
        datetime(2025, 2, 16),
        datetime(2025, 2, 16, 0, 45),
    )


@pytest.mark.parametrize(("file_format", "second"), [("strong", (0, 1)), ("hevy", (1, 0))])
def test_workouts_that_begin_at_once_stay_apart(user, file_format, second):
    count = pages.MOST_SETS // 100 + 2
    for reps in range(1, count + 1):
        sets = [one(reps, 100)] * 100
        user.create(body("2025-02-16", lift(BENCH, *sets), duration_minutes=45))
    found = parts(user, format=file_format)
    assert len(found) > 2
    workouts = read_again("".join(found))
    assert [each.exercises[0].sets[0].reps for each in workouts] == [*range(1, count + 1)]
    assert workouts[1].start == datetime(2025, 2, 16, 0, *second)
    lengths = {each.duration_minutes or (each.end - each.start).seconds // 60 for each in workouts}
    assert lengths == {45}


@pytest.mark.parametrize("file_format", ["strong", "hevy"])
def test_an_exercise_twice_in_a_row_stays_two(user, file_format):
    user.create(body(ago(1), lift(BENCH, one(5, 100)), lift(BENCH, one(5, 90))))
    [workout] = read_again(exported(user, file_format))
    assert [each.sets[0].weight for each in workout.exercises] == [100, 90]


@pytest.mark.parametrize("file_format", ["strong", "hevy"])
@pytest.mark.parametrize("notes", ["a\rb", "a\nb", "a\r\nb"])
def test_any_line_break_stays_in_its_note(user, file_format, notes):
    user.create(body(ago(1), lift(BENCH, one(5, 100)), notes=notes))
    [workout] = read_again(exported(user, file_format))
    assert workout.notes == [notes]


def test_what_a_spreadsheet_would_run_is_text_and_comes_back(user):
    names = {"name": "=HYPERLINK(1)", "notes": "@home"}
    user.create(body(ago(1), lift(BENCH, one(5, 100), notes="+1"), **names))
    for file_format in ("strong", "hevy"):
        text = exported(user, file_format)
        for run in ("=HYPERLINK", "@home", "+1"):
            assert f"'{run}" in text
        [workout] = read_again(text)
        assert (workout.name, workout.notes) == ("=HYPERLINK(1)", ["@home"])
        assert workout.exercises[0].notes == ["+1"]


def test_an_end_without_a_start_makes_no_workout_of_a_day(user):
    user.create(body("2025-02-16", lift(BENCH, one(5, 100)), ended_at="2025-02-16T20:00:00Z"))
    [row] = rows(exported(user, "hevy"), ",")
    assert (row["start_time"], row["end_time"]) == ("16 Feb 2025, 00:00", "")


@pytest.mark.parametrize("begin", ["'=", "''+", "'@", "'a", "'"])
@pytest.mark.parametrize("file_format", ["strong", "hevy"])
def test_a_mark_of_one_s_own_stays(user, file_format, begin):
    user.create(body(ago(1), lift(BENCH, one(5, 100)), name=f"{begin}1"))
    [workout] = read_again(exported(user, file_format))
    assert workout.name == f"{begin}1"


@pytest.mark.parametrize(
    ("file_format", "nothing"),
    [
        ("json", {"format": "gym-tracker", "version": 1, "workouts": []}),
        ("strong", []),
        ("hevy", []),
    ],
)
def test_an_empty_history_is_a_whole_file(user, file_format, nothing):
    text = exported(user, file_format)
    found = json.loads(text) if file_format == "json" else rows(text, ",")
    assert found == nothing


def test_workouts_come_oldest_first_and_each_once(user):
    days = ["2025-02-16"] * 3 + ["2025-02-15"] * 2 + ["2025-02-14"]
    starts = ["2025-02-16T20:00:00Z", None, "2025-02-16T08:00:00Z", None, None, None]
    for number, (day, start) in enumerate(zip(days, starts, strict=True)):
        times = {"started_at": start} if start else {}
        user.create(body(day, lift(BENCH, one(5, 100)), name=str(number), **times))
    document = json.loads(exported(user, "json"))
    assert [each["name"] for each in document["workouts"]] == ["5", "3", "4", "1", "2", "0"]


def test_a_long_history_comes_in_parts(user):
    workout = body(ago(1), lift(BENCH, *(one(5, 100) for _ in range(100))))
    count = pages.MOST_SETS // 100 + 2
    for number in range(count):
        user.create(workout | {"name": str(number)})
    for file_format in ("json", "strong", "hevy"):
        found = parts(user, format=file_format)
        assert len(found) > 2
        text = "".join(found)
        if file_format == "json":
            names = [each["name"] for each in json.loads(text)["workouts"]]
        else:
            names = [each.name for each in read_again(text)]
        assert names == [str(number) for number in range(count)]


def test_days_bound_it(user):
    for days in (1, 2, 3):
        user.create(body(ago(days), lift(BENCH, one(5, 100)), name=str(days)))
    found = read_again(exported(user, "strong", date_from=ago(2), date_to=ago(2)))
    assert [each.name for each in found] == ["2"]
    with pytest.raises(BusinessRuleViolation):
        exported(user, "json", date_from=ago(1), date_to=ago(2))


@pytest.mark.parametrize("query", [{}, {"format": "excel"}, {"format": "json", "page": 2}])
def test_a_query_that_is_not_allowed_is_refused(user, query):
    with pytest.raises(InvalidParameter):
        user.rpc.workouts.export(user.id, **query)


def test_nobody_else_s_workouts_are_in_it(user, rpc):
    user.create(whole())
    other = User(rpc, user.id + 1_000_000)
    assert json.loads(exported(other, "json"))["workouts"] == []
