"""The shape of everything that the API returns, by subject.

The running system neither loads nor dumps with these: the OpenAPI document is made of them, and the
tests validate every response against it.
"""

from schemas.responses.base import ResponseSchema
from schemas.responses.exercises import (
    DeletedExercise,
    Exercise,
    Facets,
    FacetValue,
    NewPrivateExercise,
)
from schemas.responses.operations import Circuit, Health, Index, Readiness
from schemas.responses.stats import (
    AllowedWeight,
    DataPoint,
    ExerciseRecords,
    History,
    Month,
    MonthlyProgress,
    OneRepMax,
    Record,
    Records,
    Week,
    WeeklyProgress,
    WholeHistory,
)
from schemas.responses.users import RegisteredUser, SignedIn, SignedOut, User
from schemas.responses.workouts import (
    DeletedWorkout,
    LastPerformance,
    ListedWorkout,
    PerformedExercise,
    PerformedSet,
    Workout,
)

__all__ = [
    "AllowedWeight",
    "Circuit",
    "DataPoint",
    "DeletedExercise",
    "DeletedWorkout",
    "Exercise",
    "ExerciseRecords",
    "FacetValue",
    "Facets",
    "Health",
    "History",
    "Index",
    "LastPerformance",
    "ListedWorkout",
    "Month",
    "MonthlyProgress",
    "NewPrivateExercise",
    "OneRepMax",
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
