"""Which workout of a file is which, and whether it is still the same.

A workout's identity in a file is the app that wrote it, the start by the clock where the person
was, the name, and the place among those of the file that are equal in these. Its content is what
was done: exercises by the file's names, and sets, without notes.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b

import orjson

from services.workouts.imports.reading.row import Units
from services.workouts.imports.reading.units import METRES_IN
from services.workouts.imports.rules.documents import Document, number_of

DIGEST_BYTES = 16

_OF_A_SET = ("type", "reps", "seconds", "rpe", "rest")


class Identities:
    """Gives the workouts of one file their identities, in the order of the file.

    Args:
        source: the app that wrote the file.
    """

    def __init__(self, source: str):
        self._source = source
        self._seen: Counter[bytes] = Counter()

    def of(self, workout: Document) -> bytes:
        """Return the identity of the next workout."""
        known = [self._source, workout["start"], " ".join(workout.get("name", "").split())]
        alike = _digest(known)
        self._seen[alike] += 1
        return _digest([*known, self._seen[alike]])


def beside(other: bytes, workout_id: int) -> bytes:
    """Return the identity of a workout whose own one another workout has got.

    Args:
        other: its own.
        workout_id: what that became before.
    """
    return _digest([other.hex(), workout_id])


def content(workout: Document, units: Units, exercises: Sequence[str | int] | None = None) -> bytes:
    """Return a hash of what was done.

    Args:
        workout: its document.
        units: those that the file does not name; None if they are not known.
        exercises: what the exercises are known by, in their order; None for the file's names.
    """
    known = exercises or [exercise["name"] for exercise in workout["exercises"]]
    return _digest(
        [
            [
                name,
                exercise.get("superset"),
                [_of_a_set(each, units) for each in exercise["sets"]],
            ]
            for name, exercise in zip(known, workout["exercises"], strict=True)
        ]
    )


def metres(each: Document, units: Units) -> Decimal | None:
    """Return the distance of a set; in the file's unit if that is not known."""
    distance = number_of(each, "distance")
    if distance is None or each["metres"] or units.distance is None:
        return distance
    return distance * METRES_IN[units.distance]


def _of_a_set(each: Document, units: Units) -> list[object]:
    weight = each.get("weight")
    distance = metres(each, units)
    # only our own exports have it; without, the hash is that of versions before
    reserve = [each["rir"]] if "rir" in each else []
    return [
        *(each.get(name) for name in _OF_A_SET),
        weight,
        weight and each.get("unit", units.weight),
        None if distance is None else str(round(distance)),
        *reserve,
    ]


def _digest(value: object) -> bytes:
    return blake2b(orjson.dumps(value), digest_size=DIGEST_BYTES).digest()
