"""The rules of take-outs."""

from schemas.fields import IntegerParameter
from schemas.loading import Parameters

UNDER_WAY, READY = "under_way", "ready"
STATUSES = [UNDER_WAY, READY]

MOST_PIECES = 2**31 - 1


class Piece(Parameters):
    """Which piece of a zip."""

    position = IntegerParameter(min_value=0, max_value=MOST_PIECES, required=True)
