"""Responses about changes of what is one's own."""

from marshmallow import fields

from schemas.changes import OPERATIONS
from schemas.responses.base import ResponseSchema, choice, count, identifier, options, text

KINDS = ["workout", "measurement", "exercise", "exercise_details", "settings"]


class Change(ResponseSchema):
    """A thing that has changed, as it is now."""

    cursor = text("Where this change is; go on `after` it.")
    kind = choice(KINDS, "What it is.")
    id = identifier("Of the thing.")
    op = choice(list(OPERATIONS), "Whether to keep `data`, or to delete what there is.")
    version = count(
        "Greater with each change of the thing; of what was deleted at least its last one."
    )
    data = fields.Dict(
        keys=fields.String(),
        **options("The thing, as its own route shows it; null if it was deleted.", True),
    )
