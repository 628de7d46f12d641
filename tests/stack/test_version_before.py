"""The version before and this one, side by side on the same databases, broker and Redis."""

import pytest

from tests.fakes.wger_server import make_entry
from tests.faults.lifters import DONE, Crowd
from tests.services.clients import connected
from tests.stack.version_before import rows
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FOLLOWERS = ("workouts", "analytics")
IMPORTED = {"Weighted Plank Hold": "weight_duration", "Wide Pull Up": "bodyweight_reps"}


def copied(system, service):
    """Return what a service's copy knows of the measures, once it is what the catalogue says."""
    columns = "name, rep_type, measure"
    copy = rows(system, service, f"SELECT {columns} FROM exercise_facts ORDER BY exercise_id")
    assert copy == rows(system, "exercises", f"SELECT {columns} FROM exercises ORDER BY id")
    return {name: measure for name, _, measure in copy}


def muscles(system, service, table, key):
    columns = f"{key}, primary_muscles, secondary_muscles"
    return rows(system, service, f"SELECT {columns} FROM {table} ORDER BY {key}")


def test_measures_come_while_the_version_before_serves(before, wger):
    system = before
    wger.entries += [make_entry(number, name) for number, name in enumerate(IMPORTED, start=1)]
    with connected(system) as rpc:
        assert "measure" not in rpc.exercises.get(1)
        assert rpc.exercises.import_from_wger()["added"] == len(IMPORTED)
        with Crowd(system, lifters=2) as crowd:
            eventually(lambda: crowd.has_done(5), seconds=60)
            # analytics after the catalogue, workouts before it: its feed has no measures then
            for service in ("workouts", "exercises", "analytics"):
                system.start_another(service, f"{service}-2")
            for service in FOLLOWERS:
                measures = eventually(lambda name=service: copied(system, name), seconds=120)
                assert None not in measures.values()
                assert measures.items() >= IMPORTED.items()
            copy = muscles(system, "analytics", "exercise_facts", "exercise_id")
            assert copy == muscles(system, "exercises", "exercises", "id")

            # one that is not in the lifters' workouts, which compare names
            rows(system, "exercises", "UPDATE exercises SET name = 'Klimmzug' WHERE id = 4")
            for service in FOLLOWERS:
                eventually(lambda name=service: copied(system, name), seconds=120)

            for service in ("workouts", "exercises", "analytics"):
                system.stop(service)
            found = rpc.exercises.get_many([1, 4, 6])
            so_far = len(crowd.answers)
            eventually(lambda: crowd.has_done(so_far + 5), seconds=60)
    measures = [one["measure"] for one in found]
    assert measures == ["weight_reps", "bodyweight_reps", "duration"]
    failed = [answer for answer in crowd.answers if answer.status not in DONE]
    assert not failed, failed[:5]
    wrong = [each for lifter in crowd.lifters for each in lifter.wrong]
    # what one version has written the other one shows, but for the fields that only one knows
    assert not [each for each in wrong if each[0] != "stale" or not alike(each[2], [each[3]])]


def alike(shown, known):
    """Return whether two JSON values are equal in all members that both have."""
    if isinstance(shown, dict):
        return all(alike(shown[name], known[name]) for name in shown.keys() & known.keys())
    if isinstance(shown, list):
        return len(shown) == len(known) and all(map(alike, shown, known))
    return shown == known
