"""The routes that find exercises, which the gateway's class inherits."""

from typing import Any

from gateway.admission.callers import OPTIONAL
from gateway.entrypoint import route
from gateway.openapi.contents import page_of
from gateway.requests.request import Request
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.replies import Reply, page_reply
from schemas import responses, scopes
from schemas.errors import InternalError, NotFound, ServiceUnavailable
from schemas.exercises import ExerciseFacets, ExerciseList, ExerciseSearch
from schemas.names import PUBLIC_NAMES
from services.process import budgets


class ExerciseRoutes:
    """Finding exercises."""

    # Any: a worker gets the service's methods in its place
    exercises: Any

    @route(
        "GET",
        "/api/exercises",
        scope=scopes.WORKOUTS_READ,
        caller=OPTIONAL,
        query=ExerciseList,
        cache=CachePolicy.CATALOGUE,
        shows=page_of(responses.Exercise),
    )
    def list_exercises(self, request: Request) -> Reply:
        """List the catalogue, and your own exercises, filtered and sorted."""
        return page_reply(request.query, self.exercises.list(**seen_by(request), **request.query))

    @route(
        "GET",
        "/api/exercises/search",
        scope=scopes.WORKOUTS_READ,
        caller=OPTIONAL,
        query=ExerciseSearch,
        cache=CachePolicy.CATALOGUE,
        shows=page_of(responses.Exercise),
    )
    def search_exercises(self, request: Request) -> Reply:
        """Search the catalogue and your own exercises; the best match comes first."""
        return page_reply(request.query, self.exercises.search(**seen_by(request), **request.query))

    @route(
        "GET",
        "/api/exercises/facets",
        scope=scopes.WORKOUTS_READ,
        caller=OPTIONAL,
        query=ExerciseFacets,
        cache=CachePolicy.CATALOGUE,
        shows=responses.Facets,
    )
    def count_exercises(self, request: Request) -> Reply:
        """Count the exercises by each value they can be filtered by, for a filter screen."""
        return Reply(self.exercises.facets(**seen_by(request), **request.query))

    @route(
        "GET",
        "/api/exercises/:id",
        scope=scopes.WORKOUTS_READ,
        caller=OPTIONAL,
        cache=CachePolicy.CATALOGUE,
        shows=responses.Exercise,
        refuses=[NotFound],
    )
    def get_exercise(self, request: Request) -> Reply:
        """Show an exercise: of the catalogue, or one of your own."""
        return Reply(find(self.exercises, request))


def seen_by(request: Request) -> dict[str, Any]:
    """Return the argument of reads that says who asks, if that makes a difference."""
    return {} if request.caller is None else {"user_id": request.user_id}


def find(exercises: Any, request: Request) -> dict[str, Any]:
    """Return the exercise that a request is for, of the catalogue or the caller's own.

    Args:
        exercises: the exercises service.
        request: its path has the id.

    Raises:
        NotFound: there is none that the caller sees.
        ServiceUnavailable: the catalogue has none, and the caller's own could not be asked for.
    """
    found: dict[str, Any]
    try:
        found = exercises.get(request.id, **seen_by(request))
    except InternalError:
        if request.caller is None:
            raise
        # the version before, which may serve during an upgrade, takes no user
        try:
            found = exercises.get(request.id)
        except NotFound:
            service, seconds = PUBLIC_NAMES["exercises"], budgets.UNAVAILABLE_RETRY_AFTER
            raise ServiceUnavailable.of(service, seconds) from None
    return found
