"""An exercise that counts something else from now on: what was logged is kept apart."""

import pytest

from tests.services.catalogue_changes import UNITS, OwnExercises
from tests.services.logbook import ago, body, lift, one, today
from tests.services.recount import Recount
from tests.waiting import eventually

pytestmark = pytest.mark.slow


class Exercise:
    """An exercise that can be corrected, and one user's numbers of it."""

    def __init__(self, own, rpc, user_id, kind="count"):
        self.own, self.rpc, self.user_id = own, rpc, user_id
        self.id = own.add("Hollow Rock", kind)
        self.workouts, self.logged = {}, {}
        self.kind = kind

    def becomes(self, kind):
        self.kind = kind
        self.own.change(self.id, rep_type=kind, unit=UNITS[kind])

    def log(self, day, *reps, weight=None, kind=None):
        """Log sets under the kind of now, as soon as that is known."""
        done = body(ago(day), lift(self.id, *(one(number, weight) for number in reps)))

        def log():
            workout = self.rpc.workouts.create(self.user_id, done)["workout"]
            if self.logged_as(workout["id"]) == self.kind:
                return workout
            self.rpc.workouts.delete(self.user_id, workout["id"])
            return None

        workout = eventually(log)
        self.workouts[workout["id"]] = workout
        self.logged[workout["id"], self.id] = self.kind
        return workout["id"]

    def logged_as(self, workout_id):
        workout = self.rpc.workouts.get(workout_id, rep_types=True)
        return workout["exercises"][0]["rep_type"]

    def delete(self, workout_id):
        self.rpc.workouts.delete(self.user_id, workout_id)
        del self.workouts[workout_id]

    def history(self, unit="day"):
        return self.rpc.analytics.exercise_history(self.user_id, self.id, range="all", unit=unit)

    def record(self):
        """Return value, unit and previous of the record in the most repetitions, or None."""
        for records in self.rpc.analytics.personal_records(self.user_id)["records"]:
            if "max_reps" in records:
                return tuple(records["max_reps"][key] for key in ("value", "unit", "previous"))
        return None

    def shows(self, *record):
        """Wait until a record is shown; everything must be as counted by hand, before and after a
        rebuild."""

        def is_shown():
            assert self.record() == (record or None)
            self.agree()
            return True

        eventually(is_shown)
        self.rpc.analytics.rebuild(self.user_id)
        is_shown()

    def agree(self):
        recount = Recount(list(self.workouts.values()), {self.id: self.kind}, today(), self.logged)
        ask = self.rpc.analytics
        assert ask.personal_records(self.user_id) == recount.personal_records()
        for unit in ("day", "week", "month"):
            found = self.history(unit)
            assert found == recount.exercise_history(self.id, "all", unit, found["exercise_name"])
        for period in ("weekly", "monthly"):
            assert ask.progress(self.user_id, period) == recount.progress(period)


@pytest.fixture
def own(system):
    with OwnExercises(system) as own:
        yield own


@pytest.fixture
def exercise(own, rpc, fresh_user):
    return Exercise(own, rpc, fresh_user)


def test_seconds_are_a_record_whatever_repetitions_were_done_before(exercise):
    exercise.log(9, 40)
    exercise.log(8, 50, 30)
    exercise.shows(50, "reps", 40)

    exercise.becomes("time")
    # nothing vanishes by a correction
    exercise.shows(50, "reps", 40)

    exercise.log(7, 45)
    exercise.shows(45, "seconds", None)
    exercise.log(6, 60)
    exercise.shows(60, "seconds", 45)


def test_what_was_held_is_the_longest_of_what_counts_metres_now(exercise):
    exercise.becomes("time")
    exercise.log(9, 40)
    exercise.becomes("distance")
    exercise.log(8, 50)
    exercise.shows(50, "meters", None)


def test_there_and_back_again(exercise):
    exercise.log(9, 40)
    exercise.becomes("time")
    mistaken = exercise.log(8, 300)
    exercise.shows(300, "seconds", None)

    exercise.becomes("count")
    exercise.shows(40, "reps", None)
    best = exercise.log(7, 50)
    exercise.shows(50, "reps", 40)

    exercise.becomes("distance")
    exercise.shows(50, "reps", 40)
    exercise.delete(best)
    exercise.shows(300, "seconds", None)
    exercise.delete(mistaken)
    exercise.shows(40, "reps", None)


def test_the_order_of_arrival_does_not_matter(exercise):
    exercise.log(3, 50)
    exercise.becomes("time")
    # back-dated behind and before what was logged as repetitions
    exercise.log(1, 30)
    exercise.log(9, 45)
    exercise.log(8, 45)
    exercise.shows(45, "seconds", None)
    exercise.becomes("count")
    exercise.log(5, 60)
    exercise.shows(60, "reps", None)


def test_a_set_of_nothing_makes_its_kind_the_one_that_is_shown(exercise):
    exercise.log(9, 40)
    exercise.becomes("time")
    exercise.log(8, 0)
    exercise.shows()


def test_points_and_trends_never_add_seconds_to_repetitions(exercise):
    exercise.log(40, 100)
    exercise.log(0, 7)
    exercise.becomes("time")
    exercise.log(40, 60)
    exercise.log(0, 90)
    exercise.shows(90, "seconds", 60)

    history = exercise.history()
    assert [point["total_reps"] for point in history["data_points"]] == [60, 90]
    assert [point["total_sets"] for point in history["data_points"]] == [2, 2]
    assert history["stats"]["trend_30d"] == "improving"
    exercise.becomes("count")
    eventually(lambda: exercise.history()["stats"]["trend_30d"] == "declining")
    exercise.shows(100, "reps", None)


def test_weights_compare_across_kinds(exercise):
    exercise.log(9, 5, weight=50)
    exercise.becomes("time")
    exercise.log(8, 30, weight=60)
    exercise.shows(30, "seconds", None)
    (records,) = exercise.rpc.analytics.personal_records(exercise.user_id)["records"]
    assert (records["max_weight"]["value"], records["max_weight"]["previous"]) == (60, 50)
    assert records["max_volume"]["value"] == 250


def test_a_put_logs_under_the_kind_of_now_only_what_it_replaces(exercise):
    left, replaced = exercise.log(9, 40), exercise.log(8, 50)
    exercise.becomes("time")
    exercise.log(7, 20)
    update = exercise.rpc.workouts.update
    update(exercise.user_id, left, {"name": "Monday", "date": ago(6)})
    exercise.workouts[left]["date"] = ago(6)
    assert exercise.logged_as(left) == "count"

    done = [lift(exercise.id, one(25))]
    exercise.workouts[replaced] = update(exercise.user_id, replaced, {"exercises": done})
    exercise.logged[replaced, exercise.id] = "time"
    assert exercise.logged_as(replaced) == "time"
    exercise.shows(25, "seconds", None)


def test_a_seconds_only_exercise_is_as_it_was(own, rpc, fresh_user):
    exercise = Exercise(own, rpc, fresh_user, "time")
    exercise.log(9, 60)
    exercise.log(8, 90)
    exercise.shows(90, "seconds", 60)
