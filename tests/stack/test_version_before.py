"""The version before and this one, side by side on the same databases, broker and Redis."""

import os
import subprocess
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import create_engine, text

import stack.services
import stack.system
from services.process.settings import Settings
from stack.layout import CHECKOUT, RUN_DIRECTORY
from stack.system import System
from stack.testing import SETTINGS, running_system
from tests.fakes.wger_server import WgerServer, make_entry
from tests.faults.lifters import DONE, Crowd
from tests.services.clients import connected
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(600)

BEFORE = "81aaba6e3efdc65adcd9ccb968fcbe1f83fa7cce"
"""The last commit of the version before."""

FOLLOWERS = ("workouts", "analytics")
IMPORTED = {"Weighted Plank Hold": "weight_duration", "Wide Pull Up": "bodyweight_reps"}


@pytest.fixture(scope="module")
def files_before(tmp_path_factory):
    directory = tmp_path_factory.mktemp("before")
    archive = subprocess.run(["git", "archive", BEFORE], cwd=CHECKOUT, capture_output=True)
    if archive.returncode:
        pytest.skip("the history of this copy does not reach back to the version before")
    subprocess.run(["tar", "-x", "-C", directory], input=archive.stdout, check=True)
    return directory


@contextmanager
def running_from(directory):
    """Let the services that are started in this block run from the files of a version."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (stack.services, stack.system):
            patch.setattr(module, "CHECKOUT", directory)
        patch.setattr(System, "migrate", migrate_one_by_one)
        yield


def migrate_one_by_one(system, names, step, migrate=System.migrate):
    """Do as the version before, whose command takes one service."""
    for name in names:
        migrate(system, [name], step)


@contextmanager
def system_before(files, settings):
    """A running system of the version before."""
    with ExitStack() as running:
        with running_from(files):
            # beside that of the session
            directory = RUN_DIRECTORY / f"test-{os.getpid()}-before"
            system = running.enter_context(
                running_system(settings=SETTINGS | settings, directory=directory)
            )
        yield system


def rows(system, service, statement):
    engine = create_engine(Settings.from_environment(system.environment).databases[service].url)
    with engine.begin() as connection:
        found = connection.execute(text(statement))
        result = [tuple(row) for row in found] if found.returns_rows else []
    engine.dispose()
    return result


def copied(system, service):
    """Return what a service's copy knows of the measures, once it is what the catalogue says."""
    columns = "name, rep_type, measure"
    copy = rows(system, service, f"SELECT {columns} FROM exercise_facts ORDER BY exercise_id")
    assert copy == rows(system, "exercises", f"SELECT {columns} FROM exercises ORDER BY id")
    return {name: measure for name, _, measure in copy}


def test_measures_come_while_the_version_before_serves(files_before):
    entries = [make_entry(number, name) for number, name in enumerate(IMPORTED, start=1)]
    with (
        WgerServer(entries) as wger,
        system_before(files_before, {"WGER_API_URL": wger.url}) as system,
        connected(system) as rpc,
    ):
        assert "measure" not in rpc.exercises.get(1)
        assert rpc.exercises.import_from_wger()["added"] == len(IMPORTED)
        with Crowd(system, lifters=2) as crowd:
            eventually(lambda: crowd.has_done(5), seconds=60)
            # analytics after the catalogue, workouts before it: its feed has no measures then
            for service in ("workouts", "exercises", "analytics"):
                system.start_another(service, f"{service}-2")
            for service in FOLLOWERS:
                measures = eventually(lambda name=service: copied(system, name), seconds=30)
                assert None not in measures.values()
                assert measures.items() >= IMPORTED.items()

            # one that is not in the lifters' workouts, which compare names
            rows(system, "exercises", "UPDATE exercises SET name = 'Klimmzug' WHERE id = 4")
            for service in FOLLOWERS:
                eventually(lambda name=service: copied(system, name), seconds=30)

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
