"""Responses about take-outs."""

from schemas.responses.base import ResponseSchema, choice, timestamp
from schemas.take_outs import STATUSES


class TakeOut(ResponseSchema):
    """A copy of one's data that is being made."""

    status = choice(STATUSES)
    requested_at = timestamp()
