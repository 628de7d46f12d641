"""What is shown of the system itself."""

from marshmallow import fields

from schemas.responses.base import Shown, choice, words


class Index(Shown):
    """What this is, and where the documentation is."""

    name = words()
    version = words()
    documentation = words("The address of a page to read it and to try the API.")
    openapi = words("The address of the same for programs.")


class Health(Shown):
    """A process that answers."""

    status = choice(["ok"])
    service = words()


class Circuit(Shown):
    """Whether a service is called, or given a rest after failing again and again."""

    state = choice(["closed", "open", "half_open"], "`closed` is well.")
    since = fields.String(metadata={"format": "date-time"})


class Readiness(Shown):
    """A process that can do its work."""

    status = choice(["ready"])
    service = words()
    degraded = fields.List(
        fields.String(), metadata={"description": "What is away and can be done without."}
    )
    circuits = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(Circuit),
        metadata={"description": "By the names of the services behind the gateway."},
    )
