"""Our own exports over RPC: what their workouts are to those that are here."""

import json

import pytest

from schemas.errors import InvalidParameter
from tests.services.logbook import body, lift, one
from tests.services.workouts.imports.files import BENCH, SQUAT, strong, text_of
from tests.services.workouts.imports.test_applying import workouts_of
from tests.services.workouts.test_workouts import User

pytestmark = pytest.mark.slow

DAY = "2025-02-10"
START = "2025-02-16T18:30:15+01:00"
FORMAT = {"format": "gym-tracker", "version": 1}
STATES = ("new", "same", "changed", "likely_same", "deleted")


def exported(user):
    part = user.rpc.workouts.export(user.id, format="json")
    text = part["text"]
    while part["next"]:
        part = user.rpc.workouts.export(user.id, cursor=part["next"], format="json")
        text += part["text"]
    return text


def squat(*sets, day=DAY, **more):
    return body(day, lift(SQUAT, *sets), **more)


def squat_at(start, *sets, **more):
    return {"started_at": start, "exercises": [lift(SQUAT, *sets)], **more}


def file_of(*exercises, **more):
    """Return a file of one workout; exercises are names, measures and whether they are private."""
    logged = [
        {"exercise_name": name, "measure": measure, "sets": [one(5, 20)], **owner}
        for name, measure, owner in exercises
    ]
    workout = {"date": DAY, "exercises": logged, **more}
    return json.dumps(FORMAT | {"workouts": [workout]})


def states(found):
    """Return how many workouts of each state there are, but for those of which there is none."""
    return {name: count for name in STATES if (count := found["counts"][name])}


def reps_of(user):
    return [workout["exercises"][0]["sets"][0]["reps"] for workout in workouts_of(user)]


# in the account that it comes from


def test_what_is_here_is_the_same(imports, user):
    user.create(squat(one(5, 100), name="Legs"))
    user.create(squat_at(START, one(5, 100, rir=1.5), name="Legs"))
    text = exported(user)
    found = imports.read(text)
    assert (states(found), found["needs"], found["warnings"]) == ({"same": 2}, [], [])
    done = imports.apply(found["id"], on_changed="update")
    assert (done["added"], done["updated"], exported(user)) == (0, 0, text)


def test_what_another_app_s_file_has_brought_is_the_same(imports, user):
    imports.bring(text_of(strong("2025-03-01 10:00:00", ("Squat (Barbell)", 100, 5))))
    assert states(imports.read(exported(user))) == {"same": 1}


def test_what_was_edited_since_is_changed_and_can_be_put_back(imports, user):
    text_before = exported(user)
    first = user.create(squat_at(START, one(5, 100), name="Legs"))
    second = user.create(squat(one(5, 90)))
    text = exported(user)
    assert text != text_before
    user.update(first["id"], exercises=[lift(SQUAT, one(8, 100))], notes="Edited")
    user.update(second["id"], exercises=[lift(BENCH, one(5, 90))])
    edited = exported(user)
    found = imports.read(text)
    assert states(found) == {"changed": 2}
    assert imports.apply(found["id"])["updated"] == 0
    assert exported(user) == edited
    again = imports.read(text)
    assert imports.apply(again["id"], on_changed="update")["updated"] == 2
    assert exported(user) == text
    assert len(workouts_of(user)) == 2
    imports.undo(again["id"])
    assert exported(user) == edited


def test_notes_and_durations_are_not_part_of_what_is_compared(imports, user):
    workout = user.create(squat_at(START, one(5, 100)))
    text = exported(user)
    user.update(workout["id"], notes="Later", duration_minutes=70)
    assert states(imports.read(text)) == {"same": 1}


def test_what_was_deleted_since_is_new(imports, user):
    kept = user.create(squat_at(START, one(5, 100), name="Legs"))
    gone = user.create(squat_at("2025-02-16T19:30:15+01:00", one(5, 100), name="Legs"))
    text = exported(user)
    user.delete(gone["id"])
    found = imports.read(text)
    # an hour before it is another workout, but that one is in the file, too
    assert states(found) == {"same": 1, "new": 1}
    assert imports.apply(found["id"])["added"] == 1
    assert exported(user) == text
    assert kept["id"] in user.listed()


def test_what_an_export_brought_and_was_deleted_is_not_brought_back_unless_asked(imports, user):
    text = file_of(("Barbell Back Squat", "weight_reps", {}), name="Legs")
    found = imports.read(text)
    imports.map(found["id"], **{"Barbell Back Squat": SQUAT})
    imports.apply(found["id"])
    [workout] = workouts_of(user)
    user.delete(workout["id"])
    found = imports.read(text)
    assert states(found) == {"deleted": 1}
    assert imports.apply(found["id"])["added"] == 0
    again = imports.read(text)
    assert imports.apply(again["id"], deleted="restore")["added"] == 1


def test_a_file_of_what_is_here_leaves_exercises_as_they_are(imports, user):
    row = user.rpc.exercises.create(user.id, {"name": "Row", "measure": "weight_reps"})["id"]
    hold = user.rpc.exercises.create(user.id, {"name": "Hold", "measure": "duration"})["id"]
    user.create(body(DAY, lift(row, one(5, 20))))
    user.create(body("2025-02-11", lift(hold, {"duration_seconds": 20})))
    text = exported(user)
    user.rpc.exercises.archive(user.id, row)
    user.rpc.exercises.update(user.id, hold, {"name": "Frog Hold"})
    found = imports.read(text)
    assert states(found) == {"same": 1, "changed": 1}
    assert imports.apply(found["id"])["status"] == "applied"
    assert [each["is_active"] for each in user.rpc.exercises.get_private(user.id, [row])] == [False]
    own = user.rpc.exercises.list(user.id, mine="true")["items"]
    assert [each["name"] for each in own] == ["Frog Hold"]


def test_equal_ones_stay_as_many_as_there_are(imports, user):
    for reps in (5, 5, 8):
        user.create(squat(one(reps, 100)))
    text = exported(user)
    assert states(imports.read(text)) == {"same": 3}
    user.delete(user.listed(sort="date:asc")[0])
    found = imports.read(text)
    assert states(found) == {"same": 2, "new": 1}
    imports.apply(found["id"])
    assert sorted(reps_of(user)) == [5, 5, 8]


def test_one_that_an_export_brought_is_known_by_another_name(imports, user):
    text = file_of(("Plank", "duration", {}), name="Legs")
    imports.apply(imports.read(text)["id"])
    [workout] = workouts_of(user)
    user.update(workout["id"], name="Arms")
    assert states(imports.read(text)) == {"same": 1}


def file_of_sets(*reps, more=()):
    """Return a file of workouts of one name and day that differ in their repetitions."""
    plank = {"exercise_name": "Plank", "measure": "weight_reps"}
    workouts = [
        {
            "date": DAY,
            "exercises": [plank | {"sets": [one(each)]}],
        }
        for each in reps
    ]
    if more:
        workouts[1:1] = more
    return json.dumps(FORMAT | {"workouts": workouts})


def brought(imports, user, *reps):
    """Import such a file; return the import, and the ids of its workouts in the file's order."""
    done = imports.apply(imports.read(file_of_sets(*reps))["id"])
    return done, sorted(user.listed())


def test_one_of_two_equal_ones_that_was_deleted_is_brought_back_if_asked(imports, user):
    _, (first, _) = brought(imports, user, 5, 5)
    user.delete(first)
    found = imports.read(file_of_sets(5, 5))
    assert states(found) == {"same": 1, "deleted": 1}
    assert imports.apply(found["id"], deleted="restore")["added"] == 1
    assert reps_of(user) == [5, 5]


def test_one_that_was_edited_is_not_taken_for_one_beside_it_that_was_deleted(imports, user):
    _, (first, second) = brought(imports, user, 5, 8)
    user.delete(first)
    user.update(second, exercises=[lift(SQUAT, one(9, 100))])
    found = imports.read(file_of_sets(5, 8))
    assert states(found) == {"changed": 1, "deleted": 1}
    imports.apply(found["id"], on_changed="update")
    assert reps_of(user) == [8]


def test_one_with_the_same_content_is_found_however_far_behind_it_is(imports, user):
    brought(imports, user, 8)
    far = [json.loads(file_of_sets(5))["workouts"][0] | {"name": f"Name {n}"} for n in range(120)]
    found = imports.read(file_of_sets(5, 8, more=far))
    assert states(found) == {"same": 1, "new": 121}


def test_one_before_others_of_its_name_and_day_is_new(imports, user):
    first, _ = brought(imports, user, 5, 8)
    text = file_of_sets(3, 5, 8)
    found = imports.read(text)
    assert states(found) == {"same": 2, "new": 1}
    second = imports.apply(found["id"])
    assert sorted(reps_of(user)) == [3, 5, 8]
    assert states(imports.read(text)) == {"same": 3}
    assert imports.undo(first["id"])["kept"] == 0
    assert reps_of(user) == [3]
    imports.undo(second["id"])
    assert states(imports.read(text)) == {"new": 3}


def test_what_it_changed_is_remembered_of_that_workout_and_no_other(imports, user):
    first, _ = brought(imports, user, 5, 8)
    found = imports.read(file_of_sets(3, 5))
    assert states(found) == {"same": 1, "changed": 1}
    second = imports.apply(found["id"], on_changed="update")
    assert sorted(reps_of(user)) == [3, 5]
    imports.undo(second["id"])
    assert states(imports.read(file_of_sets(5, 8))) == {"same": 2}
    assert imports.undo(first["id"])["kept"] == 0
    assert user.listed() == []


def test_what_it_changed_goes_with_the_import_that_brought_it(imports, user):
    first, _ = brought(imports, user, 5, 8)
    imports.apply(imports.read(file_of_sets(3, 5))["id"], on_changed="update")
    assert imports.undo(first["id"])["kept"] == 0
    assert user.listed() == []


def test_the_same_training_in_another_time_zone_is_likely_the_same(imports, user):
    imports.bring(text_of(strong("2025-03-01 10:00:00", ("Squat (Barbell)", 100, 5))))
    text = (
        exported(user)
        .replace("10:00:00+01:00", "10:00:00-05:00")
        .replace('"Europe/Berlin"', '"America/New_York"')
    )
    assert states(imports.read(text)) == {"likely_same": 1}


# in another account


def test_private_exercises_are_made_with_their_measures(imports, user):
    text = file_of(
        ("Gorilla Row", "weight_distance", {"owner": "me"}),
        ("Squat (Barbell)", "weight_reps", {"owner": "me"}),
        ("Easy Dip", "assisted_reps", {"owner": "me"}),
    )
    found = imports.read(text)
    assert {each["why"] for each in found["names"]} == {"new"}
    done = imports.apply(found["id"])
    [workout] = workouts_of(user)
    ids = [exercise["exercise_id"] for exercise in workout["exercises"]]
    made = {each["id"]: each for each in user.rpc.exercises.get_private(user.id, ids)}
    assert [(made[key]["name"], made[key]["measure"]) for key in ids] == [
        ("Gorilla Row", "weight_distance"),
        ("Squat (Barbell)", "weight_reps"),
        ("Easy Dip", "assisted_reps"),
    ]
    imports.undo(done["id"])
    assert user.rpc.exercises.get_private(user.id, ids) == []


def test_private_exercises_that_are_there_are_used(imports, user):
    row = user.rpc.exercises.create(user.id, {"name": "gorilla row", "measure": "weight_reps"})
    user.rpc.exercises.archive(user.id, row["id"])
    found = imports.read(file_of(("Gorilla Row", "weight_reps", {"owner": "me"})))
    assert [(each["why"], each["exercise_id"]) for each in found["names"]] == [("exact", row["id"])]


def test_a_name_may_be_mapped_to_an_exercise_of_another_measure(imports, user):
    found = imports.read(file_of(("Frog Hold", "weight_reps", {"owner": "me"})))
    imports.map(found["id"], **{"Frog Hold": 6})
    imports.apply(found["id"])
    [workout] = workouts_of(user)
    [logged] = workout["exercises"][0]["sets"]
    assert (logged["reps"], logged["duration_seconds"]) == (5, 0)


def test_an_exercise_keeps_the_measure_that_it_had_then(imports, user, rpc):
    hold = user.rpc.exercises.create(user.id, {"name": "Hold", "measure": "reps"})["id"]
    user.create(body(DAY, lift(hold, one(30))))
    user.rpc.exercises.update(user.id, hold, {"measure": "duration"})
    user.create(body("2025-02-11", lift(hold, {"duration_seconds": 40})))
    text = exported(user)
    other = type(imports)(rpc, user.id + 1_000_000)
    done = other.apply(other.read(text)["id"])
    assert done["added"] == 2
    assert exported(User(rpc, other.user_id)) == text


# bad files


def test_faults_keep_it_from_being_applied(imports, user):
    good = json.loads(file_of(("Plank", "duration", {})))["workouts"]
    text = json.dumps(FORMAT | {"workouts": [squat(one(5)), *good]})
    found = imports.read(text)
    assert found["fault_count"] > 0
    assert {each["constraint"] for each in found["faults"]} == {"unknown_field", "required"}
    done = imports.apply(found["id"], faulty="skip")
    assert (done["added"], len(workouts_of(user))) == (1, 1)


@pytest.mark.parametrize(
    ("text", "source", "constraint"),
    [
        ("Date,Workout Name\n", "gym", "json"),
        ('{"title": "x"}', "auto", "columns"),
        (file_of(("Plank", "duration", {})), "strong", "one_of"),
        (file_of(("Plank", "duration", {}))[:-20], "auto", "json"),
        (b"{\xff}", "auto", "json"),
    ],
)
def test_what_can_not_be_read_says_why(imports, user, text, source, constraint):
    found = imports.read(text, source=source)
    assert (found["status"], found["error"]["constraint"]) == ("failed", constraint)
    assert workouts_of(user) == []


def test_a_source_that_is_not_known_is_refused(imports):
    with pytest.raises(InvalidParameter):
        imports.begin(source="fitbod")
