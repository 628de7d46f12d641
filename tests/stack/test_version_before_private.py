"""The version before on a database that has private exercises: it shows them to nobody."""

import pytest
from nameko.exceptions import MethodNotFound

from schemas.errors import BusinessRuleViolation, NotFound
from tests.fakes.wger_server import make_entry
from tests.services.clients import connected
from tests.services.logbook import ago, body, lift, one
from tests.stack.version_before import rows
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OWNER = 15
ROW = {"name": "Gorilla Row", "measure": "weight_reps", "equipment": "kettlebell"}
PRIVATE = "SELECT * FROM private_exercises ORDER BY id"


def made(rpc):
    """Return a private exercise, as soon as a process of this version takes the request."""
    try:
        return rpc.exercises.create(OWNER, ROW)
    except MethodNotFound:
        return None


def test_the_version_before_neither_shows_nor_touches_them(before, wger):
    system = before
    wger.entries.append(make_entry(3, ROW["name"]))
    with connected(system) as rpc:
        system.start_another("exercises", "exercises-2")
        exercise = eventually(lambda: made(rpc), seconds=30)
        stored = rows(system, "exercises", PRIVATE)
        system.stop("exercises-2")
        # this version has added to the catalogue, which the one before shows, too
        catalogue = "SELECT count(*) FROM exercises WHERE equipment = 'kettlebell'"
        [(count,)] = rows(system, "exercises", catalogue)

        # its start writes the catalogue once more
        system.restart("exercises")
        assert rpc.exercises.list(limit=100, equipment="kettlebell")["total"] == count
        assert rpc.exercises.search("gorilla")["total"] == 0
        with pytest.raises(NotFound):
            rpc.exercises.get(exercise["id"])
        assert rpc.exercises.get_many([exercise["id"]]) == []
        known, position = set(), 0
        while page := rpc.exercises.changes(position, limit=1000):
            known |= {each["exercise_id"] for each in page}
            position = page[-1]["position"]
        assert exercise["id"] not in known
        with pytest.raises(BusinessRuleViolation):
            rpc.workouts.create(OWNER, body(ago(0), lift(exercise["id"], one(8, 24))))
        # an import makes an exercise of the catalogue beside it
        assert rpc.exercises.import_from_wger()["added"] == 1
        assert rpc.exercises.search("gorilla row")["items"][0]["id"] != exercise["id"]
        assert rows(system, "exercises", PRIVATE) == stored
