"""Responses about body measurements."""

from schemas.measurements import KIND_NAMES, UNITS
from schemas.responses.base import (
    ResponseSchema,
    always_true,
    amount,
    choice,
    count,
    identifier,
    sent_instant,
    text,
    timestamp,
)


class Measurement(ResponseSchema):
    """One measurement of the body."""

    id = identifier()
    kind = choice(KIND_NAMES, "What was measured.")
    value = amount("As it was given, in `unit`.")
    unit = choice(UNITS)
    measured_at = sent_instant("As it was sent, in whole seconds.")
    external_id = text("That an app or a scale has given it.", null=True)
    version = count("Goes up by one with each change.")
    created_at = timestamp()
    updated_at = timestamp()


class DeletedMeasurement(ResponseSchema):
    """What is left of a measurement."""

    id = identifier()
    deleted = always_true()
