"""Parts killed while a history is read, applied and undone: in the end all of it is there once."""

import random
import time

import pytest

from tests.faults.checking import check, fetch, wait_until_counted
from tests.faults.histories import MAPPING, OPTIONS, History, rep_types
from tests.faults.letters import drop_letters, fetch_letters
from tests.faults.lifters import BROKEN, Crowd, Lifter
from tests.faults.reporting import note
from tests.waiting import eventually

DAYS = 2000
"""With a workout of ten sets each."""

PARTS = (
    *("workout-db", "analytics-db", "exercise-db", "rabbitmq"),
    *("exercises", "workouts", "analytics"),
)
SECONDS = 120
POLL_SECONDS = 0.02
CSV = {"Content-Type": "text/csv"}
NEW_NAMES = ["Frog Hold", "Gorilla Row"]


class Importer:
    """A lifter who brings a history in, whatever breaks meanwhile."""

    def __init__(self, system, history):
        self.lifter = Lifter(system)
        self.history = history

    def send(self):
        url = f"{self.lifter.urls[0]}/api/imports?{OPTIONS}"
        answer = self.lifter.session.post(url, data=self.history.text, headers=CSV, timeout=60)
        assert answer.status_code == 202, answer.text
        [started] = answer.json()["data"]
        self.path = f"/api/imports/{started['id']}"

    def ask(self, method, what, **options):
        self.lifter.insist("import", method, f"{self.path}/{what}", fine=(200, 202), **options)

    def wait(self, status, least=0):
        """Return the import once it has a status, and so much progress in percent."""

        def is_there():
            code, data = self.lifter.ask("import", "GET", self.path)
            assert code == 200, data
            [found] = data
            progress = found["progress"]
            assert found["status"] == status, (found["status"], progress, found["error"])
            assert least <= progress
            return found

        return eventually(is_there, SECONDS, POLL_SECONDS)

    def wait_for_the_middle(self, status):
        """Return the progress in percent at which an import with a status is met."""
        progress = self.wait(status, random.randint(10, 75))["progress"]
        assert progress <= 90
        return progress

    def workouts(self):
        """Return what the workouts of the file must be, by their starts, and how they count."""
        _, [found] = fetch(self.lifter, self.path)
        exercises = {
            each["name"]: (each["exercise_id"], each["exercise_name"]) for each in found["names"]
        }
        return self.history.workouts(exercises), rep_types(exercises)

    def exported(self):
        """Return the workouts that have a start, by it, as an export has them."""
        url = f"{self.lifter.urls[0]}/api/exports/workouts?format=json"
        answer = self.lifter.session.get(url, timeout=60)
        assert answer.status_code == 200, answer.text
        found = [each for each in answer.json()["workouts"] if each["started_at"]]
        by_start = {each["started_at"][:19]: each for each in found}
        assert len(by_start) == len(found), "a workout is there twice"
        return by_start

    def ids(self):
        """Return the ids of the workouts that have a start, by it."""
        found, page = {}, 1
        while True:
            _, items = fetch(self.lifter, f"/api/workouts?limit=100&page={page}")
            found |= {each["started_at"][:19]: each["id"] for each in items if each["started_at"]}
            if len(items) < 100:
                return found
            page += 1

    def private_exercises(self):
        _, found = fetch(self.lifter, "/api/exercises?mine=true")
        return sorted(each["name"] for each in found)


def kill(system, *names):
    """Kill all processes of some parts, and start them again."""
    for name in names:
        system.kill_for_good(name)
    for name in names:
        system.start(name)


def assert_equal(there, workout):
    """Compare an exported workout with that of the file, as far as the file has it."""
    for key in ("name", "date", "duration_minutes"):
        assert there[key] == workout[key]
    for one, other in zip(there["exercises"], workout["exercises"], strict=True):
        assert one["exercise_name"] == other["exercise_name"]
        sets = [{key: each[key] for key in other["sets"][0]} for each in one["sets"]]
        assert sets == other["sets"]


def assert_all_there_once(importer):
    """Compare workouts, sets, exercises and all numbers with the file."""
    expected, how_they_count = importer.workouts()
    found = importer.exported()
    assert found.keys() == expected.keys()
    for start, workout in expected.items():
        assert_equal(found[start], workout)
    assert importer.private_exercises() == NEW_NAMES
    ids = importer.ids()
    of_file = [workout | {"id": ids[start]} for start, workout in expected.items()]
    own = importer.lifter.workouts.values()
    end = time.monotonic() + SECONDS
    wait_until_counted(importer.lifter, [*own, *of_file], how_they_count, end)


def assert_known(importer):
    """Send the file again: nothing is new, and the names are those that were chosen."""
    applied = importer.path
    importer.send()
    again = importer.wait("preview")
    assert again["counts"]["same"] == DAYS
    assert {each["why"] for each in again["names"]} == {"learned"}
    importer.path = applied


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("parts", [*((part,) for part in PARTS), PARTS], ids=" ".join)
def test_killed_while_a_history_comes_in_and_goes(system, parts):
    drop_letters(system)
    bystander, importer = Lifter(system), Importer(system, History(DAYS))
    crowd = Crowd.of(importer.lifter)
    crowd.lifters.append(bystander)
    for lifter in crowd.lifters * 3:
        lifter.create()
    theirs = {"name": NEW_NAMES[0], "measure": "duration"}
    _, [theirs] = bystander.insist("exercise", "POST", "/api/exercises", theirs)

    importer.send()
    importer.wait_for_the_middle("reading")
    kill(system, *parts)
    counts = importer.wait("preview")["counts"]
    assert (counts["new"], counts["sets"]) == (DAYS, importer.history.sets)

    importer.ask("PUT", "mapping", json=MAPPING)
    importer.ask("POST", "apply")
    progress = importer.wait_for_the_middle("applying")
    kill(system, *parts)
    back = time.monotonic()
    done = importer.wait("applied")
    applied = time.monotonic() - back
    assert (done["added"], done["error"]) == (DAYS, None)
    assert_all_there_once(importer)
    assert_known(importer)

    importer.ask("POST", "undo")
    importer.wait_for_the_middle("undoing")
    kill(system, *parts)
    assert importer.wait("undone")["kept"] == 0
    assert importer.private_exercises() == []
    tally = check(crowd, seconds=SECONDS, statuses={202, BROKEN})
    _, [kept] = fetch(bystander, "/api/exercises?mine=true")
    assert kept["id"] == theirs["id"]
    assert not fetch_letters(system)
    what = parts[0] if len(parts) == 1 else f"all {len(parts)}"
    note(f"{what} killed during an import", crowd, tally, applied, f"at {progress} %")
