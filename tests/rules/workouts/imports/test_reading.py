"""Workouts as they are read from exports, with faults and warnings by line."""

from datetime import datetime
from decimal import Decimal

import pytest

from schemas.workouts import MOST_EXERCISES
from services.workouts.imports.reading import (
    Findings,
    Unreadable,
    read_workouts,
    recognise,
)
from services.workouts.imports.reading import findings as findings_module
from services.workouts.imports.reading.findings import MOST
from services.workouts.imports.reading.rows import Units
from services.workouts.imports.reading.workouts import MOST_ROWS
from tests.rules.workouts.imports.files import (
    GERMAN,
    HEVY,
    STRONG,
    STRONG_UNITS,
    STRONG_WORKOUT_NUMBER,
    opened,
)

START = "2025-03-01 10:00:00"
KILOGRAMS = Units("kg", "km")


def read(header, *rows, units=KILOGRAMS):
    """Return the workouts of a file, and what was found."""
    file, findings = opened(header, *rows), Findings()
    return [*read_workouts(file, recognise(file), units, findings)], findings


def strong(
    order=1,
    weight=80,
    reps=5,
    exercise="Squat",
    distance=0,
    seconds=0,
    rpe="",
    start=START,
    name="Legs",
    duration="1h",
    notes="",
    workout_notes="",
):
    return (
        f'{start},"{name}",{duration},"{exercise}",{order},{weight},{reps},{distance},{seconds},'
        f'"{notes}","{workout_notes}",{rpe}'
    )


def hevy(
    index=0,
    kind="normal",
    weight="60",
    reps="5",
    exercise="Squat",
    superset="",
    km="",
    seconds="",
    rpe="",
    title="Push",
    start="30 Jun 2025, 19:56",
    end="30 Jun 2025, 20:58",
    description="",
    notes="",
):
    return (
        f'"{title}","{start}","{end}","{description}","{exercise}",{superset},"{notes}",{index},'
        f'"{kind}",{weight},{reps},{km},{seconds},{rpe}'
    )


def sets_of(workouts):
    return [
        each for workout in workouts for exercise in workout.exercises for each in exercise.sets
    ]


def only_set(*arguments, **options):
    [found] = sets_of(read(*arguments, **options)[0])
    return found


def described(findings):
    return [(each.line, each.field, each.constraint) for each in findings]


def test_a_workout_of_strong_is_read():
    [workout], findings = read(
        STRONG,
        strong("W", 40, 8, notes="Low bar", workout_notes="Felt good"),
        strong(1, 80, 5, rpe=8.5),
        strong(2, 82.5, 5),
        strong(1, 0, 12, "Sit Up"),
    )
    assert (workout.name, workout.start, workout.end) == ("Legs", datetime(2025, 3, 1, 10), None)
    assert (workout.duration_minutes, workout.notes) == (60, ["Felt good"])
    squat, sit_up = workout.exercises
    assert (squat.name, squat.notes, sit_up.name) == ("Squat", ["Low bar"], "Sit Up")
    assert [
        (each.set_type, each.reps, each.weight, each.unit, each.rpe) for each in squat.sets
    ] == [
        ("warmup", 8, 40, "kg", None),
        ("normal", 5, 80, "kg", Decimal("8.5")),
        ("normal", 5, Decimal("82.5"), "kg", None),
    ]
    assert (sit_up.sets[0].weight, sit_up.sets[0].unit, sit_up.sets[0].reps) == (None, None, 12)
    assert findings == Findings()


def test_a_workout_of_hevy_is_read():
    [workout], findings = read(
        HEVY,
        hevy(0, "warmup", superset=0, description="Line\\nbreak", notes="Slow"),
        hevy(1, "dropset", superset=0, rpe=9),
        hevy(0, "failure", "", "", "Plank", seconds=90, superset=0),
        hevy(0, "normal", "", "", "Running", km=5.25, seconds=1800),
    )
    assert (workout.end, workout.duration_minutes) == (datetime(2025, 6, 30, 20, 58), None)
    assert workout.notes == ["Line\nbreak"]
    assert [(each.name, each.superset) for each in workout.exercises] == [
        ("Squat", 0),
        ("Plank", 0),
        ("Running", None),
    ]
    assert [each.set_type for each in sets_of([workout])] == ["warmup", "drop", "failure", "normal"]
    run = workout.exercises[2].sets[0]
    assert (run.reps, run.distance_m, run.duration_seconds) == (None, 5250, 1800)
    assert findings == Findings()


def test_columns_of_units_are_read():
    row = f'{START};"Run";"Running";1;225;lbs;5;;3.1;mi;1800;"";"";44m'
    found = only_set(STRONG_UNITS, row, units=Units())
    assert (found.weight, found.unit, found.distance_m) == (225, "lb", Decimal("4988.97"))


def test_the_numbers_of_workouts_keep_them_apart():
    row = '"{}";"2025-03-01 10:00:00";"Push";"3600";"Squat";"{}";"80";"5";"";"";"";"{}";""'
    workouts, _ = read(
        STRONG_WORKOUT_NUMBER,
        row.format(1, 1, ""),
        row.format(1, "Note", "Belt"),
        row.format(2, "WARM_UP", ""),
        row.format(2, "DROP_SET", ""),
        row.format(2, "FAILURE", ""),
    )
    assert [len(sets_of([workout])) for workout in workouts] == [1, 3]
    assert workouts[0].exercises[0].notes == ["Belt"]
    assert [each.set_type for each in sets_of(workouts[1:])] == ["warmup", "drop", "failure"]


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (STRONG, "Rest Timer"),
        (GERMAN, "Ruhezeit"),
        (STRONG, "Repos"),
        (STRONG, "Minuteur de repos"),
        (STRONG, "Temporizador de descanso"),
        (STRONG, "Timer di recupero"),
        (STRONG, "Tempo di riposo"),
        (STRONG, "Rusttijd"),
        (STRONG, "Таймер отдыха"),
        (STRONG, "休憩タイマー"),
    ],
)
def test_rests_belong_to_the_set_before(header, word):
    rest = strong(word, 0, 0, seconds=90)
    workouts, findings = read(header, rest, strong(1), rest, rest, strong(2))
    assert [each.rest_seconds for each in sets_of(workouts)] == [180, None]
    assert findings.warnings == []


def test_a_word_that_is_not_known_is_a_rest_where_exercises_count_repetitions():
    rows = [
        row
        for exercise in ("Squat", "Row", "Press")
        for row in (strong(1, exercise=exercise), strong("Wila", 0, 0, exercise, seconds=90))
    ]
    plank = [strong(1, 0, 0, "Plank", seconds=60), strong("Wila", 0, 0, "Plank", seconds=30)]
    workouts, findings = read(STRONG, *rows, *plank)
    assert [each.rest_seconds for each in sets_of(workouts)] == [90, 90, 90, 30]
    assert findings == Findings()


def test_sets_may_be_numbered_with_a_decimal_point_where_rests_are_told():
    rows = [
        row
        for exercise in ("Squat", "Row", "Press")
        for row in (strong("1.0", exercise=exercise), strong("Wila", 0, 0, exercise, seconds=90))
    ]
    workouts, findings = read(STRONG, *rows)
    assert [each.rest_seconds for each in sets_of(workouts)] == [90, 90, 90]
    assert findings == Findings()


@pytest.mark.parametrize("nothing", ["NaN", "null", "-", "NA"])
def test_what_is_said_to_be_missing_is_nothing_where_rests_are_told(nothing):
    rows = [
        row
        for exercise in ("Squat", "Row", "Press")
        for row in (
            strong(1, exercise=exercise, seconds=nothing),
            strong("Wila", nothing, nothing, exercise, nothing, 90, nothing),
        )
    ]
    known = [strong("Rest Timer", nothing, nothing, "Press", nothing, 60, nothing)]
    workouts, findings = read(STRONG, *rows, *known)
    assert [each.rest_seconds for each in sets_of(workouts)] == [90, 90, 150]
    assert findings == Findings()


@pytest.mark.parametrize(
    "others",
    [
        [],
        [strong(1, exercise="Squat"), strong("Aufwärmen", 20, 5, "Squat")],
        [strong(1, 0, 0, "Hang", seconds=9), strong("Aufwärmen", 0, 0, "Hang", seconds=5)],
    ],
)
def test_a_word_with_seconds_may_be_a_set(others):
    rows = [strong("Aufwärmen", 0, 0, "Plank", seconds=60), strong(1, 0, 0, "Plank", seconds=90)]
    workouts, findings = read(GERMAN, *others, *rows)
    assert [each.duration_seconds for each in sets_of(workouts)][-2:] == [60, 90]
    assert len(sets_of(workouts)) == len(others) + 2
    assert {each[3] for each in findings.warnings} == {"one_of"}


@pytest.mark.parametrize("word", ["Note", "Notiz", "Nota", "Заметка", "メモ"])
def test_a_row_with_only_a_note_is_no_set(word):
    [workout], findings = read(STRONG, strong(1), strong(word, 0, 0, notes="Belt"), strong(2, 90))
    assert len(sets_of([workout])) == 2
    assert workout.exercises[0].notes == ["Belt"]
    assert findings == Findings()


def test_a_rest_of_hours_is_cut_with_a_warning():
    workouts, findings = read(STRONG, strong(1), strong("Rest Timer", 0, 0, seconds=9000))
    assert [each.rest_seconds for each in sets_of(workouts)] == [3600]
    assert described(findings.warnings) == [(3, "rest_seconds", "max")]


def test_an_exercise_that_is_done_twice_stands_twice():
    apart, _ = read(
        STRONG, strong(1), strong(1, exercise="Plank", seconds=60), strong(1), strong(2)
    )
    assert [(each.name, len(each.sets)) for each in apart[0].exercises] == [
        ("Squat", 1),
        ("Plank", 1),
        ("Squat", 2),
    ]
    one_after_the_other, _ = read(HEVY, hevy(0), hevy(1), hevy(0), hevy(1))
    assert [len(each.sets) for each in one_after_the_other[0].exercises] == [2, 2]


def test_equal_rows_are_all_kept():
    workouts, _ = read(STRONG, strong("W"), strong("W"), strong(1), strong(1))
    assert len(sets_of(workouts)) == 4


def test_more_sets_than_an_exercise_may_have_are_kept():
    workouts, findings = read(STRONG, *(strong(number) for number in range(1, 151)))
    assert [len(each.sets) for each in workouts[0].exercises] == [100, 50]
    assert findings == Findings()


@pytest.mark.parametrize(
    ("cells", "weight"),
    [
        ({"weight": "74.99999999999999"}, Decimal("75.00")),
        ({"weight": "34.02"}, Decimal("34.02")),
        ({"weight": "-20"}, Decimal(-20)),
        ({"weight": "1e-999999"}, None),
        ({"weight": "20.10000000000000142108547152020037174224853515625"}, Decimal("20.10")),
        ({"weight": '"1,250.5"'}, Decimal("1250.5")),
        ({"weight": "0.0"}, None),
        ({"weight": ""}, None),
    ],
)
def test_a_weight_is_read(cells, weight):
    assert only_set(STRONG, strong(**cells)).weight == weight


def test_decimal_commas_are_read():
    row = strong(weight='"102,5"', rpe='"8,5"', distance='"1,5"')
    found = only_set(STRONG, row)
    assert (found.weight, found.rpe, found.distance_m) == (Decimal("102.5"), Decimal("8.5"), 1500)


@pytest.mark.parametrize(
    ("header", "number", "taken", "other"),
    [
        (STRONG, '"1,500"', 1500, "1.500"),
        (GERMAN, '"1,500"', Decimal("1.5"), "1500"),
        (GERMAN, "1.500", Decimal("1.5"), "1500"),
    ],
)
def test_a_number_that_may_be_two_is_read_with_a_warning(header, number, taken, other):
    workouts, findings = read(header, strong(), strong(weight=number), strong(weight=number))
    assert [each.weight for each in sets_of(workouts)] == [80, taken, taken]
    assert described(findings.warnings) == [(3, "weight", "number")]
    assert f"or {other};" in findings.warnings[0].message


@pytest.mark.parametrize("rows", [["1.609"], ['"1,500"', "2.5"], ["1.500", '"2,5"']])
def test_a_number_that_the_header_or_another_one_explains_is_read_without(rows):
    _, findings = read(STRONG, *(strong(weight=weight) for weight in rows))
    assert findings == Findings()


def test_a_number_with_a_leading_zero_has_no_thousands():
    _, findings = read(STRONG, strong(weight="2.5"), strong(weight='"0,500"'))
    assert described(findings.faults) == [(3, "weight", "number")]


def test_a_distance_is_rounded_in_metres():
    assert only_set(STRONG, strong(distance="5.0005")).distance_m == Decimal("5000.50")


def test_a_set_of_nothing_is_kept_with_a_warning():
    workouts, findings = read(STRONG, strong(weight=20, reps=0))
    [found] = sets_of(workouts)
    assert (found.reps, found.weight) == (0, 20)
    assert described(findings.warnings) == [(2, "reps", "required")]


@pytest.mark.parametrize(
    ("row", "warning"),
    [
        (strong(duration="70h"), ("duration", "max")),
        (strong(duration="a while"), ("duration", "duration")),
        (strong(order="Z"), ("set_type", "one_of")),
        (strong(order="-"), ("set_type", "one_of")),
        (strong(order="9" * 5000), ("set_type", "one_of")),
        (strong(duration="9" * 5000), ("duration", "duration")),
        (strong(duration="9" * 5000 + ":00"), ("duration", "duration")),
        (strong(seconds="700000"), ("seconds", "range")),
        (strong(seconds="-1"), ("seconds", "range")),
        (strong(distance="1001"), ("distance", "range")),
        (strong(rpe="11"), ("rpe", "range")),
        (strong(rpe="1e11"), ("rpe", "range")),
        (strong(rpe="8.2"), ("rpe", "step")),
    ],
)
def test_a_doubtful_value_never_loses_the_set(row, warning):
    workouts, findings = read(STRONG, row)
    assert len(sets_of(workouts)) == 1
    assert described(findings.warnings) == [(2, *warning)]
    assert findings.faults == []


@pytest.mark.parametrize(
    ("row", "warning"),
    [
        (hevy(end="29 Jun 2025, 20:00"), ("end", "range")),
        (hevy(end="2 Jul 2025, 20:00"), ("end", "range")),
        (hevy(end="never"), ("end", "date")),
        (hevy(kind="left"), ("set_type", "one_of")),
        (hevy(kind="-"), ("set_type", "one_of")),
        (hevy(superset="101"), ("superset", "integer")),
        (hevy(superset="1" * 5000), ("superset", "integer")),
    ],
)
def test_a_doubtful_value_of_hevy_never_loses_the_set(row, warning):
    workouts, findings = read(HEVY, row)
    assert len(sets_of(workouts)) == 1
    assert described(findings.warnings) == [(2, *warning)]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (strong(reps=10**9), ("reps", "range")),
        (strong(weight="heavy"), ("weight", "number")),
        (strong(weight="10001"), ("weight", "max")),
        (strong(reps="-5"), ("reps", "range")),
        (strong(start="soon"), ("start", "date")),
        (strong(exercise=" "), ("exercise", "required")),
        (strong(weight="9" * 30 + ".125"), ("weight", "number")),
        (strong(weight="9" * 100), ("weight", "number")),
        (strong(distance="9e999999"), ("distance", "number")),
        (strong(start="9" * 5000), ("start", "date")),
        (strong(start="5 May 99999999999999999999, 10:00"), ("start", "date")),
        (strong(start="²²² May 2026, 10:00"), ("start", "date")),
        (strong() + ",more", ("", "columns")),
        ("2025-03-01 10:00:00,Legs", ("", "columns")),
    ],
)
def test_a_line_that_can_not_be_taken_is_a_fault(row, fault):
    workouts, findings = read(STRONG, strong(1), row, strong(2))
    assert len(sets_of(workouts)) == 2
    assert described(findings.faults) == [(3, *fault)]


@pytest.mark.parametrize(("header", "row"), [(STRONG, strong()), (HEVY, hevy())])
def test_columns_that_are_not_known_are_left_out_with_a_warning(header, row):
    workouts, findings = read(f"{header},Mood,,RPE", f"{row},good,,9")
    assert len(sets_of(workouts)) == 1
    assert [(*each[:2], *each[3:]) for each in findings.warnings] == [
        (1, "", "columns", "Mood"),
        (1, "", "columns", "RPE"),
    ]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("WARM_UP", "warmup"),
        ("Warm-up", "warmup"),
        ("warm up", "warmup"),
        ("Drop Set", "drop"),
        ("FAILURE", "failure"),
    ],
)
def test_words_for_kinds_of_sets(word, kind):
    assert only_set(STRONG, strong(word)).set_type == kind
    assert only_set(HEVY, hevy(kind=word)).set_type == kind


def test_headers_between_rows_are_left_out():
    workouts, findings = read(STRONG, strong(1), STRONG, strong(2))
    assert len(sets_of(workouts)) == 2
    assert findings.faults == findings.warnings == []


def test_a_header_that_was_put_behind_with_its_byte_order_mark_is_left_out():
    for header, row in ((STRONG, strong()), (HEVY, hevy())):
        workouts, findings = read(header, row, f"\ufeff{header}", row)
        assert len(sets_of(workouts)) == 2
        assert findings == Findings()


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("header", "other", "row"),
    [
        (HEVY, HEVY.replace("weight_kg", "weight_lbs"), hevy()),
        (HEVY.replace("_km", "_miles"), HEVY, hevy()),
        (STRONG, STRONG.replace("Weight", "Weight (lbs)"), strong()),
        (STRONG, GERMAN, strong()),
    ],
)
def test_a_header_of_other_columns_between_rows_is_refused(header, other, row, mark):
    with pytest.raises(Unreadable, match="one by one") as refusal:
        read(header, row, mark + other, row)
    assert (refusal.value.finding.line, refusal.value.finding.constraint) == (3, "columns")


@pytest.mark.parametrize("nothing", ["NA", "NaN", "null", "None", "-"])
def test_a_number_may_be_said_to_be_missing(nothing):
    found = only_set(STRONG, strong(weight=nothing, rpe=nothing))
    assert (found.weight, found.rpe, found.reps) == (None, None, 5)


def test_whole_numbers_may_have_a_decimal_point():
    rows = [hevy(index, superset="2.0") for index in ("0.0", "1.0", "0.0")]
    [workout], findings = read(HEVY, *rows)
    assert [(one.superset, len(one.sets)) for one in workout.exercises] == [(2, 2), (2, 1)]
    assert findings.warnings == []
    assert only_set(STRONG, strong("2.0")).set_type == "normal"


def test_a_note_of_strong_has_its_line_breaks():
    [workout], _ = read(STRONG, strong(notes="\\nElbows\\nin\\n", workout_notes="Slow\\nday"))
    assert workout.notes == ["Slow\nday"]
    assert workout.exercises[0].notes == ["Elbows\nin"]


def test_the_line_is_the_one_in_which_the_record_begins():
    _, findings = read(STRONG, strong(1, notes="two\r\nlines"), "", strong(reps=10**9))
    assert described(findings.faults) == [(5, "reps", "range")]


def test_an_unknown_unit_is_a_fault():
    row = f'{START};"Run";"Running";1;16;stone;5;;;;0;"";"";44m'
    _, findings = read(STRONG_UNITS, row)
    assert described(findings.faults) == [(2, "weight_unit", "one_of")]


@pytest.mark.parametrize(
    ("weight", "unit", "expected"),
    [
        ("80", "кг", (80, "kg")),
        ("80", "Lbs.", (80, "lb")),
        ("80", "фунтов", (80, "lb")),
        ("0", "stone", (None, None)),
        ("", "stone", (None, None)),
    ],
)
def test_a_unit_of_weight_is_read(weight, unit, expected):
    found = only_set(STRONG_UNITS, f'{START};"Push";"Squat";1;{weight};{unit};5;;;;0;;;44m')
    assert (found.weight, found.unit) == expected


@pytest.mark.parametrize(
    ("distance", "unit", "metres"),
    [
        ("100", "yd", Decimal("91.44")),
        ("100", "feet", Decimal("30.48")),
        ("2", "км", 2000),
        ("400", "м", 400),
        ("", "furlong", None),
    ],
)
def test_a_unit_of_distance_is_read(distance, unit, metres):
    found = only_set(STRONG_UNITS, f'{START};"Run";"Run";1;;;5;;{distance};{unit};0;;;44m')
    assert found.distance_m == metres


def test_a_unit_of_distance_is_none_of_weight():
    row = f'{START};"Run";"Running";1;16;km;5;;;;0;"";"";44m'
    _, findings = read(STRONG_UNITS, row)
    assert described(findings.faults) == [(2, "weight_unit", "one_of")]


def test_a_workout_of_too_many_sets_is_a_fault():
    rows = [strong(number % 90, exercise=f"E{number // 90}") for number in range(1001)]
    workouts, findings = read(STRONG, *rows)
    assert workouts == []
    assert described(findings.faults) == [(2, "sets", "max_items")]


def test_a_workout_of_too_many_lines_is_a_fault_and_the_next_one_is_read():
    notes = (strong("Note", 0, 0, notes=str(number)) for number in range(MOST_ROWS))
    rows = [strong(1), *notes, strong(1, name="Arms")]
    workouts, findings = read(STRONG, *rows)
    assert [each.name for each in workouts] == ["Arms"]
    assert described(findings.faults) == [(2, "sets", "max_items")]
    assert findings.faults[0].received == str(MOST_ROWS + 1)


@pytest.mark.parametrize(
    "refused",
    [
        [strong(number, reps="many") for number in range(1, 4)],
        [strong(exercise=f"Squat {number}") for number in range(MOST_EXERCISES + 1)],
    ],
    ids=["lines", "a workout"],
)
def test_sets_that_can_not_be_taken_count_to_the_limit_of_a_file(monkeypatch, refused):
    monkeypatch.setattr(findings_module, "MOST_SETS", len(refused))
    kept = [strong("Rest Timer", seconds=60), strong("Note", 0, 0, notes="Hard")]
    _, findings = read(STRONG, *refused, *kept)
    assert findings.faults
    with pytest.raises(Unreadable, match="split the file") as refusal:
        read(STRONG, *refused, strong(name="Arms"))
    assert refusal.value.finding.line == len(refused) + 2


def test_a_note_that_is_repeated_stands_once():
    rows = [strong(number, notes=note) for number, note in enumerate(["B", "A", "B", ""])]
    [workout], _ = read(STRONG, *rows)
    assert workout.exercises[0].notes == ["B", "A"]


def test_cells_that_were_kept_from_running_are_as_before():
    [workout], _ = read(STRONG, strong(name="'=1+1", exercise="'+Row", notes="'@home"))
    assert (workout.name, workout.exercises[0].name) == ("=1+1", "+Row")
    assert workout.exercises[0].notes == ["@home"]
    assert read(STRONG, strong(name="'til failure"))[0][0].name == "'til failure"


def test_findings_are_counted_beyond_those_that_are_listed():
    _, findings = read(STRONG, strong(1), *(strong(reps=10**9) for _ in range(MOST + 20)))
    assert (len(findings.faults), findings.fault_count) == (MOST, MOST + 20)
    described_finding = findings.faults[0].described()
    assert described_finding == {
        "line": 3,
        "field": "reps",
        "message": "Reps must be 0 to 1000000",
        "constraint": "range",
        "received": "1000000000",
    }
