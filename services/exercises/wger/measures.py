"""What the sets of an exercise of wger's hold: a plain function."""

from collections.abc import Iterable

from services.exercises.rules.words import singular, split
from services.exercises.wger import vocabulary

MEASURED_BY = ("name", "category", "rep_type", "equipment")
"""The columns from which a measure follows."""


def measure_of(name: str, category: str, rep_type: str, equipment: str | None) -> str:
    """Return what the sets of an exercise hold, one of the measures of its ``rep_type``.

    Args:
        name: of the exercise.
        category: as :func:`services.exercises.wger.entries.category_of` returns it.
        rep_type: as :func:`services.exercises.wger.entries.rep_type_of` returns it.
        equipment: the main piece, None if it is not known.
    """
    words = f" {' '.join(map(singular, split(name)))} "
    is_strength = category == "strength"
    if rep_type == "time":
        is_weighted = equipment in vocabulary.WEIGHTS or _mentions(words, vocabulary.WEIGHTED)
        return "weight_duration" if is_strength and is_weighted else "duration"
    if rep_type == "distance":
        is_loaded = equipment in vocabulary.LOADS or _mentions(words, vocabulary.LOADED)
        return "weight_distance" if is_strength and is_loaded else "distance_duration"
    lifts_oneself = _mentions(words, vocabulary.LIFTING_ONESELF)
    if _mentions(words, vocabulary.ASSISTED) or (lifts_oneself and equipment == "band"):
        return "assisted_reps"
    if lifts_oneself and equipment not in vocabulary.LOADS:
        return "bodyweight_reps"
    return "reps" if equipment in vocabulary.WEIGHTLESS or not is_strength else "weight_reps"


def _mentions(words: str, phrases: Iterable[str]) -> bool:
    return any(f" {phrase} " in words for phrase in phrases)
