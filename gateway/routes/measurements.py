"""The routes of body measurements, which the gateway's class inherits."""

from typing import Any

from gateway.entrypoint import route
from gateway.openapi.contents import list_of, page_of
from gateway.requests.request import Request
from gateway.responses.replies import Reply, page_reply
from gateway.upstream.result_shapes import BOOLEAN, INTEGER, object_with
from schemas import responses, scopes
from schemas.errors import BusinessRuleViolation, Conflict, NotFound
from schemas.measurements import (
    ByExternalId,
    ExternalMeasurement,
    MeasurementChanges,
    MeasurementList,
    NewMeasurement,
)

PATH = "/api/measurements"
CHANGED = "A measurement of this kind had the `external_id`, and was changed if it was another"

SAVED_MEASUREMENT = object_with(measurement=object_with(id=INTEGER), was_there=BOOLEAN)


class MeasurementRoutes:
    """What one's scale and tape have read."""

    # Any: a worker gets the service's methods in its place
    workouts: Any

    @route(
        "POST",
        PATH,
        scope=scopes.WORKOUTS_WRITE,
        body=NewMeasurement,
        status=201,
        known=CHANGED,
        shows=responses.Measurement,
        refuses=[BusinessRuleViolation],
    )
    def create_measurement(self, request: Request) -> Reply:
        """Keep a measurement. With an `external_id` it is safe to try again."""
        return _saved(self.workouts.create_measurement(request.user_id, request.body))

    @route(
        "PUT",
        PATH,
        scope=scopes.WORKOUTS_WRITE,
        body=ExternalMeasurement,
        status=201,
        known=CHANGED,
        shows=responses.Measurement,
        refuses=[BusinessRuleViolation],
    )
    def put_measurement(self, request: Request) -> Reply:
        """Make or change the measurement with an `external_id`. It is safe to try again."""
        return _saved(self.workouts.put_measurement(request.user_id, request.body))

    @route(
        "GET",
        PATH,
        scope=scopes.WORKOUTS_READ,
        query=MeasurementList,
        shows=page_of(responses.Measurement),
        refuses=[BusinessRuleViolation],
    )
    def list_measurements(self, request: Request) -> Reply:
        """List your measurements, newest first."""
        found = self.workouts.list_measurements(request.user_id, **request.query)
        return page_reply(request.query, found)

    @route(
        "DELETE",
        PATH,
        scope=scopes.WORKOUTS_WRITE,
        query=ByExternalId,
        shows=list_of(responses.DeletedMeasurement),
        refuses=[NotFound],
    )
    def delete_external_measurements(self, request: Request) -> Reply:
        """Delete the measurements with an `external_id`: one of each kind at most."""
        return Reply(
            self.workouts.delete_measurement_by_external_id(request.user_id, **request.query)
        )

    @route(
        "GET",
        f"{PATH}/:id",
        scope=scopes.WORKOUTS_READ,
        shows=responses.Measurement,
        refuses=[NotFound],
    )
    def get_measurement(self, request: Request) -> Reply:
        """Show a measurement."""
        return Reply(self.workouts.get_measurement(request.user_id, request.id))

    @route(
        "PUT",
        f"{PATH}/:id",
        scope=scopes.WORKOUTS_WRITE,
        body=MeasurementChanges,
        shows=responses.Measurement,
        refuses=[NotFound, Conflict, BusinessRuleViolation],
    )
    def update_measurement(self, request: Request) -> Reply:
        """Change the fields that are given; null clears `external_id`."""
        return Reply(self.workouts.update_measurement(request.user_id, request.id, request.body))

    @route(
        "DELETE",
        f"{PATH}/:id",
        scope=scopes.WORKOUTS_WRITE,
        shows=responses.DeletedMeasurement,
        refuses=[NotFound],
    )
    def delete_measurement(self, request: Request) -> Reply:
        """Delete a measurement."""
        return Reply(self.workouts.delete_measurement(request.user_id, request.id))


def _saved(saved: dict[str, Any]) -> Reply:
    measurement, was_there = saved["measurement"], saved["was_there"]
    return Reply(measurement, location=f"{PATH}/{measurement['id']}", was_there=was_there)
