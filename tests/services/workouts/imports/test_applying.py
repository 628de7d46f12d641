"""Applying imports: what is written, once, whatever happens meanwhile."""

import pytest

from schemas.errors import BusinessRuleViolation, Conflict, GymError
from tests.faults.deputies import instead_of
from tests.rules.workouts.imports.files import HEVY
from tests.services.clients import connected
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.imports.files import (
    BENCH,
    GIVEN,
    PLANK,
    SQUAT,
    strong,
    text_of,
)
from tests.waiting import eventually

BENCH_SET = ("Bench Press (Barbell)", 80, 5)
PLANK_SET = ("Plank", 0, 0, 60)
FIRST = strong("2025-03-01 10:00:00", BENCH_SET, BENCH_SET, PLANK_SET)
SECOND = strong("2025-03-03 10:00:00", BENCH_SET)
THIRD = strong("2025-03-05 10:00:00", ("Squat (Barbell)", 100, 3))


def workouts_of(user):
    """Return the whole workouts of a user, oldest first."""
    return [user.get(key) for key in user.listed(limit=100, sort="date:asc")]


def sets_of(workout):
    return [each for exercise in workout["exercises"] for each in exercise["sets"]]


# what is written


def test_workouts_are_written_as_the_file_has_them(imports, user):
    done = imports.bring(text_of(FIRST, SECOND))
    assert (done["status"], done["added"], done["updated"], done["error"]) == (
        "applied",
        2,
        0,
        None,
    )
    first, second = workouts_of(user)
    assert (first["name"], first["started_at"], first["time_zone"]) == (
        "Legs",
        "2025-03-01T10:00:00+01:00",
        "Europe/Berlin",
    )
    assert (first["duration_minutes"], first["ended_at"], first["version"]) == (60, None, 1)
    assert [each["exercise_id"] for each in first["exercises"]] == [BENCH, PLANK]
    bench, _, plank = sets_of(first)
    assert (bench["reps"], bench["weight"], bench["unit"]) == (5, 80, "kg")
    assert (plank["duration_seconds"], plank["reps"], plank["weight"]) == (60, 60, None)
    assert [change["kind"] for change in user.feed(second["id"])] == ["created"]


def test_a_file_of_hevy_has_its_ends_and_distances(imports, user):
    row = (
        '"Run","30 Jun 2025, 19:56","30 Jun 2025, 20:26","","Running",1,"",0,"normal",,,5.25,1800,8'
    )
    imports.bring("\n".join([HEVY, row, ""]))
    [workout] = workouts_of(user)
    assert workout["ended_at"] == "2025-06-30T20:26:00+02:00"
    [logged] = sets_of(workout)
    assert (logged["distance_m"], logged["duration_seconds"], logged["rpe"]) == (5250, 1800, 8)
    assert workout["exercises"][0]["superset"] == 1


def test_units_may_be_given_when_it_is_applied(imports, user):
    rows = ["2025-03-01 10:00:00,Run,1h,Running,1,10,0,3.1,1800,,,"]
    found = imports.read(text_of(rows))
    assert sorted(found["needs"]) == ["distance_unit", "time_zone", "weight_unit"]
    imports.map(found["id"])
    given = {"weight_unit": "lb", "distance_unit": "mi", "time_zone": "UTC"}
    for name in given:
        with pytest.raises(BusinessRuleViolation) as refusal:
            imports.apply(found["id"], **{**given, name: None})
        assert refusal.value.field == name
    imports.apply(found["id"], **given)
    [logged] = sets_of(workouts_of(user)[0])
    assert (logged["distance_m"], logged["weight"], logged["unit"]) == (4988.97, 10, "lb")


def test_names_that_are_not_mapped_are_asked_for(imports):
    found = imports.read(text_of(strong("2025-03-01 10:00:00", ("Shoulder Press", 30, 5))), **GIVEN)
    assert found["names"][0]["why"] == "ask"
    with pytest.raises(BusinessRuleViolation) as refusal:
        imports.apply(found["id"])
    assert (refusal.value.field, refusal.value.details["names"]) == ("mapping", ["Shoulder Press"])


PRESS = strong("2025-02-01 10:00:00", ("Shoulder Press", 30, 5))


@pytest.fixture
def asked_again(imports, user):
    """A file that asks for the exercise of a workout which is there, and has another one."""
    own = user.rpc.exercises.create(user.id, {"name": "Mine", "measure": "weight_reps"})["id"]
    import_id = imports.read(text_of(PRESS), **GIVEN)["id"]
    imports.map(import_id, **{"Shoulder Press": own})
    imports.apply(import_id)
    user.rpc.exercises.archive(user.id, own)
    found = imports.read(text_of(PRESS, SECOND), **GIVEN)
    assert [each["name"] for each in found["names"] if each["why"] == "ask"] == ["Shoulder Press"]
    return found["id"]


@pytest.mark.slow
def test_names_of_what_is_there_already_are_not_asked_for(imports, asked_again):
    done = imports.apply(asked_again)
    assert (done["status"], done["added"]) == ("applied", 1)


@pytest.mark.slow
def test_what_is_deleted_before_it_is_applied_is_asked_for(imports, user, asked_again):
    user.delete(user.listed()[0])
    found = imports.apply(asked_again, deleted="restore")
    assert (found["status"], found["error"]["details"]["names"]) == ("preview", ["Shoulder Press"])


def test_lines_with_faults_are_left_out_if_that_is_wanted(imports):
    rows = [*FIRST, "2025-03-01 10:00:00,Legs,1h,Squat,1,heavy,5,0,0,,,"]
    found = imports.read(text_of(rows), **GIVEN)
    imports.map(found["id"])
    with pytest.raises(BusinessRuleViolation) as refusal:
        imports.apply(found["id"])
    assert (refusal.value.field, refusal.value.details["faults"]) == ("faulty", 1)
    assert imports.apply(found["id"], faulty="skip")["added"] == 1


def test_new_exercises_are_made_once(imports, user):
    sets = [("Gorilla Row", 24, 10), ("gorilla  row", 24, 10), ("Frog Hold", 0, 0, 30)]
    imports.bring(text_of(strong("2025-03-01 10:00:00", *sets)))
    [workout] = workouts_of(user)
    row, same, hold = (each["exercise_id"] for each in workout["exercises"])
    assert row == same != hold
    made = {each["id"]: each for each in user.rpc.exercises.get_private(user.id, [row, hold])}
    assert (made[row]["measure"], made[hold]["measure"]) == ("weight_reps", "duration")
    found = imports.read(text_of(strong("2025-04-01 10:00:00", ("Gorilla Row", 24, 9))), **GIVEN)
    assert (found["names"][0]["why"], found["names"][0]["exercise_id"]) == ("learned", row)


def test_weight_that_was_taken_off_is_assistance(imports, user):
    sets = [("Muscle Up", -20, 8), ("Muscle Up", -15, 8), ("Muscle Up", 0, 3)]
    imports.bring(text_of(strong("2025-03-01 10:00:00", *sets)))
    [workout] = workouts_of(user)
    assisted, plain = workout["exercises"]
    assert [each["weight"] for each in assisted["sets"]] == [20, 15]
    assert [each["reps"] for each in plain["sets"]] == [3]
    [entry] = user.rpc.exercises.get_private(user.id, [assisted["exercise_id"]])
    assert (entry["name"], entry["measure"]) == ("Muscle Up (Assisted)", "assisted_reps")


def test_repetitions_of_a_hold_are_no_seconds(imports, user):
    imports.bring(text_of(strong("2025-03-01 10:00:00", ("Plank", 0, 12))))
    [logged] = sets_of(workouts_of(user)[0])
    assert (logged["reps"], logged["duration_seconds"]) == (12, 0)


def test_a_time_that_the_clocks_skipped(imports, user):
    found = imports.read(text_of(strong("2025-03-30 02:10:00", BENCH_SET)), weight_unit="kg")
    assert found["warnings"] == []
    imports.map(found["id"])
    done = imports.apply(found["id"], time_zone="Europe/Berlin")
    assert [(each["field"], each["line"]) for each in done["warnings"]] == [("start", 2)]
    assert workouts_of(user)[0]["started_at"] == "2025-03-30T03:00:00+02:00"


def test_what_was_read_before_is_not_stale(imports, user):
    assert user.list()["total"] == 0
    imports.bring(text_of(FIRST))
    assert user.list()["total"] == 1


# again


def test_asked_for_twice_it_is_applied_once(imports, user):
    done = imports.bring(text_of(FIRST, SECOND))
    answer = {"id": done["id"], "status": "applied"}
    assert imports.rpc.apply_import(imports.user_id, done["id"], {}) == answer
    assert user.list()["total"] == 2


@pytest.mark.slow
def test_a_later_export_adds_only_what_is_new(imports, user):
    imports.bring(text_of(FIRST, SECOND))
    found = imports.read(text_of(FIRST, SECOND, THIRD), **GIVEN)
    assert (found["counts"]["same"], found["counts"]["new"]) == (2, 1)
    imports.map(found["id"])
    assert imports.apply(found["id"])["added"] == 1
    assert user.list()["total"] == 3


def test_equal_workouts_of_a_file_are_all_kept(imports, user):
    imports.bring(text_of(FIRST, SECOND, FIRST))
    assert user.list()["total"] == 3
    assert imports.read(text_of(FIRST, SECOND, FIRST), **GIVEN)["counts"]["same"] == 3


@pytest.mark.slow
def test_notes_and_new_units_of_the_same(imports):
    imports.bring(text_of(FIRST))
    noted = [row.replace(",0,0,,,", ",0,0,a note,another,") for row in FIRST]
    assert imports.read(text_of(noted), **GIVEN)["counts"]["same"] == 1
    # as nothing tells yet that the unit is another
    assert imports.read(text_of(FIRST), **GIVEN | {"weight_unit": "lb"})["counts"]["changed"] == 1


@pytest.mark.slow
def test_changed_workouts_are_left_or_updated(imports, user):
    imports.bring(text_of(FIRST, SECOND))
    [_, second] = workouts_of(user)
    heavier = strong("2025-03-03 10:00:00", ("Bench Press (Barbell)", 85, 5))
    for choice, version, weight in (("skip", 1, 80), ("update", 2, 85)):
        found = imports.read(text_of(FIRST, heavier), **GIVEN)
        assert (found["counts"]["same"], found["counts"]["changed"]) == (1, 1)
        imports.map(found["id"])
        done = imports.apply(found["id"], on_changed=choice)
        assert (done["added"], done["updated"]) == (0, version - 1)
        workout = user.get(second["id"])
        assert (workout["version"], sets_of(workout)[0]["weight"]) == (version, weight)
    assert imports.read(text_of(FIRST, heavier), **GIVEN)["counts"]["same"] == 2


@pytest.mark.slow
def test_deleted_workouts_are_brought_back_only_if_asked(imports, user):
    imports.bring(text_of(FIRST, SECOND))
    user.delete(workouts_of(user)[0]["id"])
    for choice, left in (("skip", 1), ("restore", 2)):
        found = imports.read(text_of(FIRST, SECOND), **GIVEN)
        assert (found["counts"]["same"], found["counts"]["deleted"]) == (1, 1)
        imports.map(found["id"])
        imports.apply(found["id"], deleted=choice)
        assert user.list()["total"] == left


@pytest.mark.slow
def test_another_apps_export_of_the_same_is_not_doubled(imports, user):
    imports.bring(text_of(FIRST))
    rows = [
        f'"Legs","1 Mar 2025, 09:00","1 Mar 2025, 10:00","","{name}",,"",{index},normal,{numbers},'
        for name, index, numbers in (
            ("Bench Press (Barbell)", 0, "80,5,,"),
            ("Bench Press (Barbell)", 1, "80,5,,"),
            ("Plank", 0, ",,,60"),
        )
    ]
    text = "\n".join([HEVY, *rows, ""])
    for choice, total in (("skip", 1), ("add", 2)):
        found = imports.read(text, **GIVEN)
        assert (found["counts"]["likely_same"], found["counts"]["new"]) == (1, 0)
        imports.map(found["id"])
        imports.apply(found["id"], likely_same=choice)
        assert user.list()["total"] == total


def test_a_similar_workout_is_another_one(imports):
    imports.bring(text_of(SECOND))
    other = strong("2025-03-03 09:30:00", BENCH_SET)
    heavier = strong("2025-03-03 09:00:00", ("Bench Press (Barbell)", 81, 5))
    later = strong("2025-03-04 10:00:00", BENCH_SET)
    assert imports.read(text_of(other, heavier, later), **GIVEN)["counts"]["new"] == 3


@pytest.mark.slow
def test_two_previews_of_the_same_training_are_not_both_applied(imports, user):
    shifted = strong("2025-03-03 09:00:00", BENCH_SET)
    ids = [imports.read(text_of(rows), **GIVEN)["id"] for rows in (SECOND, shifted, SECOND)]
    for import_id in ids:
        imports.map(import_id)
    assert [imports.apply(import_id)["added"] for import_id in ids] == [1, 0, 0]
    assert user.list()["total"] == 1


# an exercise that goes meanwhile


def test_an_exercise_that_is_deleted_after_the_preview_is_asked_for_again(imports, user):
    own = user.rpc.exercises.create(user.id, {"name": "Mine", "measure": "weight_reps"})["id"]
    import_id = imports.read(text_of(FIRST), **GIVEN)["id"]
    imports.map(import_id, Plank=own)
    user.rpc.exercises.delete(user.id, own)
    found = imports.apply(import_id)
    assert (found["status"], found["added"]) == ("preview", 0)
    assert "Unknown or inactive" in found["error"]["message"]
    assert [each["name"] for each in found["names"] if each["why"] == "ask"] == ["Plank"]
    imports.map(import_id)
    assert imports.apply(import_id)["added"] == 1


@pytest.mark.slow
def test_an_exercise_that_nothing_needs_any_more_may_be_gone(imports, user):
    own = user.rpc.exercises.create(user.id, {"name": "Mine", "measure": "weight_reps"})["id"]
    first = imports.read(text_of(FIRST), **GIVEN)["id"]
    imports.map(first, Plank=own)
    imports.apply(first)
    import_id = imports.read(text_of(FIRST, SECOND), **GIVEN)["id"]
    [workout] = user.listed()
    user.update(workout, exercises=[lift(SQUAT, one(5, 90))])
    user.rpc.exercises.delete(user.id, own)
    done = imports.apply(import_id)
    assert (done["status"], done["added"]) == ("applied", 1)


def test_names_follow_an_exercise_that_is_merged(imports, user):
    own = user.rpc.exercises.create(user.id, {"name": "Mine", "measure": "weight_reps"})["id"]
    import_id = imports.read(text_of(FIRST), **GIVEN)["id"]
    imports.map(import_id, **{"Bench Press (Barbell)": own})
    user.rpc.exercises.merge(user.id, own, BENCH)
    for found in (imports.get(import_id), imports.read(text_of(FIRST), **GIVEN)):
        names = {each["name"]: each for each in found["names"]}
        bench = names["Bench Press (Barbell)"]
        assert (bench["exercise_id"], bench["exercise_name"]) == (BENCH, "Barbell Bench Press")
        assert bench["why"] == "learned"
    assert imports.apply(import_id)["added"] == 1
    assert workouts_of(user)[0]["exercises"][0]["exercise_id"] == BENCH


def test_an_exercise_that_was_merged_is_asked_for_again(imports, user, run):
    own = user.rpc.exercises.create(user.id, {"name": "Mine", "measure": "weight_reps"})["id"]
    import_id = imports.read(text_of(SECOND), **GIVEN)["id"]
    imports.map(import_id)
    user.rpc.exercises.merge(user.id, own, BENCH)
    # as if it was chosen in the moment of the merge
    run(
        "UPDATE import_names SET exercise_id = :own WHERE import_id = :id RETURNING 1",
        own=own,
        id=import_id,
    )
    found = imports.apply(import_id)
    assert (found["status"], found["names"][0]["why"]) == ("preview", "ask")
    assert "Unknown or inactive" in found["error"]["message"]


def test_one_that_is_likely_there_is_so_too_once_its_exercise_was_made(imports, user):
    user.create(
        {
            "name": "Legs",
            "started_at": "2025-03-01T09:00:00+01:00",
            "exercises": [lift(SQUAT, one(10, 24))],
        }
    )
    own = user.rpc.exercises.create(user.id, {"name": "Mine", "measure": "weight_reps"})["id"]
    row = ("Gorilla Row", 24, 10)
    first, second = "2025-03-01 10:00:00", "2025-03-05 10:00:00"
    text = text_of(strong(first, row), strong(second, row, PLANK_SET))
    found = imports.read(text, **GIVEN)
    assert (found["counts"]["likely_same"], found["counts"]["new"]) == (1, 1)
    imports.map(found["id"], Plank=own)
    user.rpc.exercises.delete(user.id, own)
    assert imports.apply(found["id"])["status"] == "preview"
    imports.rpc.map_import(user.id, found["id"], {"Plank": PLANK})
    assert imports.apply(found["id"])["added"] == 1
    assert user.list()["total"] == 2


def test_an_archived_exercise_of_the_name_comes_back(imports, user):
    own = user.rpc.exercises.create(user.id, {"name": "Sled Drag", "measure": "weight_reps"})["id"]
    user.rpc.exercises.archive(user.id, own)
    imports.bring(text_of(strong("2025-03-01 10:00:00", ("Sled Drag", 24, 10))))
    assert workouts_of(user)[0]["exercises"][0]["exercise_id"] == own
    assert user.rpc.exercises.get_private(user.id, [own])[0]["is_active"]


# at the same time


def many(count, name="Legs"):
    days = [(year, month, day) for year in (2020, 2021, 2022) for month in range(1, 13)
            for day in range(1, 28)]  # fmt: skip
    return [
        strong(f"{year}-{month:02}-{day:02} 10:00:00", BENCH_SET, PLANK_SET, name=name)
        for year, month, day in days[:count]
    ]


@pytest.mark.slow
def test_two_at_once_are_applied_one_after_the_other(imports, user, run):
    ids = [imports.read(text_of(*many(300)), **GIVEN)["id"] for _ in range(2)]
    for import_id in ids:
        imports.map(import_id)
    for import_id in ids:
        imports.rpc.apply_import(imports.user_id, import_id, {})
    waits = {imports.get(ids[1])["waits_for"]}
    first, second = (imports.wait(import_id, "applied") for import_id in ids)
    assert waits <= {ids[0], None}
    assert (first["added"], second["added"]) == (300, 0)
    assert user.list()["total"] == 300


@pytest.mark.slow
def test_the_second_says_that_it_waits(imports, system):
    with instead_of(system, "workouts", "workouts.in_import_batch:sleep:0.5"):
        eventually(lambda: answers(imports), seconds=30)
        ids = [imports.read(text_of(FIRST, SECOND), **GIVEN)["id"] for _ in range(2)]
        for import_id in ids:
            imports.map(import_id)
            imports.rpc.apply_import(imports.user_id, import_id, {})
        assert imports.get(ids[1])["waits_for"] == ids[0]
        assert imports.wait(ids[1], "applied")["added"] == 0
    eventually(lambda: answers(imports), seconds=30)


@pytest.mark.slow
def test_workouts_are_logged_meanwhile(imports, user):
    import_id = imports.read(text_of(*many(400)), **GIVEN)["id"]
    imports.map(import_id)
    imports.rpc.apply_import(imports.user_id, import_id, {})
    logged = [user.create(body(ago(0), lift(SQUAT, one(5, 90))))["id"] for _ in range(10)]
    imports.wait(import_id, "applied")
    assert user.list()["total"] == 410
    assert {user.get(key)["version"] for key in logged} == {1}


# a process that dies


def answers(imports):
    try:
        imports.rpc.list_imports(imports.user_id)
    except GymError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [
        "workouts.import_before_preview",
        "workouts.import_exercise_made",
        "workouts.in_import_batch",
        "workouts.after_import_batch",
    ],
)
def test_a_process_that_dies_is_replaced(imports, user, system, run, place):
    import_id = imports.begin(**GIVEN)
    mine = ("Own Row", 24, 10)
    text = text_of(*many(250), strong("2023-01-01 10:00:00", mine))
    if place == "workouts.import_before_preview":
        with instead_of(system, "workouts", f"{place}:exit:1") as deputy:
            eventually(lambda: answers(imports), seconds=30)
            first = system.pid(deputy)
            import_id = imports.send(text, **GIVEN)
            eventually(lambda: system.supervisor.parts()[deputy]["pid"] != first, seconds=30)
        eventually(lambda: answers(imports), seconds=30)
        assert imports.wait(import_id, "preview")["counts"]["workouts"] == 251
        imports.map(import_id)
        imports.rpc.apply_import(imports.user_id, import_id, {})
    else:
        import_id = imports.read(text, **GIVEN)["id"]
        imports.map(import_id)
        with instead_of(system, "workouts", f"{place}:exit:1") as deputy:
            eventually(lambda: answers(imports), seconds=30)
            first = system.pid(deputy)
            imports.rpc.apply_import(imports.user_id, import_id, {})
            eventually(lambda: system.supervisor.parts()[deputy]["pid"] != first, seconds=30)
        eventually(lambda: answers(imports), seconds=30)
    done = imports.wait(import_id, "applied")
    assert (done["added"], done["progress"]) == (251, 100)
    [(workouts, starts, sets)] = run(
        "SELECT count(*), count(DISTINCT started_at), sum(set_count) FROM workouts "
        "WHERE user_id = :user",
        user=user.id,
    )
    assert (workouts, starts, sets) == (251, 251, 501)
    assert [made for (made,) in run(
        "SELECT is_made FROM import_names WHERE import_id = :id AND name = 'Own Row'",
        id=import_id,
    )] == [True]  # fmt: skip


def test_it_is_applied_only_from_its_preview(imports):
    import_id = imports.begin(**GIVEN)
    with pytest.raises(Conflict, match="receiving"):
        imports.apply(import_id)


def test_another_client_sees_the_same(imports, system):
    done = imports.bring(text_of(FIRST))
    with connected(system) as rpc:
        assert rpc.workouts.get_import(imports.user_id, done["id"]) == imports.get(done["id"])
