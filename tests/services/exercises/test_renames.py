"""What an exercise is called now is what it is called everywhere, whenever it was logged."""

import time

import pytest

from services.auth import issue
from services.process.settings import Settings
from tests.accounts import open_account
from tests.api.http_client import Client
from tests.fakes.wger_server import WgerServer, make_entry
from tests.services.catalogue_changes import OwnExercises
from tests.services.clients import connected
from tests.services.logbook import ago, body, lift, one
from tests.waiting import eventually

pytestmark = pytest.mark.slow

PATHS = ("/api/stats/personal-records", "/api/stats/exercise/{exercise}/history?range=all")
FOLLOWERS = ("workouts", "analytics")
SOON = 2
"""Seconds; a second in normal running, and one more for a busy machine."""


@pytest.fixture
def own(system):
    with OwnExercises(system) as own:
        yield own


class Lifter:
    """Somebody who looks at workouts and numbers over HTTP."""

    def __init__(self, system, user_id):
        open_account(system, user_id)
        user = {"id": user_id, "email": "l@example.com", "name": None, "role": "user"}
        self.token = issue(user, Settings.from_environment(system.environment), time.time())
        self.client = Client(system.url)

    def ask(self, method, path, json=None):
        answer = self.client.request(method, path, token=self.token, json=json)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["data"][0]

    def log(self, exercise_id, day=0):
        exercises = [lift(exercise_id, one(5, 100))]
        return self.ask("POST", "/api/workouts", body(ago(day), *exercises))

    def names(self, workout_id, exercise_id):
        """Return every name that is shown of an exercise in a workout and in the numbers."""
        records, history = (self.ask("GET", path.format(exercise=exercise_id)) for path in PATHS)
        workout = self.ask("GET", f"/api/workouts/{workout_id}")
        return [
            *(item["exercise_name"] for item in records["records"]),
            history["exercise_name"],
            *(item["exercise_name"] for item in workout["exercises"]),
        ]

    def sees(self, workout_id, exercise_id, name):
        found = self.names(workout_id, exercise_id)
        assert found == [name] * 3
        return True


@pytest.fixture
def lifter(system, fresh_user):
    return Lifter(system, fresh_user)


def warmed(lifter, exercise_id, name):
    """Log a workout, and look until all that is shown of it is remembered everywhere."""
    workout_id = lifter.log(exercise_id)["id"]
    eventually(lambda: lifter.sees(workout_id, exercise_id, name))
    for _ in range(3):
        lifter.sees(workout_id, exercise_id, name)
    return workout_id


def test_a_new_name_is_shown_in_all_that_was_logged_before(own, lifter):
    exercise_id = own.add("Jefferson Curl")
    workout_id = warmed(lifter, exercise_id, "Jefferson Curl")

    own.change(exercise_id, name="Jefferson Good Morning")
    eventually(lambda: lifter.sees(workout_id, exercise_id, "Jefferson Good Morning"), SOON)

    own.change(exercise_id, name="Jefferson Curl")
    eventually(lambda: lifter.sees(workout_id, exercise_id, "Jefferson Curl"), SOON)
    changed = lifter.ask("PUT", f"/api/workouts/{workout_id}", {"name": "Monday"})
    assert [item["exercise_name"] for item in changed["exercises"]] == ["Jefferson Curl"]


def test_a_new_name_comes_through_an_import_from_wger(system, lifter):
    first, other = "Quokka Hang", "Quokka Plank"
    with WgerServer([make_entry(71, first), make_entry(72, "Wombat Curl")]) as wger:
        another = "exercises-of-wger"
        system.stop("exercises")
        system.start_another("exercises", another, {"WGER_API_URL": wger.url})
        try:
            with connected(system) as rpc:
                rpc.exercises.import_from_wger()
                exercise_id = rpc.exercises.search(first)["items"][0]["id"]
                workout_id = warmed(lifter, exercise_id, first)

                wger.entries[0] = make_entry(71, other)
                assert rpc.exercises.import_from_wger()["changed"] == 1
                eventually(lambda: lifter.sees(workout_id, exercise_id, other), SOON)

                # what is gone upstream keeps its last name
                wger.entries[:] = wger.entries[1:]
                assert rpc.exercises.import_from_wger()["deactivated"] == 1
                assert lifter.sees(workout_id, exercise_id, other)
        finally:
            system.stop(another)
            system.start("exercises")
            with OwnExercises(system) as own:
                own.forget("wger")
    assert lifter.sees(workout_id, exercise_id, other)


@pytest.mark.parametrize("killed", FOLLOWERS)
def test_a_service_that_was_down_learns_the_name_when_it_is_back(system, own, lifter, killed):
    exercise_id = own.add("Pallof Hold")
    workout_id = warmed(lifter, exercise_id, "Pallof Hold")

    system.kill_for_good(killed)
    try:
        own.change(exercise_id, name="Pallof Press")
    finally:
        system.start(killed)
    eventually(lambda: lifter.sees(workout_id, exercise_id, "Pallof Press"))


def test_a_catalogue_that_was_down_does_not_keep_old_names_alive(system, own, lifter):
    exercise_id = own.add("Box Step")
    workout_id = warmed(lifter, exercise_id, "Box Step")

    system.kill_for_good("exercises")
    try:
        own.change(exercise_id, name="Box Step-Up")
        assert lifter.sees(workout_id, exercise_id, "Box Step")
    finally:
        system.start("exercises")
    eventually(lambda: lifter.sees(workout_id, exercise_id, "Box Step-Up"))


def test_news_that_was_lost_does_not_leave_an_old_name_for_ever(own, lifter):
    exercise_id = own.add("Waiter Walk")
    workout_id = warmed(lifter, exercise_id, "Waiter Walk")

    own.change(exercise_id, name="Waiter Carry", tell=False)
    eventually(lambda: lifter.sees(workout_id, exercise_id, "Waiter Carry"), seconds=20)


def test_news_of_the_time_without_a_broker_is_made_good(system, own, lifter):
    exercise_id = own.add("Sled Drag")
    workout_id = warmed(lifter, exercise_id, "Sled Drag")

    own.change(exercise_id, name="Sled Pull", tell=False)
    system.rabbitmqctl("close_all_connections", "a test")
    eventually(lambda: lifter.sees(workout_id, exercise_id, "Sled Pull"), seconds=20)


def test_what_the_catalogue_does_not_know_any_more_keeps_its_last_name(own, lifter):
    exercise_id = own.add("Bosu Squat")
    workout_id = warmed(lifter, exercise_id, "Bosu Squat")
    own.change(exercise_id, name="Wobble Squat")
    eventually(lambda: lifter.sees(workout_id, exercise_id, "Wobble Squat"), SOON)

    own.forget("test")
    # its numbers are read anew after this
    lifter.log(1)
    eventually(lambda: len(lifter.names(workout_id, exercise_id)) == 4)
    assert lifter.names(workout_id, exercise_id)[1:] == ["Wobble Squat"] * 3
