"""Responses about accounts that were deleted."""

from schemas.responses.base import ResponseSchema, choice, list_of, text, timestamp

UNDER_WAY, COMPLETE = "under_way", "complete"
_SERVICES = ["analytics", "exercises", "notifications", "workouts"]


class ErasedByService(ResponseSchema):
    """What a service says of an erasure."""

    service = choice(_SERVICES)
    erased_at = timestamp("When it had nothing more of the user.", null=True)


class Deletion(ResponseSchema):
    """How far the erasure of a deleted account is."""

    status = choice([UNDER_WAY, COMPLETE])
    requested_at = timestamp()
    completed_at = timestamp(null=True)
    services = list_of(ErasedByService)


class AcceptedDeletion(Deletion):
    """A deleted account, and the receipt with which to ask how far its erasure is."""

    receipt = text("It is told only here; whoever has it needs no token.")
