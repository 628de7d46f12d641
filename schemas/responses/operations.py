"""Responses about the system itself."""

from marshmallow import fields

from schemas.responses.base import ResponseSchema, choice, text


class Index(ResponseSchema):
    """What this is, and where the documentation is."""

    name = text()
    version = text()
    documentation = text("The address of a page to read it and to try the API.")
    openapi = text("The address of the same for programs.")


class Health(ResponseSchema):
    """A process that answers."""

    status = choice(["ok"])
    service = text()


class Circuit(ResponseSchema):
    """Whether a service is called, or given a rest after failing again and again."""

    state = choice(["closed", "open", "half_open"], "`closed` is well.")
    since = fields.String(metadata={"format": "date-time"})


class Readiness(ResponseSchema):
    """A process that can do its work."""

    status = choice(["ready"])
    service = text()
    degraded = fields.List(
        fields.String(), metadata={"description": "What is away and can be done without."}
    )
    circuits = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(Circuit),
        metadata={"description": "By the names of the services behind the gateway."},
    )
