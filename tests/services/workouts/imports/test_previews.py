"""Sending a file in pieces, and what is found in it before anything is written."""

import base64

import pytest

from schemas.errors import (
    BusinessRuleViolation,
    Conflict,
    InvalidParameter,
    NotFound,
    ValidationFailed,
)
from tests.rules.workouts.imports.files import HEVY
from tests.services.workouts.imports.files import GIVEN, PIECE, Imports, strong, text_of
from tests.services.workouts.test_workouts import User

BENCH_SET = ("Bench Press (Barbell)", 80, 5)
FIRST = strong("2025-03-01 10:00:00", BENCH_SET, BENCH_SET)
SECOND = strong("2025-03-03 10:00:00", BENCH_SET, ("Plank", 0, 0, 60))


def test_a_file_is_read_and_nothing_is_written(imports, rpc, fresh_user):
    found = imports.read(text_of(FIRST, SECOND), name="strong.csv")
    assert found["status"] == "preview"
    assert (found["name"], found["source"], found["progress"]) == ("strong.csv", "strong", 100)
    assert found["recognised"]["delimiter"] == ","
    assert sorted(found["needs"]) == ["time_zone", "weight_unit"]
    assert found["counts"] == {
        "workouts": 2,
        "sets": 4,
        "new": 2,
        "same": 0,
        "changed": 0,
        "likely_same": 0,
        "deleted": 0,
    }
    assert (found["faults"], found["warnings"], found["error"]) == ([], [], None)
    assert User(rpc, fresh_user).list()["total"] == 0


def test_names_have_their_measures(imports):
    sets = [
        BENCH_SET,
        ("Plank", 0, 0, 60),
        ("Weighted Hold", 10, 0, 60),
        ("Push Up", 0, 20),
        ("Pull Up", 0, 8),
        ("Pull Up", -20, 8),
    ]
    found = imports.read(text_of(strong("2025-03-01 10:00:00", *sets)), **GIVEN)
    assert {each["name"]: (each["measure"], each["sets"]) for each in found["names"]} == {
        "Bench Press (Barbell)": ("weight_reps", 1),
        "Plank": ("duration", 1),
        "Weighted Hold": ("weight_duration", 1),
        "Push Up": ("reps", 1),
        "Pull Up": ("reps", 1),
        "Pull Up (Assisted)": ("assisted_reps", 1),
    }


def test_what_was_said_of_the_file_is_not_needed_any_more(imports):
    assert imports.read(text_of(FIRST), **GIVEN)["needs"] == []
    assert imports.read(text_of(FIRST), weight_unit="lbs")["needs"] == ["time_zone"]


def test_a_file_of_many_pieces_is_read(imports):
    workouts = [
        strong(f"2025-{month:02}-{day:02} 10:00:00", *[BENCH_SET] * 20, name="A long name " * 20)
        for month in range(1, 11)
        for day in range(1, 11)
    ]
    text = text_of(*workouts)
    assert len(text) > 2 * PIECE
    assert imports.read(text)["counts"]["sets"] == 2000


def test_faults_and_warnings_are_listed_by_line(imports):
    rows = [*FIRST, "2025-03-01 10:00:00,Legs,99h,Squat,1,heavy,5,0,0,,,", *SECOND]
    found = imports.read(text_of(rows))
    [fault] = found["faults"]
    assert (fault["line"], fault["field"], found["fault_count"]) == (4, "weight", 1)
    assert found["counts"]["sets"] == 4


def test_texts_are_cut_to_their_limits_with_a_warning(imports):
    rows = [f"2025-03-01 10:00:00,{'x' * 300},1h,{'y' * 300},1,80,5,0,0,{'n' * 1200},{'w' * 6000},"]
    found = imports.read(text_of(rows))
    assert found["names"][0]["name"] == "y" * 255
    assert {each["field"] for each in found["warnings"]} == {"name", "exercise", "notes"}
    assert found["warning_count"] == 4


def test_a_day_that_cannot_be_logged_is_a_fault(imports):
    rows = [strong(f"{day} 10:00:00", BENCH_SET) for day in ("1899-12-31", "2200-01-01")]
    found = imports.read(text_of(FIRST, *rows))
    assert [each["constraint"] for each in found["faults"]] == ["min", "max"]
    assert found["counts"]["workouts"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("a,b,c\n1,2,3\n", "columns"),
        (b"PK\x03\x04rest", "text"),
        (text_of(), "min_items"),
        (text_of([FIRST[0].replace("Legs", '"Legs'), *FIRST]), "quotes"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(imports, text, constraint):
    found = imports.read(text)
    assert (found["status"], found["error"]["constraint"]) == ("failed", constraint)


def test_the_app_may_be_said(imports):
    assert imports.read(text_of(FIRST), source="strong")["status"] == "preview"
    found = imports.read(text_of(FIRST), source="hevy")
    assert (found["status"], found["error"]["field"]) == ("failed", "source")
    assert "Strong, not Hevy" in found["error"]["message"]


def test_the_language_of_months_may_be_said(imports):
    text = text_of(["1 lis 2025 10:00:00" + row[19:] for row in FIRST])
    found = imports.read(text)
    assert (found["status"], found["error"]["field"]) == ("failed", "language")
    for language in ("pl", "hr"):
        found = imports.read(text, language=language)
        assert (found["status"], found["recognised"]["month_language"]) == ("preview", language)


@pytest.mark.slow
def test_more_sets_than_a_file_may_have(imports):
    rows = [
        strong(f"{2020 - year}-{month:02}-{day:02} 10:00:00", *[("Squat", 9, 9)] * 90)
        for year in range(4)
        for month in range(1, 13)
        for day in range(1, 25)
    ]
    found = imports.read(text_of(*rows))
    assert (found["status"], found["error"]["constraint"]) == ("failed", "max_items")
    assert "100000 sets" in found["error"]["message"]


def test_a_name_that_the_user_has_mapped_is_remembered(imports):
    first = imports.read(text_of(FIRST))["id"]
    mapped = imports.rpc.map_import(imports.user_id, first, {"Bench Press (Barbell)": 2})
    assert (mapped["names"][0]["why"], mapped["names"][0]["exercise_id"]) == ("learned", 2)
    [name] = imports.read(text_of(FIRST))["names"]
    assert (name["why"], name["exercise_id"], name["exercise_name"]) == (
        "learned",
        2,
        mapped["names"][0]["exercise_name"],
    )
    imports.rpc.map_import(imports.user_id, first, {"Bench Press (Barbell)": "new"})
    assert imports.read(text_of(FIRST))["names"][0]["why"] != "learned"


@pytest.mark.parametrize(
    ("mapping", "field"),
    [({"Sqaut": 1}, "Sqaut"), ({"Bench Press (Barbell)": "x"}, "Bench Press (Barbell)")],
)
def test_a_mapping_is_of_names_in_the_file_to_ids(imports, mapping, field):
    import_id = imports.read(text_of(FIRST))["id"]
    with pytest.raises(ValidationFailed) as refusal:
        imports.rpc.map_import(imports.user_id, import_id, mapping)
    assert [fault["field"] for fault in refusal.value.faults] == [field]


# sending


def send(imports, import_id, number, data):
    content = base64.b64encode(data).decode()
    return imports.rpc.add_to_import(imports.user_id, import_id, number, content)


def test_a_mapping_to_an_unknown_exercise_names_it(imports):
    import_id = imports.read(text_of(FIRST))["id"]
    mapping = {"Plank": "new", "Bench Press (Barbell)": 2**62}
    with pytest.raises(BusinessRuleViolation) as refusal:
        imports.rpc.map_import(imports.user_id, import_id, mapping)
    assert refusal.value.field == "Bench Press (Barbell)"


def test_pieces_may_come_twice_and_in_any_order(imports):
    data = text_of(FIRST, SECOND).encode()
    import_id = imports.begin()
    for number in (1, 0, 1):
        send(imports, import_id, number, data[100 * number : 100 + 10**6 * number])
    for _ in range(2):
        imports.rpc.end_upload(imports.user_id, import_id, 2, len(data))
    assert imports.wait(import_id, "preview")["counts"]["sets"] == 4
    with pytest.raises(Conflict):
        send(imports, import_id, 2, b"x")


@pytest.mark.parametrize(("pieces", "size"), [(1, 20), (2, 11), (3, 20)])
def test_all_must_have_come(imports, pieces, size):
    import_id = imports.begin()
    for number in range(2):
        send(imports, import_id, number, b"0123456789")
    with pytest.raises(InvalidParameter):
        imports.rpc.end_upload(imports.user_id, import_id, pieces, size)
    assert imports.get(import_id)["status"] == "receiving"


def test_a_piece_that_is_missing(imports):
    import_id = imports.begin()
    send(imports, import_id, 1, b"0123456789")
    with pytest.raises(InvalidParameter):
        imports.rpc.end_upload(imports.user_id, import_id, 1, 10)


def test_what_is_too_large_is_refused(imports):
    import_id = imports.begin()
    with pytest.raises(InvalidParameter, match="at most 262144 bytes"):
        send(imports, import_id, 0, bytes(PIECE + 1))
    with pytest.raises(InvalidParameter, match="at most 20971520 bytes"):
        send(imports, import_id, 80, b"x")
    with pytest.raises(InvalidParameter, match="base64"):
        imports.rpc.add_to_import(imports.user_id, import_id, 0, "no base64")


@pytest.mark.parametrize(
    "options",
    [{"source": "fitbod"}, {"weight_unit": "stone"}, {"time_zone": "Berlin"}, {"colour": "red"}],
)
def test_options_are_checked(imports, options):
    with pytest.raises(InvalidParameter):
        imports.begin(**options)


def test_they_are_nobody_elses(imports, rpc, fresh_user):
    stranger = Imports(rpc, fresh_user + 2**31)
    import_id = imports.read(text_of(FIRST))["id"]
    for call in (
        lambda: stranger.get(import_id),
        lambda: send(stranger, import_id, 0, b"x"),
        lambda: stranger.rpc.map_import(stranger.user_id, import_id, {}),
        lambda: stranger.rpc.apply_import(stranger.user_id, import_id, {}),
        lambda: stranger.rpc.undo_import(stranger.user_id, import_id),
        lambda: stranger.rpc.delete_import(stranger.user_id, import_id),
    ):
        with pytest.raises(NotFound):
            call()
    assert stranger.rpc.list_imports(stranger.user_id) == {"items": [], "total": 0}


def test_they_are_listed_and_deleted(imports):
    ids = [imports.read(text_of(FIRST))["id"] for _ in range(2)]
    listed = imports.rpc.list_imports(imports.user_id)
    assert ([each["id"] for each in listed["items"]], listed["total"]) == (ids[::-1], 2)
    assert imports.rpc.delete_import(imports.user_id, ids[0]) == {"id": ids[0], "deleted": True}
    assert imports.rpc.list_imports(imports.user_id)["total"] == 1


def test_a_file_of_hevy_tells_its_units(imports):
    row = '"Push","30 Jun 2025, 19:56","30 Jun 2025, 20:58","","Plank",,"",0,"normal",,,,60,'
    found = imports.read("\n".join([HEVY, row, ""]))
    assert (found["source"], found["needs"]) == ("hevy", ["time_zone"])
