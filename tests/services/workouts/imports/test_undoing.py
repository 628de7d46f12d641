"""Undoing imports: what was brought goes, what was edited since stays."""

import pytest

from schemas.errors import Conflict, NotFound
from tests.faults.deputies import instead_of
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.imports.files import GIVEN, SQUAT, strong, text_of
from tests.services.workouts.imports.test_applying import (
    FIRST,
    SECOND,
    answers,
    many,
    sets_of,
    workouts_of,
)
from tests.waiting import eventually

pytestmark = pytest.mark.slow


def test_what_it_brought_goes_and_all_else_stays(imports, user):
    logged = user.create(body(ago(0), lift(SQUAT, one(5, 90))))
    other = imports.bring(text_of(FIRST))
    done = imports.bring(text_of(FIRST, SECOND))
    brought = max(user.listed())
    undone = imports.undo(done["id"])
    assert (undone["status"], undone["kept"], undone["progress"]) == ("undone", 0, 100)
    assert user.list()["total"] == 2
    assert user.get(logged["id"]) == logged
    assert [change["kind"] for change in user.feed(brought)] == ["created", "deleted"]
    imports.undo(other["id"])
    assert user.listed() == [logged["id"]]


def test_numbers_are_as_before(imports, user):
    user.create(body(ago(0), lift(SQUAT, one(5, 90))))

    def records():
        return user.rpc.analytics.personal_records(user.id)["records"]

    before = eventually(records)
    done = imports.bring(text_of(*many(30)))
    eventually(lambda: len(records()) > len(before), seconds=30)
    imports.undo(done["id"])
    eventually(lambda: records() == before, seconds=30)


def test_a_workout_that_was_edited_stays_unless_forced(imports, user):
    done = imports.bring(text_of(FIRST, SECOND))
    edited = user.listed()[0]
    user.update(edited, name="Mine")
    assert imports.undo(done["id"])["kept"] == 1
    assert user.listed() == [edited]
    assert imports.read(text_of(FIRST, SECOND), **GIVEN)["counts"]["new"] == 1
    assert imports.undo(done["id"], force=True)["kept"] == 0
    assert user.listed() == []


def test_a_workout_that_was_deleted_is_forgotten(imports, user):
    done = imports.bring(text_of(FIRST, SECOND))
    user.delete(user.listed()[0])
    imports.undo(done["id"])
    assert imports.read(text_of(FIRST, SECOND), **GIVEN)["counts"]["new"] == 2


@pytest.fixture
def restored(imports, user):
    """Two imports: one of a workout that was deleted since, and one that has restored it."""
    first = imports.bring(text_of(FIRST, SECOND))
    user.delete(user.listed()[0])
    return first, imports.bring(text_of(FIRST, SECOND), deleted="restore")


def states(imports):
    """Return what the workouts of the file would be now, if there are any of the kind."""
    counts = imports.read(text_of(FIRST, SECOND), **GIVEN)["counts"]
    return {state: counts[state] for state in ("new", "same", "deleted") if counts[state]}


def test_a_workout_that_it_restored_is_deleted_again(imports, user, restored):
    first, second = restored
    assert (second["added"], states(imports)) == (1, {"same": 2})
    assert imports.undo(second["id"])["kept"] == 0
    assert (len(user.listed()), states(imports)) == (1, {"same": 1, "deleted": 1})
    imports.undo(first["id"])
    assert (user.listed(), states(imports)) == ([], {"new": 2})


def test_a_workout_that_it_restored_and_the_user_deleted_again(imports, user, restored):
    _, second = restored
    for workout in user.listed():
        user.delete(workout)
    imports.undo(second["id"])
    assert states(imports) == {"deleted": 2}


def test_a_workout_that_was_restored_twice_is_still_what_the_first_import_brought(
    imports, user, restored
):
    _, second = restored
    # the one that was restored is the latest to be written
    user.delete(max(user.listed()))
    third = imports.bring(text_of(FIRST, SECOND), deleted="restore")
    assert third["added"] == 1
    imports.undo(third["id"])
    imports.undo(second["id"])
    assert states(imports) == {"same": 1, "deleted": 1}


def test_a_workout_whose_first_import_was_undone_is_forgotten(imports, user, restored):
    first, second = restored
    imports.undo(first["id"])
    assert (len(user.listed()), states(imports)) == (1, {"new": 1, "same": 1})
    imports.undo(second["id"])
    assert (user.listed(), states(imports)) == ([], {"new": 2})


def test_a_workout_that_it_brought_and_restored_itself_is_forgotten(imports, user, run):
    done = imports.bring(text_of(FIRST, SECOND))
    for workout in user.listed():
        user.delete(workout)
    # as if it had gone back to its preview because of an exercise, and was applied again
    run("UPDATE imports SET status = 'preview' WHERE id = :id RETURNING 1", id=done["id"])
    imports.apply(done["id"], deleted="restore")
    assert len(user.listed()) == 2
    imports.undo(done["id"])
    assert states(imports) == {"new": 2}


def test_it_can_be_brought_again(imports, user):
    done = imports.bring(text_of(FIRST, SECOND))
    imports.undo(done["id"])
    assert imports.bring(text_of(FIRST, SECOND))["added"] == 2
    assert user.list()["total"] == 2


def test_exercises_that_it_made_go_unless_they_are_used(imports, user):
    sets = [("Gorilla Row", 24, 10), ("Frog Hold", 0, 0, 30), ("Old Row", 24, 10)]
    old = user.rpc.exercises.create(user.id, {"name": "Old Row", "measure": "weight_reps"})["id"]
    done = imports.bring(text_of(strong("2025-03-01 10:00:00", *sets)))
    made = {each["exercise_name"]: each["exercise_id"] for each in done["names"]}
    user.create(body(ago(0), lift(made["Frog Hold"], {"duration_seconds": 30})))
    imports.undo(done["id"])
    with pytest.raises(NotFound):
        user.rpc.exercises.get(made["Gorilla Row"], user_id=user.id)
    left = user.rpc.exercises.get_private(user.id, [*made.values()])
    assert {each["id"] for each in left} == {made["Frog Hold"], old}
    found = imports.read(text_of(strong("2025-03-01 10:00:00", *sets)), **GIVEN)
    assert {each["name"] for each in found["names"] if each["why"] == "learned"} == {
        "Frog Hold",
        "Old Row",
    }


def test_what_an_exercise_that_it_made_was_merged_into_stays(imports, user):
    done = imports.bring(text_of(strong("2025-03-01 10:00:00", ("Gorilla Row", 24, 10))))
    made = done["names"][0]["exercise_id"]
    other = user.rpc.exercises.create(user.id, {"name": "My Row", "measure": "weight_reps"})["id"]
    user.rpc.exercises.merge(user.id, made, other)
    imports.undo(done["id"], force=True)
    assert user.listed() == []
    assert [each["id"] for each in user.rpc.exercises.get_private(user.id, [other])] == [other]


def test_what_it_changed_is_put_back(imports, user):
    imports.bring(text_of(FIRST, SECOND))
    before = workouts_of(user)
    changed = strong("2025-03-03 10:00:00", ("Bench Press (Barbell)", 85, 5), name="Legs")
    done = imports.bring(text_of(FIRST, changed), on_changed="update")
    assert (done["added"], done["updated"]) == (0, 1)
    imports.undo(done["id"])
    first, second = workouts_of(user)
    assert first == before[0]
    assert second["version"] == 3
    for name in ("name", "started_at", "time_zone", "duration_minutes", "notes"):
        assert second[name] == before[1][name]
    assert [each["weight"] for each in sets_of(second)] == [80]
    assert imports.read(text_of(FIRST, SECOND), **GIVEN)["counts"]["same"] == 2


def test_what_it_changed_and_the_user_edited_since_stays(imports, user):
    imports.bring(text_of(SECOND))
    changed = strong("2025-03-03 10:00:00", ("Bench Press (Barbell)", 85, 5))
    done = imports.bring(text_of(changed), on_changed="update")
    [workout] = user.listed()
    user.update(workout, name="Mine")
    assert imports.undo(done["id"])["kept"] == 1
    assert sets_of(user.get(workout))[0]["weight"] == 85


def test_what_the_user_edited_before_it_was_changed_stays(imports, user):
    first = imports.bring(text_of(SECOND))
    [workout] = user.listed()
    user.update(workout, name="Mine")
    changed = strong("2025-03-03 10:00:00", ("Bench Press (Barbell)", 85, 5))
    second = imports.bring(text_of(changed), on_changed="update")
    assert imports.undo(second["id"])["kept"] == 0
    assert user.get(workout)["name"] == "Mine"
    assert imports.undo(first["id"])["kept"] == 1
    assert user.listed() == [workout]
    assert imports.undo(first["id"], force=True)["kept"] == 0
    assert user.listed() == []


def changed_from(imports, own):
    """Have one import bring a workout with an exercise, and another one change it to the bench."""
    name = "Bench Press (Barbell)"
    first = imports.read(text_of(SECOND), **GIVEN)["id"]
    imports.map(first, **{name: own})
    imports.apply(first)
    return imports.bring(text_of(strong("2025-03-03 10:00:00", (name, 85, 5))), on_changed="update")


@pytest.fixture
def own(user):
    """The id of a private exercise of the user."""
    return user.rpc.exercises.create(user.id, {"name": "Mine", "measure": "weight_reps"})["id"]


def test_what_is_put_back_has_what_its_exercises_were_merged_into(imports, user, own):
    done = changed_from(imports, own)
    between = user.rpc.exercises.create(user.id, {"name": "Two", "measure": "weight_reps"})["id"]
    user.rpc.exercises.merge(user.id, own, between)
    user.rpc.exercises.merge(user.id, between, SQUAT)
    assert imports.undo(done["id"])["kept"] == 0
    [workout] = workouts_of(user)
    [exercise] = workout["exercises"]
    assert (exercise["exercise_id"], exercise["sets"][0]["weight"]) == (SQUAT, 80)
    assert exercise["exercise_name"] == user.rpc.exercises.get(SQUAT)["name"]


def test_what_had_an_exercise_that_was_deleted_stays(imports, user, own):
    done = changed_from(imports, own)
    user.rpc.exercises.delete(user.id, own)
    assert imports.undo(done["id"], force=True)["kept"] == 1
    assert sets_of(workouts_of(user)[0])[0]["weight"] == 85


@pytest.mark.parametrize("status", ["preview", "failed"])
def test_one_that_has_only_changed_workouts_and_not_ended_can_be_undone(
    imports, user, own, run, status
):
    done = changed_from(imports, own)
    run("UPDATE imports SET status = :to WHERE id = :id RETURNING 1", id=done["id"], to=status)
    imports.undo(done["id"])
    assert sets_of(workouts_of(user)[0])[0]["weight"] == 80


def test_one_that_has_only_made_exercises_can_be_undone(imports, user, own):
    sets = [("Gorilla Row", 24, 10), ("Plank", 0, 0, 30)]
    import_id = imports.read(text_of(strong("2025-03-01 10:00:00", *sets)), **GIVEN)["id"]
    imports.map(import_id, Plank=own)
    user.rpc.exercises.delete(user.id, own)
    found = imports.apply(import_id)
    assert (found["status"], found["added"]) == ("preview", 0)
    with pytest.raises(Conflict, match="undo it first"):
        imports.rpc.delete_import(user.id, import_id)
    imports.undo(import_id)
    [made] = [each["exercise_id"] for each in found["names"] if each["name"] == "Gorilla Row"]
    assert user.rpc.exercises.get_private(user.id, [made]) == []


def test_an_exercise_that_was_chosen_in_place_of_one_that_it_made_stays(imports, user, own):
    sets = [("Gorilla Row", 24, 10), ("Plank", 0, 0, 30)]
    import_id = imports.read(text_of(strong("2025-03-01 10:00:00", *sets)), **GIVEN)["id"]
    gone = user.rpc.exercises.create(user.id, {"name": "Gone", "measure": "duration"})["id"]
    imports.map(import_id, Plank=gone)
    user.rpc.exercises.delete(user.id, gone)
    assert imports.apply(import_id)["status"] == "preview"
    imports.map(import_id, **{"Gorilla Row": own})
    imports.apply(import_id)
    imports.undo(import_id)
    assert [each["id"] for each in user.rpc.exercises.get_private(user.id, [own])] == [own]


def test_one_that_it_made_goes_though_it_was_said_again_that_it_is_new(imports, user, own):
    sets = [("Gorilla Row", 24, 10), ("Plank", 0, 0, 30)]
    import_id = imports.read(text_of(strong("2025-03-01 10:00:00", *sets)), **GIVEN)["id"]
    imports.map(import_id, Plank=own)
    user.rpc.exercises.delete(user.id, own)
    imports.apply(import_id)
    imports.map(import_id)
    done = imports.apply(import_id)
    [made] = [each["exercise_id"] for each in done["names"] if each["name"] == "Gorilla Row"]
    imports.undo(import_id)
    assert user.rpc.exercises.get_private(user.id, [made]) == []


def test_only_what_was_applied_can_be_undone(imports):
    import_id = imports.read(text_of(FIRST), **GIVEN)["id"]
    with pytest.raises(Conflict):
        imports.undo(import_id)
    done = imports.bring(text_of(FIRST))
    imports.undo(done["id"])
    answer = {"id": done["id"], "status": "undone"}
    assert imports.rpc.undo_import(imports.user_id, done["id"]) == answer


@pytest.mark.parametrize("place", ["workouts.in_undo_batch", "workouts.after_undo_batch"])
def test_a_process_that_dies_is_replaced(imports, user, system, place):
    done = imports.bring(text_of(*many(250)))
    kept = user.create(body(ago(0), lift(SQUAT, one(5, 90))))["id"]
    with instead_of(system, "workouts", f"{place}:exit:1") as deputy:
        eventually(lambda: answers(imports), seconds=30)
        first = system.pid(deputy)
        imports.rpc.undo_import(imports.user_id, done["id"])
        eventually(lambda: system.supervisor.parts()[deputy]["pid"] != first, seconds=30)
    eventually(lambda: answers(imports), seconds=30)
    imports.wait(done["id"], "undone")
    assert user.listed() == [kept]


def test_the_feed_says_what_an_import_and_its_undo_have_changed(imports, user):
    logged = user.create(body(ago(0), lift(SQUAT, one(5, 90))))
    imports.bring(text_of(FIRST))
    [first] = set(user.listed()) - {logged["id"]}
    more = strong("2025-03-01 10:00:00", ("Squat (Barbell)", 70, 5))
    done = imports.bring(text_of(more, SECOND), on_changed="update")
    imports.undo(done["id"])
    user.update(first, name="Mine")
    marked = [(change["kind"], change.get("imported")) for change in user.feed(first)]
    by_imports = [("created", True), ("updated", True), ("updated", True)]
    assert marked == [*by_imports, ("updated", None)]
    assert "imported" not in user.feed(logged["id"])[0]
