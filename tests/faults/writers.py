"""Writers: lifters who write whatever an app may follow, at random, and read nothing."""

import uuid
from datetime import UTC, datetime

from tests.faults.lifters import DONE, EXERCISES, Lifter
from tests.services.logbook import ago, lift, one

TAKEN, IN_USE = 409, 422


class Writer(Lifter):
    """One client of a user, who may have several; each changes only what it has made itself."""

    def __init__(self, system, user_id=None):
        super().__init__(system, user_id=user_id)
        self.measurements = []
        self.exercises = []

    def step(self):
        """Write one thing."""
        acts = [self.create] * 5 + [self.measure] * 2
        acts += [self.make_exercise, self.note_details, self.change_settings]
        if self.workouts:
            acts += [self.edit] * 4 + [self.move_back] * 2 + [self.remove]
        if self.measurements:
            acts += [self.measure_again, self.remove_measurement]
        if self.exercises:
            acts += [self.log_own_exercise, self.rename_exercise, self.remove_exercise]
        self.random.choice(acts)()

    # -- workouts ------------------------------------------------------------------------------

    def create(self):
        body = self.make_body() | {"client_id": str(uuid.uuid4())}
        _, (workout,) = self.insist("create", "POST", "/api/workouts", body)
        self.workouts[workout["id"]] = workout

    def move_back(self):
        """Date a workout back."""
        self._edit({"date": ago(self.random.randint(100, 1000))})

    def log_own_exercise(self):
        exercise_id = self.random.choice(self.exercises)
        self._edit({"exercises": [lift(exercise_id, one(self.random.randint(1, 12), 20))]})

    def _edit(self, changes):
        if not self.workouts:
            return
        workout_id = self._any()
        _, (workout,) = self.insist("edit", "PUT", f"/api/workouts/{workout_id}", changes)
        self.workouts[workout_id] = workout

    # -- measurements --------------------------------------------------------------------------

    def measure(self):
        self.measurements.append(uuid.uuid4().hex)
        self._put_measurement("create", self.measurements[-1])

    def measure_again(self):
        self._put_measurement("edit", self.random.choice(self.measurements))

    def remove_measurement(self):
        external_id = self.measurements.pop(self.random.randrange(len(self.measurements)))
        self.insist("delete", "DELETE", f"/api/measurements?external_id={external_id}")

    def _put_measurement(self, what, external_id):
        body = {
            "kind": "weight",
            "value": self.random.randint(400, 1500) / 10,
            "unit": "kg",
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "external_id": external_id,
        }
        self.insist(what, "PUT", "/api/measurements", body)

    # -- exercises and settings ----------------------------------------------------------------

    def make_exercise(self):
        body = {"name": uuid.uuid4().hex, "measure": "weight_reps"}
        status, made = self.insist("create", "POST", "/api/exercises", body, fine=(*DONE, TAKEN))
        # of one whose answer was lost the id is not known
        if status != TAKEN:
            self.exercises.append(made[0]["id"])

    def rename_exercise(self):
        path = f"/api/exercises/{self.random.choice(self.exercises)}"
        self.insist("edit", "PUT", path, {"name": uuid.uuid4().hex})

    def remove_exercise(self):
        exercise_id = self.random.choice(self.exercises)
        path = f"/api/exercises/{exercise_id}"
        status, _ = self.insist("delete", "DELETE", path, fine=(*DONE, IN_USE))
        if status != IN_USE:
            self.exercises.remove(exercise_id)

    def note_details(self):
        notes = self.random.choice([None, uuid.uuid4().hex])
        path = f"/api/exercises/{self.random.choice(EXERCISES)}/mine"
        self.insist("edit", "PUT", path, {"notes": notes})

    def change_settings(self):
        goal = self.random.choice([None, *range(1, 8)])
        self.insist("edit", "PUT", "/api/users/me", {"weekly_goal": goal})
