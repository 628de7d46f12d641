"""What the routes themselves don't say about their responses."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from gateway.openapi import examples
from schemas import responses
from schemas.responses import ResponseSchema

TAGS = {
    "Users": "Accounts and tokens",
    "Exercises": "The catalogue: public, and only read",
    "Workouts": "One's own training log",
    "Statistics": "What follows from the log",
    "Operations": "What this is, and whether it is well",
}


class Holds(Enum):
    """What stands in ``data`` of an answer."""

    ONE = "one thing"
    LIST = "all of a collection"
    PAGE = "a page of a collection"


@dataclass(frozen=True)
class Operation:
    """What is to be said about a route beside its metadata.

    Args:
        tag: the chapter it stands in.
        shows: what its answer holds: one of these.
        example: of what it shows.
        body: an example of its body.
        holds: how many of them there are.
        query: an example of its query, to which ``example`` belongs.
        refuses: the statuses of failures that follow from its own rules.
    """

    tag: str
    shows: tuple[type[ResponseSchema], ...]
    example: dict[str, Any]
    body: dict[str, Any] | None = None
    holds: Holds = Holds.ONE
    query: dict[str, Any] | None = None
    refuses: tuple[int, ...] = ()


OPERATIONS: dict[str, Operation] = {
    "index": Operation("Operations", (responses.Index,), examples.INDEX),
    "register": Operation(
        "Users",
        (responses.RegisteredUser,),
        examples.REGISTERED,
        body=examples.NEW_USER,
        refuses=(409,),
    ),
    "login": Operation(
        "Users",
        (responses.SignedIn,),
        examples.SIGNED_IN,
        body=examples.CREDENTIALS,
        refuses=(401,),
    ),
    "logout": Operation("Users", (responses.SignedOut,), examples.SIGNED_OUT),
    "get_user": Operation("Users", (responses.User,), examples.USER, refuses=(403, 404)),
    "list_exercises": Operation(
        "Exercises",
        (responses.Exercise,),
        examples.EXERCISE,
        holds=Holds.PAGE,
        query={"category": "strength", "equipment": "bodyweight", "search": "pull-ups"},
    ),
    "search_exercises": Operation(
        "Exercises",
        (responses.Exercise,),
        examples.EXERCISE,
        holds=Holds.PAGE,
        query={"q": "pull-ups"},
    ),
    "count_exercises": Operation(
        "Exercises",
        (responses.Facets,),
        examples.FACETS,
        query={"equipment": "smith machine"},
    ),
    "get_exercise": Operation(
        "Exercises", (responses.Exercise,), examples.EXERCISE, refuses=(404,)
    ),
    "create_workout": Operation(
        "Workouts",
        (responses.Workout,),
        examples.WORKOUT,
        body=examples.NEW_WORKOUT,
        refuses=(409, 422),
    ),
    "list_workouts": Operation(
        "Workouts",
        (responses.ListedWorkout,),
        examples.LISTED_WORKOUT,
        holds=Holds.PAGE,
        query={"date_from": "2025-02-01", "date_to": "2025-02-28", "sort": "date:desc"},
        refuses=(422,),
    ),
    "get_workout": Operation("Workouts", (responses.Workout,), examples.WORKOUT, refuses=(404,)),
    "update_workout": Operation(
        "Workouts",
        (responses.Workout,),
        examples.CHANGED_WORKOUT,
        body=examples.WORKOUT_CHANGES,
        refuses=(404, 409, 422),
    ),
    "delete_workout": Operation(
        "Workouts", (responses.DeletedWorkout,), examples.DELETED_WORKOUT, refuses=(404,)
    ),
    "exercise_history": Operation(
        "Statistics",
        (responses.History,),
        examples.HISTORY,
        query={"range": "all", "unit": "week"},
        refuses=(404,),
    ),
    "personal_records": Operation("Statistics", (responses.Records,), examples.RECORDS),
    "progress": Operation(
        "Statistics",
        (responses.WeeklyProgress, responses.MonthlyProgress),
        examples.PROGRESS,
        query={"period": "weekly", "weeks": 1},
    ),
}
"""By the names of the gateway's methods."""
