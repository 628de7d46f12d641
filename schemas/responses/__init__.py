"""What answers hold: the shape of every thing that the API shows.

Nothing is loaded or dumped with these while the system runs. The documentation is made of them,
and the tests hold every answer against it.
"""

from schemas.responses.base import ResponseSchema
from schemas.responses.exercises import Exercise, Facets, FacetValue
from schemas.responses.operations import Circuit, Health, Index, Readiness
from schemas.responses.stats import (
    DataPoint,
    ExerciseRecords,
    History,
    Month,
    MonthlyProgress,
    Record,
    Records,
    Week,
    WeeklyProgress,
    WholeHistory,
)
from schemas.responses.users import RegisteredUser, SignedIn, SignedOut, User
from schemas.responses.workouts import (
    DeletedWorkout,
    ListedWorkout,
    PerformedExercise,
    PerformedSet,
    Workout,
)

__all__ = [
    "Circuit",
    "DataPoint",
    "DeletedWorkout",
    "Exercise",
    "ExerciseRecords",
    "FacetValue",
    "Facets",
    "Health",
    "History",
    "Index",
    "ListedWorkout",
    "Month",
    "MonthlyProgress",
    "PerformedExercise",
    "PerformedSet",
    "Readiness",
    "Record",
    "Records",
    "RegisteredUser",
    "ResponseSchema",
    "SignedIn",
    "SignedOut",
    "User",
    "Week",
    "WeeklyProgress",
    "WholeHistory",
    "Workout",
]
