"""What one record of a file says, the same for all layouts."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class Row(NamedTuple):
    """One record. What the file does not have, or has as zero, is None.

    ``weight`` is in ``weight_unit``, and below 0 if it was taken off. Without a ``distance_unit``
    ``distance_m`` is as it was written. ``kind`` is a set type of ``schemas.sets``, or ``REST`` or
    ``NOTE``, which are no sets. ``place`` is the set's number.
    """

    line: int
    number: str
    start: datetime
    end: datetime | None
    name: str
    duration_seconds: int | None
    workout_notes: str
    exercise: str
    superset: int | None
    exercise_notes: str
    place: int | None
    kind: str
    weight: Decimal | None
    weight_unit: str | None
    reps: Decimal | None
    distance_m: Decimal | None
    distance_unit: str | None
    seconds: Decimal | None
    rpe: Decimal | None
    notes: str


class Units(NamedTuple):
    """The units that a file does not name; None if they are not known."""

    weight: str | None = None
    distance: str | None = None
