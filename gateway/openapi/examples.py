"""Examples as the running system gives them; a test sends them and compares the responses."""

from copy import deepcopy
from typing import Any

from marshmallow import Schema

from gateway.openapi import link_examples
from gateway.openapi.account_examples import ACCOUNT_EXAMPLES, TOKENS, USER
from gateway.openapi.measurement_examples import MEASUREMENT_EXAMPLES
from gateway.openapi.webhook_examples import WEBHOOK_EXAMPLES
from schemas import responses
from schemas.erasure import AccountDeletion, ByReceipt
from schemas.exercises import ExerciseFacets, ExerciseList, ExerciseSearch
from schemas.exports import ExportQuery
from schemas.imports import ImportMapping
from schemas.private_exercises import ExerciseChanges, MergeTarget, NewExercise, OwnDetailsChanges
from schemas.stats import (
    EstimateQuery,
    HistoryQuery,
    MusclesQuery,
    OneRepMaxQuery,
    ProgressQuery,
)
from schemas.users import Credentials, NewUser
from schemas.version import VERSION
from schemas.weeks import CalendarQuery, WeeklySummaryQuery
from schemas.workouts import LastSets, NewWorkout, WorkoutChanges, WorkoutList

NEW_USER = {"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"}
CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery"}

REGISTERED = {**USER, **TOKENS}
SIGNED_IN = {**TOKENS, "user": USER}
SIGNED_OUT = {"revoked": True}
TAKE_OUT = {"status": "under_way", "requested_at": "2025-02-16T17:02:11.402518Z"}
DELETION = {
    "status": "under_way",
    "requested_at": "2025-02-16T17:02:11.402518Z",
    "completed_at": None,
    "services": [
        {"service": "analytics", "erased_at": None},
        {"service": "exercises", "erased_at": "2025-02-16T17:02:11.498044Z"},
        {"service": "notifications", "erased_at": None},
        {"service": "workouts", "erased_at": None},
    ],
}
RECEIPT = "u3oQzJm8wq0b5Yd1lXhRkE6sTnPvCfGi2aBxW9ZtM4c"
ACCEPTED_DELETION = {"receipt": RECEIPT, **DELETION}

EXERCISE = {
    "id": 4,
    "name": "Pull-ups",
    "slug": "pull-ups",
    "aliases": [
        "Pull-up",
        "Overhand Pull-up",
        "Wide-Grip Pull-up",
        "Traction",
        "Klimmzug",
        "Dominadas",
        "Barra Fixa",
    ],
    "description": "From a dead hang with an overhand grip, pull your body up until the chin "
    "clears the bar.",
    "instructions": "1. Hang from the bar with palms facing away, hands a little wider than the "
    "shoulders.\n2. Pull the elbows down to your ribs until your chin is over the bar.\n"
    "3. Lower yourself all the way to straight arms.",
    "category": "strength",
    "body_part": "back",
    "primary_muscles": ["lats", "biceps"],
    "secondary_muscles": ["back", "forearms", "core"],
    "equipment": "bodyweight",
    "all_equipment": ["bodyweight"],
    "difficulty": "intermediate",
    "measure": "bodyweight_reps",
    "rep_type": "count",
    "unit": "reps",
    "is_active": True,
    "external_source": "manual",
    "external_id": None,
    "license": None,
    "license_author": None,
    "created_at": "2025-02-01T08:00:00.000000Z",
    "updated_at": "2025-02-01T08:00:00.000000Z",
    "owner": None,
    "notes": None,
    "merged_into": None,
    "mine": None,
}

NEW_EXERCISE: dict[str, Any] = {
    "name": "Pull-ups on Rings",
    "measure": "bodyweight_reps",
    "primary_muscles": ["lats", "biceps"],
    "secondary_muscles": ["forearms"],
    "equipment": "rings",
    "notes": "Rings at shoulder width",
}

PRIVATE_EXERCISE: dict[str, Any] = {
    "id": 1042,
    "name": "Pull-ups on Rings",
    "slug": "pull-ups-on-rings",
    "aliases": [],
    "description": None,
    "instructions": None,
    "category": "strength",
    "body_part": None,
    "primary_muscles": ["lats", "biceps"],
    "secondary_muscles": ["forearms"],
    "equipment": "rings",
    "all_equipment": ["rings"],
    "difficulty": None,
    "measure": "bodyweight_reps",
    "rep_type": "count",
    "unit": "reps",
    "is_active": True,
    "external_source": "private",
    "external_id": None,
    "license": None,
    "license_author": None,
    "created_at": "2025-02-16T17:10:42.220183Z",
    "updated_at": "2025-02-16T17:10:42.220183Z",
    "owner": "me",
    "notes": "Rings at shoulder width",
    "merged_into": None,
    "mine": None,
}
MADE_EXERCISE = {**PRIVATE_EXERCISE, "details": {"similar": []}}
EXERCISE_CHANGES = {"name": "Ring Pull-ups", "notes": None}
CHANGED_EXERCISE = {
    **PRIVATE_EXERCISE,
    "name": "Ring Pull-ups",
    "slug": "ring-pull-ups",
    "notes": None,
    "updated_at": "2025-02-16T17:12:08.918340Z",
}
ARCHIVED_EXERCISE = {**CHANGED_EXERCISE, "is_active": False}
MERGE_TARGET = {"into": 4}
MERGED_EXERCISE = {**ARCHIVED_EXERCISE, "merged_into": 4}
OWN_DETAILS = {"primary_muscles": ["lats"], "notes": "Chin over the bar, every time"}
NOTED_EXERCISE = {**EXERCISE, "mine": {**OWN_DETAILS, "secondary_muscles": None}}
DELETED_EXERCISE = {"id": 1042, "deleted": True}

FACETS = {
    "category": [{"value": "strength", "count": 9}],
    "body_part": [
        {"value": "chest", "count": 3},
        {"value": "back", "count": 2},
        {"value": "legs", "count": 2},
        {"value": "calves", "count": 1},
        {"value": "shoulders", "count": 1},
    ],
    "equipment": [{"value": "smith machine", "count": 9}],
    "difficulty": [{"value": "beginner", "count": 9}],
    "measure": [{"value": "weight_reps", "count": 9}],
    "muscles": [
        {"value": "shoulders", "count": 4},
        {"value": "triceps", "count": 4},
        {"value": "chest", "count": 3},
        {"value": "glutes", "count": 3},
        {"value": "hamstrings", "count": 3},
        {"value": "forearms", "count": 2},
        {"value": "back", "count": 1},
        {"value": "calves", "count": 1},
        {"value": "quadriceps", "count": 1},
        {"value": "traps", "count": 1},
    ],
}

NEW_WORKOUT: dict[str, Any] = {
    "name": "Push Day A",
    "started_at": "2025-02-16T17:20:00+01:00",
    "ended_at": "2025-02-16T18:35:00+01:00",
    "time_zone": "Europe/Berlin",
    "notes": "Great session",
    "exercises": [
        {
            "exercise_id": 1,
            "notes": "Paused reps",
            "sets": [
                {"reps": 8, "weight": 60, "set_type": "warmup", "rpe": 4},
                {
                    "reps": 5,
                    "weight": 102.5,
                    "set_type": "top",
                    "rpe": 9,
                    "rest_seconds": 180,
                    "notes": "New PR!",
                },
            ],
        }
    ],
}

WORKOUT: dict[str, Any] = {
    "id": 321,
    "user_id": 15,
    "client_id": None,
    "name": "Push Day A",
    "date": "2025-02-16",
    "started_at": "2025-02-16T17:20:00+01:00",
    "ended_at": "2025-02-16T18:35:00+01:00",
    "time_zone": "Europe/Berlin",
    "duration_minutes": 75,
    "notes": "Great session",
    "version": 1,
    "created_at": "2025-02-16T18:41:07.118204Z",
    "updated_at": "2025-02-16T18:41:07.118204Z",
    "exercises": [
        {
            "id": 803,
            "exercise_id": 1,
            "exercise_name": "Barbell Bench Press",
            "order_index": 1,
            "superset": None,
            "notes": "Paused reps",
            "sets": [
                {
                    "id": 2411,
                    "set_number": 1,
                    "reps": 8,
                    "duration_seconds": None,
                    "distance_m": None,
                    "weight": 60,
                    "unit": "kg",
                    "set_type": "warmup",
                    "rpe": 4,
                    "rir": None,
                    "rest_seconds": None,
                    "notes": None,
                },
                {
                    "id": 2412,
                    "set_number": 2,
                    "reps": 5,
                    "duration_seconds": None,
                    "distance_m": None,
                    "weight": 102.5,
                    "unit": "kg",
                    "set_type": "top",
                    "rpe": 9,
                    "rir": None,
                    "rest_seconds": 180,
                    "notes": "New PR!",
                },
            ],
        }
    ],
}

LISTED_WORKOUT = {
    **{name: value for name, value in WORKOUT.items() if name != "exercises"},
    "exercise_count": 1,
    "set_count": 2,
    "total_volume": 512.5,
}

LAST_PERFORMANCE = {
    "exercise_id": 1,
    "workout_id": 321,
    "date": "2025-02-16",
    "started_at": "2025-02-16T17:20:00+01:00",
    "sets": [WORKOUT["exercises"][0]["sets"][1]],
}

WORKOUT_CHANGES = {"name": "Push Day B", "version": 1}


def _changed() -> dict[str, Any]:
    changed = deepcopy(WORKOUT)
    changed |= {"name": "Push Day B", "version": 2, "updated_at": "2025-02-16T18:44:52.907311Z"}
    return changed


CHANGED_WORKOUT = _changed()
DELETED_WORKOUT = {"id": 321, "deleted": True}
CHANGE = {
    "cursor": "workouts-5120",
    "kind": "workout",
    "id": WORKOUT["id"],
    "op": "put",
    "version": WORKOUT["version"],
    "data": WORKOUT,
}

HISTORY = {
    "exercise_id": 1,
    "exercise_name": "Barbell Bench Press",
    "range": "all",
    "unit": "week",
    "data_points": [
        {
            "date": "2025-02-10",
            "max_weight": 102.5,
            "total_volume": 512.5,
            "total_sets": 1,
            "total_reps": 5,
            "avg_rpe": 9,
            "best_e1rm": 119.58,
            "total_duration_seconds": None,
            "total_distance_m": None,
        }
    ],
    "stats": {
        "current_max_weight": 102.5,
        "lifetime_volume": 512.5,
        "lifetime_sets": 1,
        "lifetime_workouts": 1,
        "last_performed_date": "2025-02-16",
        "trend_30d": None,
    },
}


def _record(value: float, unit: str) -> dict[str, Any]:
    return {
        "value": value,
        "unit": unit,
        "achieved_date": "2025-02-16",
        "workout_id": 321,
        "previous": None,
    }


RECORDS = {
    "records": [
        {
            "exercise_id": 1,
            "exercise_name": "Barbell Bench Press",
            "max_weight": _record(102.5, "kg"),
            "max_reps": _record(5, "reps"),
            "max_volume": _record(512.5, "kg"),
            "best_e1rm": _record(119.58, "kg"),
            "best_set_volume": _record(512.5, "kg"),
        }
    ]
}

RECORD_SET = {
    "set_number": 2,
    "reps": 5,
    "weight": 102.5,
    "unit": "kg",
    "duration_seconds": None,
    "distance_m": None,
    "rpe": 9,
    "rir": None,
}


def _explained(kind: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "value": value,
        "unit": unit,
        "achieved_date": "2025-02-16",
        "workout_id": 321,
        "set": RECORD_SET,
        "previous": None,
        "margin": None,
        "formula": None,
        "confidence": None,
        "with_reserve": None,
        **more,
    }


ESTIMATE = {"formula": "epley", "confidence": "high", "with_reserve": 123}
BENCH_PRESS = {
    "exercise_id": 1,
    "exercise_name": "Barbell Bench Press",
    "measure": "weight_reps",
    "weight_is": "lifted",
}

RECORDS_OF_EXERCISE = {
    **BENCH_PRESS,
    "records": [
        _explained("max_weight", 102.5, "kg"),
        _explained("max_reps", 5, "reps"),
        _explained("max_volume", 512.5, "kg", set=None),
        _explained("best_e1rm", 119.58, "kg", **ESTIMATE),
        _explained("best_set_volume", 512.5, "kg"),
    ],
}

PROGRESS = {
    "period": "weekly",
    "weeks": [
        {
            "week_start": "2025-02-10",
            "week_end": "2025-02-16",
            "total_workouts": 1,
            "total_volume": 512.5,
            "total_sets": 1,
            "total_exercises": 1,
            "avg_workout_duration": 75,
        }
    ],
}

MUSCLES: dict[str, Any] = {
    "band": {"least": 10, "most": 20},
    "weeks": [
        {
            "week": "2025-W07",
            "start": "2025-02-10",
            "muscles": [
                {
                    "muscle": "chest",
                    "sets": 12,
                    "hard_sets": 9,
                    "rated_sets": 10,
                    "days": 2,
                    "judged": "within",
                },
                {
                    "muscle": "shoulders",
                    "sets": 5.5,
                    "hard_sets": 4.5,
                    "rated_sets": 4.5,
                    "days": 2,
                    "judged": "below",
                },
            ],
        }
    ],
}

ONE_REP_MAX: dict[str, Any] = {
    "weight": 102.5,
    "unit": "kg",
    "reps": 5,
    "rir": 1,
    "formula": "epley",
    "one_rep_max": 119.58,
    "reason": None,
    "confidence": "high",
    "with_reserve": 123,
    "table": [
        {"reps": 1, "weight": 119.58, "percent": 100},
        {"reps": 2, "weight": 112.11, "percent": 93.8},
        {"reps": 3, "weight": 108.71, "percent": 90.9},
        {"reps": 4, "weight": 105.51, "percent": 88.2},
        {"reps": 5, "weight": 102.5, "percent": 85.7},
        {"reps": 6, "weight": 99.65, "percent": 83.3},
        {"reps": 7, "weight": 96.96, "percent": 81.1},
        {"reps": 8, "weight": 94.41, "percent": 78.9},
        {"reps": 9, "weight": 91.99, "percent": 76.9},
        {"reps": 10, "weight": 89.69, "percent": 75},
        {"reps": 11, "weight": 87.5, "percent": 73.2},
        {"reps": 12, "weight": 85.42, "percent": 71.4},
    ],
}


def _rep_max(allowed: dict[str, Any]) -> dict[str, Any]:
    reached = {"achieved_date": "2025-02-16", "workout_id": 321, "set": RECORD_SET}
    heaviest = {"weight": 102.5, "unit": "kg", **reached}
    return {
        "reps": allowed["reps"],
        "exactly": heaviest if allowed["reps"] == 5 else None,
        "at_least": heaviest if allowed["reps"] <= 5 else None,
        "estimated": {"weight": allowed["weight"], "unit": "kg"},
    }


REP_MAXES = {
    **BENCH_PRESS,
    "formula": "epley",
    "best_e1rm": {
        "value": 119.58,
        "unit": "kg",
        "achieved_date": "2025-02-16",
        "workout_id": 321,
        "set": RECORD_SET,
        **ESTIMATE,
    },
    "rep_maxes": [_rep_max(allowed) for allowed in ONE_REP_MAX["table"]],
}


def _in_week(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "achieved_date": "2025-02-16", "workout_id": 321}


CALENDAR = {
    "year": 2025,
    "days": [{"date": "2025-02-16", "workouts": 1, "sets": 1, "minutes": 75}],
}
WEEK_STREAK = {
    "weekly_goal": 1,
    "current": 1,
    "current_since": "2025-W07",
    "longest": 1,
    "longest_since": "2025-W07",
    "this_week": {"week": "2025-W07", "workouts": 1, "is_met": True},
}
WEEKLY_SUMMARY: dict[str, Any] = {
    "week": "2025-W07",
    "start": "2025-02-10",
    "end": "2025-02-16",
    "is_running": False,
    "workouts": {"value": 1, "goal": 1, "is_met": True, "previous": 0, "mean_of_four": 0},
    "volume": {"value": 512.5, "previous": 0, "mean_of_four": 0},
    "sets": {"value": 1, "previous": 0, "mean_of_four": 0},
    "minutes": {"value": 75, "previous": 0, "mean_of_four": 0},
    "muscles": MUSCLES["weeks"][0]["muscles"],
    "records": [
        {"exercise_id": 1, "exercise_name": "Barbell Bench Press", "kind": kind, **reached}
        for kind, reached in (
            ("max_weight", _in_week(102.5, "kg")),
            ("max_reps", _in_week(5, "reps")),
            ("max_volume", _in_week(512.5, "kg")),
            ("best_e1rm", _in_week(119.58, "kg")),
            ("best_set_volume", _in_week(512.5, "kg")),
        )
    ],
    "streak": {"current": 1, "longest": 1},
}

INDEX = {
    "name": "Gym Tracker",
    "version": VERSION,
    "documentation": "/docs",
    "openapi": "/openapi.json",
}
HEALTH = {"status": "ok", "service": "api-gateway"}
READINESS = {
    "status": "ready",
    "service": "api-gateway",
    "circuits": {"user-service": {"state": "closed"}, "exercise-service": {"state": "closed"}},
}

STARTED_IMPORT = {"id": 7, "status": "reading"}
LISTED_IMPORT: dict[str, Any] = {
    "id": 7,
    "name": "strong.csv",
    "source": "strong",
    "status": "preview",
    "waits_for": None,
    "progress": 100,
    "counts": {
        "workouts": 2,
        "sets": 31,
        "new": 1,
        "same": 1,
        "changed": 0,
        "likely_same": 0,
        "deleted": 0,
    },
    "added": 0,
    "updated": 0,
    "kept": 0,
    "error": None,
    "created_at": "2025-02-16T18:30:00.123456Z",
    "applied_at": None,
}
IMPORT = {
    **LISTED_IMPORT,
    "recognised": {
        "source": "strong",
        "encoding": "utf-8",
        "delimiter": ",",
        "language": "en",
        "month_language": "en",
        "decimal_mark": ".",
        "weight_unit": None,
        "distance_unit": None,
    },
    "needs": ["weight_unit"],
    "options": {"source": "auto", "time_zone": "Europe/Berlin"},
    "faults": [],
    "fault_count": 0,
    "warnings": [
        {
            "line": 12,
            "field": "duration",
            "message": "The workout took more than 24 hours; its duration is left out",
            "constraint": "max",
            "received": "96540",
        }
    ],
    "warning_count": 1,
    "names": [
        {
            "name": "Shoulder Press",
            "sets": 12,
            "measure": "weight_reps",
            "why": "ask",
            "exercise_id": None,
            "exercise_name": None,
            "choices": [{"id": 31, "name": "Seated Dumbbell Shoulder Press"}],
        }
    ],
}

EXAMPLES: dict[type[Schema], dict[str, Any]] = {
    **link_examples.EXAMPLES,
    NewUser: NEW_USER,
    Credentials: CREDENTIALS,
    AccountDeletion: {"password": "correct horse battery"},
    ExerciseList: {"category": "strength", "equipment": "bodyweight", "search": "pull-ups"},
    ExerciseSearch: {"q": "pull-ups"},
    ExerciseFacets: {"equipment": "smith machine"},
    NewExercise: NEW_EXERCISE,
    ExerciseChanges: EXERCISE_CHANGES,
    MergeTarget: MERGE_TARGET,
    OwnDetailsChanges: OWN_DETAILS,
    NewWorkout: NEW_WORKOUT,
    WorkoutChanges: WORKOUT_CHANGES,
    WorkoutList: {"date_from": "2025-02-01", "date_to": "2025-02-28", "sort": "date:desc"},
    LastSets: {"ids": "1,2"},
    HistoryQuery: {"range": "all", "unit": "week"},
    ProgressQuery: {"period": "weekly", "weeks": 1},
    MusclesQuery: {"weeks": 1},
    CalendarQuery: {"year": 2025},
    WeeklySummaryQuery: {"week": "2025-W07"},
    EstimateQuery: {"formula": "epley"},
    OneRepMaxQuery: {"weight": 102.5, "reps": 5, "rir": 1},
    responses.Index: INDEX,
    responses.RegisteredUser: REGISTERED,
    responses.SignedIn: SIGNED_IN,
    responses.SignedOut: SIGNED_OUT,
    responses.TakeOut: TAKE_OUT,
    responses.AcceptedDeletion: ACCEPTED_DELETION,
    responses.Deletion: DELETION,
    ByReceipt: {"receipt": RECEIPT},
    responses.User: USER,
    responses.Exercise: EXERCISE,
    responses.NewPrivateExercise: MADE_EXERCISE,
    responses.DeletedExercise: DELETED_EXERCISE,
    responses.Facets: FACETS,
    responses.Workout: WORKOUT,
    responses.Change: CHANGE,
    responses.ListedWorkout: LISTED_WORKOUT,
    responses.DeletedWorkout: DELETED_WORKOUT,
    responses.LastPerformance: LAST_PERFORMANCE,
    responses.StartedImport: STARTED_IMPORT,
    responses.ListedImport: LISTED_IMPORT,
    responses.Import: IMPORT,
    responses.DeletedImport: {"id": 7, "deleted": True},
    ImportMapping: {"Shoulder Press": 31, "Gorilla Row": "new"},
    ExportQuery: {"format": "json"},
    responses.History: HISTORY,
    responses.Records: RECORDS,
    responses.RecordsOfExercise: RECORDS_OF_EXERCISE,
    responses.RepMaxes: REP_MAXES,
    responses.WeeklyProgress: PROGRESS,
    responses.MusclesByWeek: MUSCLES,
    responses.Calendar: CALENDAR,
    responses.WeekStreak: WEEK_STREAK,
    responses.WeeklySummary: WEEKLY_SUMMARY,
    responses.OneRepMax: ONE_REP_MAX,
    **ACCOUNT_EXAMPLES,
    **MEASUREMENT_EXAMPLES,
    **WEBHOOK_EXAMPLES,
    responses.Health: HEALTH,
    responses.Readiness: READINESS,
}
"""An example of each body and each item of a response, and of queries that need one: what a query
finds is the example of the route that it belongs to."""
