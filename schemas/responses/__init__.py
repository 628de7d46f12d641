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
    OwnDetails,
)
from schemas.responses.operations import Circuit, Health, Index, Readiness
from schemas.responses.stats import (
    AllowedWeight,
    BestEstimate,
    DataPoint,
    ExerciseRecords,
    ExplainedRecord,
    HeaviestSet,
    History,
    Month,
    MonthlyProgress,
    OneRepMax,
    Record,
    Records,
    RecordSet,
    RecordsOfExercise,
    RepMax,
    RepMaxes,
    Week,
    WeeklyProgress,
    Weight,
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
    "BestEstimate",
    "Circuit",
    "DataPoint",
    "DeletedExercise",
    "DeletedWorkout",
    "Exercise",
    "ExerciseRecords",
    "ExplainedRecord",
    "FacetValue",
    "Facets",
    "Health",
    "HeaviestSet",
    "History",
    "Index",
    "LastPerformance",
    "ListedWorkout",
    "Month",
    "MonthlyProgress",
    "NewPrivateExercise",
    "OneRepMax",
    "OwnDetails",
    "PerformedExercise",
    "PerformedSet",
    "Readiness",
    "Record",
    "RecordSet",
    "Records",
    "RecordsOfExercise",
    "RegisteredUser",
    "RepMax",
    "RepMaxes",
    "ResponseSchema",
    "SignedIn",
    "SignedOut",
    "User",
    "Week",
    "WeeklyProgress",
    "Weight",
    "WholeHistory",
    "Workout",
]
