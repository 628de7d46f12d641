"""The shape of everything that the API returns, by subject.

The running system neither loads nor dumps with these: the OpenAPI document is made of them, and the
tests validate every response against it.
"""

from schemas.responses.base import ResponseSchema
from schemas.responses.changes import Change
from schemas.responses.credentials import (
    ChangedEmail,
    ConfirmedEmail,
    PasswordChanged,
    PasswordResetAccepted,
)
from schemas.responses.erasure import AcceptedDeletion, Deletion
from schemas.responses.exercises import (
    DeletedExercise,
    Exercise,
    Facets,
    FacetValue,
    NewPrivateExercise,
    OwnDetails,
)
from schemas.responses.imports import (
    DeletedImport,
    ExerciseChoice,
    FileFinding,
    Import,
    ImportCounts,
    ImportedName,
    ListedImport,
    RecognisedFile,
    StartedImport,
)
from schemas.responses.measurements import DeletedMeasurement, Measurement
from schemas.responses.operations import Circuit, Health, Index, Readiness
from schemas.responses.personal_tokens import DeletedToken, NewlyMadeToken, PersonalToken
from schemas.responses.sessions import (
    ChangedPassword,
    EndedSession,
    EndedSessions,
    RefreshedTokens,
    Session,
)
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
from schemas.responses.take_outs import TakeOut
from schemas.responses.users import Account, Profile, RegisteredUser, SignedIn, SignedOut, User
from schemas.responses.workouts import (
    DeletedWorkout,
    LastPerformance,
    ListedWorkout,
    PerformedExercise,
    PerformedSet,
    Workout,
)

__all__ = [
    "AcceptedDeletion",
    "Account",
    "AllowedWeight",
    "BestEstimate",
    "Change",
    "ChangedEmail",
    "ChangedPassword",
    "Circuit",
    "ConfirmedEmail",
    "DataPoint",
    "DeletedExercise",
    "DeletedImport",
    "DeletedMeasurement",
    "DeletedToken",
    "DeletedWorkout",
    "Deletion",
    "EndedSession",
    "EndedSessions",
    "Exercise",
    "ExerciseChoice",
    "ExerciseRecords",
    "ExplainedRecord",
    "FacetValue",
    "Facets",
    "FileFinding",
    "Health",
    "HeaviestSet",
    "History",
    "Import",
    "ImportCounts",
    "ImportedName",
    "Index",
    "LastPerformance",
    "ListedImport",
    "ListedWorkout",
    "Measurement",
    "Month",
    "MonthlyProgress",
    "NewPrivateExercise",
    "NewlyMadeToken",
    "OneRepMax",
    "OwnDetails",
    "PasswordChanged",
    "PasswordResetAccepted",
    "PerformedExercise",
    "PerformedSet",
    "PersonalToken",
    "Profile",
    "Readiness",
    "RecognisedFile",
    "Record",
    "RecordSet",
    "Records",
    "RecordsOfExercise",
    "RefreshedTokens",
    "RegisteredUser",
    "RepMax",
    "RepMaxes",
    "ResponseSchema",
    "Session",
    "SignedIn",
    "SignedOut",
    "StartedImport",
    "TakeOut",
    "User",
    "Week",
    "WeeklyProgress",
    "Weight",
    "WholeHistory",
    "Workout",
]
