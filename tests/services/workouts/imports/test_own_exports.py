"""Our own exports over RPC: what they are to the workouts that are here, and bad ones."""

import json

from tests.services.logbook import body, lift, one
from tests.services.workouts.imports.files import SQUAT
from tests.services.workouts.imports.test_applying import workouts_of

START = "2025-02-16T18:30:15+01:00"
FORMAT = {"format": "gym-tracker", "version": 1}


def exported(user):
    part = user.rpc.workouts.export(user.id, format="json")
    text = part["text"]
    while part["next"]:
        part = user.rpc.workouts.export(user.id, cursor=part["next"], format="json")
        text += part["text"]
    return text


def squat(*sets, **more):
    return body("2025-02-10", lift(SQUAT, *sets), **more)


def test_what_is_here_is_the_same(imports, user):
    user.create(squat(one(5, 100), name="Legs"))
    user.create(squat(one(5, 100), name="Legs", started_at=START, date="2025-02-16"))
    text = exported(user)
    found = imports.read(text)
    assert (found["counts"]["same"], found["needs"]) == (2, [])
    assert (imports.apply(found["id"])["added"], exported(user)) == (0, text)


def test_another_account_gets_it(imports, user):
    exercise = {
        "exercise_name": "Gorilla Row",
        "measure": "weight_reps",
        "owner": "me",
        "sets": [one(5, 20)],
    }
    text = json.dumps(FORMAT | {"workouts": [{"date": "2025-02-10", "exercises": [exercise]}]})
    found = imports.read(text)
    assert found["names"][0]["why"] == "new"
    assert imports.apply(found["id"])["added"] == 1
    [workout] = workouts_of(user)
    assert workout["exercises"][0]["exercise_name"] == "Gorilla Row"
