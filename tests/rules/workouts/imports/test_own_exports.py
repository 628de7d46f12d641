"""Reading our own exports: which files are, and what is wrong with others."""

import json
import tracemalloc

import pytest

from services.workouts.imports.reading import Findings, Unreadable, read_workouts, recognise
from services.workouts.imports.reading.own import scanning
from services.workouts.imports.reading.row import Units

LOGGED = {"reps": 5, "weight": 100}
EXERCISE = {"exercise_name": "Squat", "measure": "weight_reps", "sets": [LOGGED]}
WORKOUT = {"date": "2025-02-10", "exercises": [EXERCISE]}


def export(*workouts, **more):
    return json.dumps({"format": "gym-tracker", "version": 1, "workouts": [*workouts]} | more)


def with_set(**members):
    return WORKOUT | {"exercises": [EXERCISE | {"sets": [LOGGED | members]}]}


def opened(text, size=7):
    data = text if isinstance(text, bytes) else text.encode()
    return lambda: (data[place : place + size] for place in range(0, len(data), size))


def read(text, size=7):
    """Return the workouts of a file and the findings."""
    findings = Findings()
    file = opened(text, size)
    return [*read_workouts(file, recognise(file), Units(), findings)], findings


def unreadable(text, source="auto"):
    with pytest.raises(Unreadable) as refusal:
        recognise(opened(text, 4096), source)
    return refusal.value.finding


def only_fault(text):
    workouts, findings = read(text)
    assert workouts == []
    [fault] = findings.faults
    return fault


# what it reads


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("indent", [None, 2])
def test_its_workouts_are_read_however_they_are_laid_out(size, indent):
    document = json.loads(export(WORKOUT | {"notes": 'a ]} "b" \\'}, WORKOUT | {"name": "Legs"}))
    workouts, findings = read(json.dumps(document, indent=indent), size)
    assert findings == Findings()
    assert [(each.name, each.notes) for each in workouts] == [
        ("", ['a ]} "b" \\']),
        ("Legs", []),
    ]
    assert workouts[1].line == (1 if indent is None else 21)
    [squat] = workouts[0].exercises
    assert (squat.name, squat.measure, squat.is_own) == ("Squat", "weight_reps", False)
    assert (squat.sets[0].reps, squat.sets[0].weight, squat.sets[0].unit) == (5, 100, "kg")


def test_what_it_says_of_itself_may_stand_behind_and_more_beside():
    text = json.dumps({"more": [{}], "workouts": [WORKOUT], "version": 1, "format": "gym-tracker"})
    assert len(read(text)[0]) == 1


@pytest.mark.parametrize("source", ["auto", "gym"])
def test_a_byte_order_mark_and_spaces_are_passed_over(source):
    text = b"\xef\xbb\xbf \r\n" + export(WORKOUT).encode()
    assert recognise(opened(text, 1), source).source == "gym"
    assert len(read(text)[0]) == 1


def test_numbers_are_exact():
    [workout], _ = read(export(with_set(weight=102.5)).replace("102.5", "102.50000000000000"))
    assert str(workout.exercises[0].sets[0].weight) == "102.5"
    fault = only_fault(
        export(with_set(weight=1)).replace('"weight": 1', '"weight": 74.99999999999999')
    )
    assert (fault.field, fault.constraint) == ("exercises[0].sets[0].weight", "decimals")


def test_the_duration_is_computed_unless_it_is_told():
    times = {"started_at": "2025-02-10T10:00:00Z", "ended_at": "2025-02-10T11:10:00Z"}
    workouts, _ = read(export(WORKOUT | times, WORKOUT | times | {"duration_minutes": None}))
    assert [each.duration_minutes for each in workouts] == [70, None]


# what is no export


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("", "min_items"),
        ("  \n", "min_items"),
        ("Date,Workout Name\n", "json"),
        ("nothing", "json"),
        ("7", "json"),
        ("[]", "columns"),
        ("{}", "columns"),
        ('{"a": 1}', "columns"),
        (export(WORKOUT, format="other"), "columns"),
        (export(WORKOUT, version=2), "columns"),
        (export(WORKOUT, version=True), "columns"),
        (export(workouts={"1": WORKOUT}), "columns"),
        (export(), "min_items"),
        (export(WORKOUT) + "}", "json"),
        (export(WORKOUT) + export(WORKOUT), "json"),
        (export(WORKOUT)[:-1] + ', "version": 1}', "json"),
        (export(WORKOUT)[:-1] + ', "workouts": []}', "json"),
        (export(WORKOUT)[:-1] + ",}", "json"),
        (export(WORKOUT).replace('": [{"date', '": [,{"date'), "json"),
        (export(WORKOUT).replace("1, ", "1; "), "json"),
        (export(WORKOUT, more=float("nan")), "json"),
        (export(WORKOUT, more="[" * 40)[:-1], "json"),
        (export(WORKOUT).replace("1, ", "[" * 40 + "]" * 40 + ", "), "max_length"),
        (export(WORKOUT | {"notes": "x" * (scanning.LONGEST_TEXT + 5000)}), "max_length"),
        (json.dumps(dict.fromkeys(map(str, range(200)))), "max_items"),
        (export(WORKOUT).encode("utf-16"), "encoding"),
        (export(WORKOUT).encode("utf-16-le"), "encoding"),
    ],
)
def test_what_is_no_export_says_why(text, constraint):
    assert unreadable(text, "gym").constraint == constraint


def test_json_of_something_else_says_what_was_looked_for():
    finding = unreadable('{"title": "x", "items": []}')
    assert 'format ("gym-tracker"), version (1) and workouts' in finding.message
    assert finding.received == "title, items"


@pytest.mark.parametrize("length", [10, 40, 60, 100, -1, -3])
def test_a_file_that_is_broken_off_says_so(length):
    finding = unreadable(export(WORKOUT, WORKOUT)[:length])
    assert "broken off" in finding.message


def test_bytes_that_are_no_utf_8_are_refused_with_their_line():
    text = export(WORKOUT, WORKOUT | {"name": "Größe"}).replace("}]}]}, ", "}]}]},\n")
    text = json.dumps(json.loads(text), ensure_ascii=False).encode("cp1252")
    with pytest.raises(Unreadable) as refusal:
        read(text)
    assert (refusal.value.finding.constraint, refusal.value.finding.line) == ("encoding", 1)


# what is wrong with a workout


@pytest.mark.parametrize(
    ("workout", "field", "constraint"),
    [
        (with_set(reps=10**9), "exercises[0].sets[0].reps", "max"),
        (with_set(reps="5"), "exercises[0].sets[0].reps", "type"),
        (with_set(weight=-5), "exercises[0].sets[0].weight", "min"),
        (with_set(set_type="huge"), "exercises[0].sets[0].set_type", "one_of"),
        (with_set(rpe=8, rir=8), "exercises[0].sets[0].rir", "sum"),
        (with_set(reps=None), "exercises[0].sets[0].reps", "required"),
        (with_set(colour="red"), "exercises[0].sets[0].colour", "unknown_field"),
        (WORKOUT | {"exercises": 7}, "exercises", "type"),
        (WORKOUT | {"exercises": [EXERCISE | {"measure": "x"}]}, "exercises[0].measure", "one_of"),
        (
            WORKOUT | {"exercises": [{"measure": "reps"}]},
            "exercises[0].exercise_name",
            "required",
        ),
        (WORKOUT | {"exercises": [EXERCISE] * 101}, "exercises", "max_items"),
        (WORKOUT | {"date": "soon"}, "date", "date"),
        (WORKOUT | {"time_zone": "Mars/Phobos"}, "time_zone", "one_of"),
        (WORKOUT | {"started_at": "2025-02-11T10:00:00Z"}, "date", "one_of"),
        (WORKOUT | {"name": "x" * 256}, "name", "max_length"),
        (WORKOUT | {"name": "\0"}, "name", "characters"),
        (7, "", "type"),
        ([[[]]], "", "type"),
        (None, "", "type"),
    ],
)
def test_a_workout_that_breaks_a_rule_is_a_fault(workout, field, constraint):
    fault = only_fault(export(workout))
    assert (fault.line, fault.field, fault.constraint) == (1, field, constraint)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"reps": 5', '"reps": NaN'),
        ('"reps": 5', '"reps": -Infinity'),
        ('"reps": 5', '"reps": 05'),
        ('"reps": 5', f'"reps": {"9" * 5000}'),
        ('"reps": 5', '"reps": 1e99999999999999999999999'),
        ('"reps": 5', '"reps": 5, "reps": 6'),
        ('"reps": 5', '"reps": 5,'),
        ('"reps": 5', "'reps': 5"),
        ('"reps": 5', '"reps": [}'),
        ('"reps": 5', f'"reps": [{"0," * 20_000}0]'),
    ],
)
def test_a_workout_that_is_no_json_is_a_fault_and_the_others_are_read(old, new):
    text = export(WORKOUT | {"name": "bad"}).replace(old, new)
    good = json.dumps(WORKOUT)
    text = text.replace('"workouts": [', f'"workouts": [{good},')
    workouts, findings = read(text, 4096)
    assert len(workouts) == 1
    assert [fault.constraint for fault in findings.faults] == ["json"]


def test_a_number_beyond_all_measure_is_too_large():
    fault = only_fault(export(WORKOUT).replace('"reps": 5', '"reps": 1e400'))
    assert (fault.field, fault.constraint) == ("exercises[0].sets[0].reps", "max")


def test_of_a_workout_ten_faults_are_told():
    exercise = EXERCISE | {"sets": [{"reps": "x"}] * 100}
    _, findings = read(export(WORKOUT | {"exercises": [exercise] * 10}), 4096)
    # as one workout is left out
    assert (len(findings.faults), findings.fault_count) == (10, 1)


def test_sets_of_faults_count_as_well(monkeypatch):
    monkeypatch.setattr("services.workouts.imports.reading.findings.MOST_SETS", 4)
    bad = WORKOUT | {"exercises": [EXERCISE | {"sets": [{"reps": "x"}] * 2}]}
    assert len(read(export(bad, bad))[1].faults) == 4
    for more in (WORKOUT, {"exercises": []}, {"exercises": {"sets": 1}}, 7):
        with pytest.raises(Unreadable, match="more than 4 sets"):
            read(export(bad, bad, more))


# how much it takes


def test_a_long_file_is_read_in_little_memory():
    exercise = EXERCISE | {"sets": [LOGGED | {"notes": "x" * 100}] * 20}
    workout = json.dumps(WORKOUT | {"exercises": [exercise]}).encode()
    head, tail = export().encode().split(b"[]")

    def long():
        yield head + b"["
        for _ in range(300):
            yield workout + b",\n"
        yield workout + b"]" + tail

    tracemalloc.start()
    try:
        recognised = recognise(long)
        count = sum(1 for _ in read_workouts(long, recognised, Units(), Findings()))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 301
    assert most < 2**20
