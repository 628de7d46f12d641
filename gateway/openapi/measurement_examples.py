"""Examples of body measurements; see :mod:`gateway.openapi.examples`."""

from typing import Any

from marshmallow import Schema

from schemas import responses
from schemas.measurements import (
    ByExternalId,
    ExternalMeasurement,
    MeasurementChanges,
    MeasurementList,
    NewMeasurement,
)

NEW_MEASUREMENT: dict[str, Any] = {
    "kind": "weight",
    "value": 82.4,
    "unit": "kg",
    "measured_at": "2025-02-16T07:30:00+01:00",
    "external_id": "scale-1042",
}
MEASUREMENT = {
    "id": 7,
    **NEW_MEASUREMENT,
    "version": 1,
    "created_at": "2025-02-16T06:31:12.204911Z",
    "updated_at": "2025-02-16T06:31:12.204911Z",
}

MEASUREMENT_EXAMPLES: dict[type[Schema], dict[str, Any]] = {
    NewMeasurement: NEW_MEASUREMENT,
    ExternalMeasurement: NEW_MEASUREMENT,
    MeasurementChanges: {"value": 82.4, "version": 1},
    MeasurementList: {"kind": "weight", "date_from": "2025-02-01", "date_to": "2025-02-28"},
    ByExternalId: {"external_id": "scale-1042"},
    responses.Measurement: MEASUREMENT,
    responses.DeletedMeasurement: {"id": 7, "deleted": True},
}
