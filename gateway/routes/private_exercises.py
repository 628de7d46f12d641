"""The routes of private exercises, which the gateway's class inherits."""

from typing import Any

from gateway.entrypoint import route
from gateway.openapi import examples
from gateway.requests.request import Request
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.replies import Reply
from schemas import responses, scopes
from schemas.errors import (
    BusinessRuleViolation,
    Conflict,
    NotFound,
)
from schemas.loading import load
from schemas.private_exercises import ExerciseChanges, MergeTarget, NewExercise, OwnDetailsChanges

OWN_EXERCISES = (CachePolicy.CATALOGUE,)
"""The cached responses to its owner that a change of a private exercise makes stale."""

MERGED_EXERCISES = (CachePolicy.CATALOGUE, CachePolicy.WORKOUTS, CachePolicy.NUMBERS)
"""Those that a merge of a private exercise makes stale. One workout is not among them, as the path
does not name it: Redis tells that it is stale."""

MERGE_TARGET = MergeTarget()


class PrivateExerciseRoutes:
    """Making, changing and removing exercises that only their owner sees."""

    # Any: a worker gets the service's methods in its place
    exercises: Any

    @route(
        "POST",
        "/api/exercises",
        scope=scopes.EXERCISES_WRITE,
        body=NewExercise,
        status=201,
        changes=OWN_EXERCISES,
        shows=responses.NewPrivateExercise,
        refuses=[Conflict, BusinessRuleViolation],
    )
    def create_exercise(self, request: Request) -> Reply:
        """Make an exercise of your own, which nobody else sees.

        Similar ones of the catalogue are listed in `details`; they are no reason to refuse it.
        """
        exercise = self.exercises.create(request.user_id, request.body)
        return Reply(exercise, location=f"/api/exercises/{exercise['id']}")

    @route(
        "PUT",
        "/api/exercises/:id",
        scope=scopes.EXERCISES_WRITE,
        body=ExerciseChanges,
        changes=OWN_EXERCISES,
        shows=responses.Exercise,
        refuses=[NotFound, Conflict, BusinessRuleViolation],
        example=examples.CHANGED_EXERCISE,
    )
    def update_exercise(self, request: Request) -> Reply:
        """Change the fields that are given of an exercise of your own; null clears one.

        A new name is shown in old workouts, too.
        """
        return Reply(self.exercises.update(request.user_id, request.id, request.body))

    @route(
        "DELETE",
        "/api/exercises/:id",
        scope=scopes.EXERCISES_WRITE,
        changes=OWN_EXERCISES,
        shows=responses.DeletedExercise,
        refuses=[NotFound, BusinessRuleViolation],
    )
    def delete_exercise(self, request: Request) -> Reply:
        """Delete an exercise of your own that no workout uses, and what was merged into it."""
        return Reply(self.exercises.delete(request.user_id, request.id))

    @route(
        "POST",
        "/api/exercises/:id/archive",
        scope=scopes.EXERCISES_WRITE,
        changes=OWN_EXERCISES,
        shows=responses.Exercise,
        refuses=[NotFound, BusinessRuleViolation],
        example=examples.ARCHIVED_EXERCISE,
    )
    def archive_exercise(self, request: Request) -> Reply:
        """Leave an exercise of your own out of lists; workouts that have it keep it."""
        return Reply(self.exercises.archive(request.user_id, request.id))

    @route(
        "POST",
        "/api/exercises/:id/restore",
        scope=scopes.EXERCISES_WRITE,
        changes=OWN_EXERCISES,
        shows=responses.Exercise,
        refuses=[NotFound, BusinessRuleViolation],
        example=examples.CHANGED_EXERCISE,
    )
    def restore_exercise(self, request: Request) -> Reply:
        """Bring an archived exercise of your own back into lists."""
        return Reply(self.exercises.restore(request.user_id, request.id))

    @route(
        "POST",
        "/api/exercises/:id/merge",
        scope=scopes.EXERCISES_WRITE,
        body=MergeTarget,
        changes=MERGED_EXERCISES,
        shows=responses.Exercise,
        refuses=[NotFound, BusinessRuleViolation],
        example=examples.MERGED_EXERCISE,
        unfinished=examples.ARCHIVED_EXERCISE,
    )
    def merge_exercise(self, request: Request) -> Reply:
        """Merge an exercise of your own into another: your workouts that have it get the other one.

        What takes longer goes on after the response, and `merged_into` is null until it is done.
        """
        # the method takes no body, so what else is in it is refused here
        into = load(MERGE_TARGET, request.body)["into"]
        exercise = self.exercises.merge(request.user_id, request.id, into)
        if exercise.get("merged_into") is not None:
            return Reply(exercise)
        return Reply(exercise, location=f"/api/exercises/{request.id}", is_unfinished=True)

    @route(
        "PUT",
        "/api/exercises/:id/mine",
        scope=scopes.EXERCISES_WRITE,
        body=OwnDetailsChanges,
        changes=OWN_EXERCISES,
        shows=responses.Exercise,
        refuses=[NotFound, BusinessRuleViolation],
        example=examples.NOTED_EXERCISE,
    )
    def set_mine(self, request: Request) -> Reply:
        """Keep muscles and notes of your own on an exercise of the catalogue.

        Only you see it, as `mine`. A field that is given replaces what it was; null clears it.
        """
        return Reply(self.exercises.set_mine(request.user_id, request.id, request.body))
