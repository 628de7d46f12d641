"""A history in a file of Strong, with what must be there once it was imported."""

import random
from datetime import timedelta

from tests.rules.workouts.imports.files import STRONG
from tests.services.logbook import today
from tests.services.recount import SEED_REP_TYPES

ZONE = "Europe/Berlin"
OPTIONS = f"weight_unit=kg&time_zone={ZONE}"
BENCH, SQUAT, PLANK = 1, 2, 6
ROW, HOLD = "Gorilla Row", "Frog Hold"
MAPPING = {
    "Bench Press (Barbell)": BENCH,
    "Squat (Barbell)": SQUAT,
    "Plank": PLANK,
    ROW: "new",
    HOLD: "new",
}
TIMED = {"Plank", HOLD}
SETS = 5
"""Of each exercise of a workout, which has two."""


class History:
    """A workout a day until yesterday, each with ten sets."""

    def __init__(self, days):
        pick = random.Random(days)
        self.sets = 2 * SETS * days
        self._workouts = [_workout(pick, days - number) for number in range(days)]

    @property
    def text(self):
        """The file."""
        rows = (row for workout in self._workouts for row in _rows(workout))
        return "\n".join([STRONG, *rows, ""])

    def workouts(self, exercises):
        """Return the workouts by their starts, as the API shows those parts that the file has.

        Args:
            exercises: the id and the name that each exercise of the file has become.
        """
        return {workout["start"]: _shown(workout, exercises) for workout in self._workouts}


def rep_types(exercises):
    """Return how the repetitions of each exercise count, by its id."""
    return SEED_REP_TYPES | {
        exercise_id: "time" if name in TIMED else "count"
        for name, (exercise_id, _) in exercises.items()
    }


def _workout(pick, days_ago):
    day = today() - timedelta(days=days_ago)
    return {
        "date": day.isoformat(),
        "start": f"{day}T{pick.randint(6, 20):02}:{pick.randint(0, 59):02}:00",
        "name": pick.choice(["Legs", "Push", "Pull"]),
        "minutes": pick.randint(20, 120),
        "exercises": [
            (name, [_set(pick, name) for _ in range(SETS)]) for name in pick.sample([*MAPPING], 2)
        ],
    }


def _set(pick, name):
    if name in TIMED:
        return {"reps": pick.randint(10, 120), "weight": None, "set_type": "normal"}
    return {
        "reps": pick.randint(1, 12),
        "weight": pick.randint(1, 400) / 2,
        "set_type": pick.choice(["normal", "normal", "warmup"]),
    }


def _rows(workout):
    start = workout["start"].replace("T", " ")
    for name, sets in workout["exercises"]:
        for number, each in enumerate(sets, 1):
            order = "W" if each["set_type"] == "warmup" else number
            reps, seconds = (0, each["reps"]) if name in TIMED else (each["reps"], 0)
            yield (
                f"{start},{workout['name']},{workout['minutes']}m,{name},{order},"
                f"{each['weight'] or 0},{reps},0,{seconds},,,"
            )


def _shown(workout, exercises):
    return {
        "name": workout["name"],
        "date": workout["date"],
        "duration_minutes": workout["minutes"],
        "exercises": [
            {
                "exercise_id": exercises[name][0],
                "exercise_name": exercises[name][1],
                "sets": [{**each, "unit": "kg", "rpe": None} for each in sets],
            }
            for name, sets in workout["exercises"]
        ],
    }
