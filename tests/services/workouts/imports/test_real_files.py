"""Real exports, which are no part of the project: a folder of them may be given.

``GYM_EXPORTS`` names a folder with a ``manifest.json``, a list of ``{"file", "unit", "workouts",
"sets"}``. Each file is read, applied and undone.
"""

import json
import os
from pathlib import Path

import pytest

from tests.services.workouts.imports.files import Imports
from tests.services.workouts.test_workouts import User

VARIABLE = "GYM_EXPORTS"
FOLDER = Path(os.environ.get(VARIABLE, "none"))
MANIFEST = FOLDER / "manifest.json"
FILES = json.loads(MANIFEST.read_text()) if MANIFEST.is_file() else []
UNITS = {"lbs": "lb"}

pytestmark = pytest.mark.skipif(not FILES, reason=f"{VARIABLE} names no folder of exports")


@pytest.mark.parametrize("expected", FILES, ids=lambda expected: expected["file"])
def test_a_real_file_comes_in_and_goes(rpc, fresh_user, expected):
    imports, user = Imports(rpc, fresh_user), User(rpc, fresh_user)
    unit = UNITS.get(expected["unit"], expected["unit"])
    given = {"weight_unit": unit, "distance_unit": "km", "time_zone": "Europe/Berlin"}
    found = imports.read((FOLDER / expected["file"]).read_bytes(), **given)
    assert (found["status"], found["faults"], found["needs"]) == ("preview", [], [])
    counts = found["counts"]
    assert (counts["workouts"], counts["sets"]) == (expected["workouts"], expected["sets"])
    # the same training may stand twice in a file, whole hours apart
    assert counts["new"] == counts["workouts"]
    imports.map(found["id"])
    done = imports.apply(found["id"])
    assert (done["status"], done["added"]) == ("applied", expected["workouts"])
    sets = page = 0
    while sets < expected["sets"] and page < 100:
        page += 1
        items = user.list(page=page, limit=100)["items"]
        sets += sum(item["set_count"] for item in items)
    assert (user.list()["total"], sets) == (expected["workouts"], expected["sets"])
    imports.undo(found["id"])
    assert user.list()["total"] == 0


BY_NAME = {each["file"]: each for each in FILES}
PAIRS = [
    (each, BY_NAME[later])
    for each in FILES
    if (later := each["file"].replace("-earlier", "-later")) != each["file"]
]


@pytest.mark.parametrize(("earlier", "later"), PAIRS, ids=lambda each: each["file"])
def test_a_later_export_of_the_same_history_adds_what_is_new(rpc, fresh_user, earlier, later):
    imports, user = Imports(rpc, fresh_user), User(rpc, fresh_user)
    for expected, new in (
        (earlier, earlier["workouts"]),
        (later, later["workouts"] - earlier["workouts"]),
        (earlier, 0),
    ):
        text = (FOLDER / expected["file"]).read_bytes()
        given = {"weight_unit": expected["unit"], "time_zone": "Europe/Berlin"}
        import_id = imports.read(text, **given)["id"]
        imports.map(import_id)
        assert imports.apply(import_id)["added"] == new
    assert user.list()["total"] == later["workouts"]
