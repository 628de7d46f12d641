"""Parts of what the workouts service gives users to take along."""

import json

from tests.services.logbook import body, lift, one

LONGEST = "\U0001f4aa" * 900


def test_long_notes_fit_into_messages(rpc, fresh_user):
    for day in range(1, 4):
        sets = [one(5, 100, notes=LONGEST) for _ in range(100)]
        exercises = [lift(1, *sets), lift(2, *sets)]
        name = "\U0001f4aa" * 255
        rpc.workouts.create(fresh_user, body(f"2025-02-0{day}", *exercises, name=name))
    files, cursor, count = {"workouts.json": "", "workouts.csv": ""}, None, 0
    while count == 0 or cursor is not None:
        part = rpc.workouts.take_out(fresh_user, cursor)
        for name in files:
            files[name] += part["files"].get(name, "")
        cursor, count = part["next"], count + 1
    assert count > 6
    workouts = json.loads(files["workouts.json"])["workouts"]
    assert [len(each["exercises"][1]["sets"]) for each in workouts] == [100] * 3
    assert files["workouts.csv"].count(LONGEST) == 600
