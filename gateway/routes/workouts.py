"""The routes of workouts, which the gateway's class inherits."""

from contextlib import suppress
from typing import Any

from gateway import workout_events
from gateway.entrypoint import route
from gateway.openapi import examples
from gateway.openapi.contents import list_of, page_of
from gateway.requests.request import Request
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.replies import Reply, page_reply
from schemas import responses, scopes
from schemas.errors import BusinessRuleViolation, Conflict, Gone, NotFound
from schemas.workouts import LastSets, NewWorkout, WorkoutChanges, WorkoutList

NOTHING = {"items": [], "total": 0}

NEW_WORKOUTS = (CachePolicy.WORKOUTS, CachePolicy.NUMBERS)
"""The cached responses that a new workout makes stale."""

ONE_WORKOUT = (CachePolicy.WORKOUT, *NEW_WORKOUTS)
"""The cached responses that a change of a workout makes stale."""


class WorkoutRoutes:
    """Logging workouts, and reading and changing them."""

    # Any: a worker gets providers in their places
    workouts: Any
    dispatch: Any

    @route(
        "POST",
        "/api/workouts",
        scope=scopes.WORKOUTS_WRITE,
        body=NewWorkout,
        status=201,
        takes_key=True,
        known="A workout with this `client_id` was made from this body before; as it is now",
        changes=NEW_WORKOUTS,
        shows=responses.Workout,
        refuses=[Conflict, Gone, BusinessRuleViolation],
    )
    def create_workout(self, request: Request) -> Reply:
        """Log a workout. With a `client_id` or an `Idempotency-Key` it is safe to try again."""
        created = self.workouts.create(
            request.user_id, request.body, idempotency_key=request.idempotency_key
        )
        workout = created["workout"]
        replayed = (("Idempotent-Replayed", "true"),) if created["replayed"] else ()
        # a workouts service of the version before does not say so
        was_there = created.get("was_there", False)
        if not (replayed or was_there):
            workout_events.announce(
                self.dispatch,
                workout_events.CREATED,
                request.user_id,
                workout,
                created.get("counted"),
            )
        return Reply(
            workout,
            location=f"/api/workouts/{workout['id']}",
            headers=replayed,
            was_there=was_there,
        )

    @route(
        "GET",
        "/api/workouts",
        scope=scopes.WORKOUTS_READ,
        query=WorkoutList,
        cache=CachePolicy.WORKOUTS,
        shows=page_of(responses.ListedWorkout),
        refuses=[BusinessRuleViolation],
    )
    def list_workouts(self, request: Request) -> Reply:
        """List one's own workouts; administrators can list anybody's."""
        own = {"user_id": request.user_id}
        wanted = own | request.query
        if wanted == wanted | own or request.caller.is_admin:
            return page_reply(request.query, self.workouts.list(**wanted))
        # of others nothing is shown; the call checks the rest of the query all the same
        self.workouts.list(**wanted | own)
        return page_reply(request.query, NOTHING)

    @route(
        "GET",
        "/api/workouts/:id",
        scope=scopes.WORKOUTS_READ,
        cache=CachePolicy.WORKOUT,
        shows=responses.Workout,
        refuses=[NotFound],
    )
    def get_workout(self, request: Request) -> Reply:
        """Show a workout: one's own, or any to an administrator."""
        if request.caller.is_admin:
            return Reply(self._workout_of_anybody(request.id))
        return Reply(self.workouts.get(request.id, user_id=request.user_id))

    def _workout_of_anybody(self, workout_id: int) -> dict[str, Any]:
        cells = self.workouts.cells
        if len(cells) == 1:
            found: dict[str, Any] = self.workouts.get(workout_id, user_id=None)
            return found
        for cell in cells:
            with suppress(NotFound):
                found = self.workouts.in_cell(cell).get(workout_id, user_id=None)
                # it may be what was left of a user who was moved, or is on the way
                current: dict[str, Any] = self.workouts.get(workout_id, user_id=found["user_id"])
                return current
        raise NotFound("There is no such workout")

    @route(
        "PUT",
        "/api/workouts/:id",
        scope=scopes.WORKOUTS_WRITE,
        body=WorkoutChanges,
        changes=ONE_WORKOUT,
        shows=responses.Workout,
        refuses=[NotFound, Conflict, BusinessRuleViolation],
        example=examples.CHANGED_WORKOUT,
    )
    def update_workout(self, request: Request) -> Reply:
        """Change the fields that are given; null clears one."""
        workout = self.workouts.update(request.user_id, request.id, request.body)
        if changed := workout_events.fields_given(request.body):
            workout_events.announce(
                self.dispatch,
                workout_events.UPDATED,
                request.user_id,
                workout,
                changed=changed,
            )
        return Reply(workout)

    @route(
        "DELETE",
        "/api/workouts/:id",
        scope=scopes.WORKOUTS_WRITE,
        changes=ONE_WORKOUT,
        shows=responses.DeletedWorkout,
        refuses=[NotFound],
    )
    def delete_workout(self, request: Request) -> Reply:
        """Delete a workout."""
        deleted = self.workouts.delete(request.user_id, request.id)
        workout_events.announce(self.dispatch, workout_events.DELETED, request.user_id, deleted)
        return Reply({"id": deleted["id"], "deleted": True})

    @route(
        "GET",
        "/api/exercises/last",
        scope=scopes.WORKOUTS_READ,
        query=LastSets,
        cache=CachePolicy.WORKOUTS,
        shows=list_of(responses.LastPerformance),
    )
    def last_sets(self, request: Request) -> Reply:
        """Show the working sets of one's latest workout of each exercise, if there is one."""
        return Reply(self.workouts.last_sets(request.user_id, **request.query))
