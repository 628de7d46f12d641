"""What the sets in a file say about the exercise that a name means."""

from typing import NamedTuple

from services.exercises.matching.index import Entry

ASSISTED_KIND = {
    "pull-ups": "assisted-pull-ups",
    "chin-ups": "assisted-pull-ups",
    "neutral-grip-pull-ups": "assisted-pull-ups",
    "parallel-bar-dips": "machine-assisted-dips",
}
"""The exercise that takes weight off, by the one that does not."""

WEIGHTED_KIND = {"plank": "weighted-plank"}
"""The exercise that holds a weight, by the one that does not."""

BARE_KIND = {
    "standing-calf-raise": "bodyweight-calf-raise",
    "barbell-squat": "bodyweight-squat",
    "barbell-hip-thrust": "glute-bridge",
}
"""The exercise with no weight but one's own, by the one that goes by the same name without its
equipment."""

_CARDIO = {"distance_duration", "duration"}
_COUNTED = {"weight_reps", "reps", "bodyweight_reps", "assisted_reps"}


class Kind(NamedTuple):
    """The exercise that sets of a measure are of: one that is sure, or several that may be."""

    sure: str | int | None
    may_be: tuple[str | int, ...] = ()


def kind_of(entry: Entry, measure: str | None, why: str, names_equipment: bool) -> Kind:
    """Return which exercise is meant by a name that led to one, as the sets in the file are.

    Args:
        entry: the exercise.
        measure: of the sets; None if it is not known.
        why: how the name led to it.
        names_equipment: whether the name says which equipment is used.
    """
    known_as = entry.known_as
    if measure == "assisted_reps" and entry.measure != "assisted_reps":
        other = ASSISTED_KIND.get(str(known_as))
        return Kind(other) if other else Kind(None, (known_as,))
    if measure == "weight_duration" and str(known_as) in WEIGHTED_KIND:
        return Kind(WEIGHTED_KIND[str(known_as)])
    if measure == "weight_reps" and entry.measure in _CARDIO and why != "exact":
        return Kind(None, (known_as,))
    if measure == "distance_duration" and entry.measure == "weight_reps":
        return Kind(None, (known_as,))
    if measure == "reps" and entry.measure == "weight_reps" and not names_equipment:
        bare = BARE_KIND.get(str(known_as))
        if bare or why != "exact":
            return Kind(None, (known_as, bare) if bare else (known_as,))
    return Kind(known_as)


def only_of_kind(entries: list[Entry], measure: str | None) -> Entry | None:
    """Return the one of several exercises that sets of a measure can be of; None if it is not one.

    Args:
        entries: exercises with one name, such as "Row".
        measure: of the sets; None if it is not known.
    """
    kinds = next((kinds for kinds in (_CARDIO, _COUNTED) if measure in kinds), set())
    found = [entry for entry in entries if entry.measure in kinds]
    return found[0] if len(found) == 1 and len(entries) > 1 else None
