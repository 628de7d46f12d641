"""The best sets of an exercise in one workout: of each kind of record that is one set.

Each best has a slot: the kind of record, and what it is kept by. ``longest_at`` is kept by the
weight in kilograms, ``rep_max`` by the repetitions, everything else by 0.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from schemas.stats import FORMULAS, MOST_ESTIMATED, PACE
from schemas.units import ASSISTED, as_decimal, kilograms
from services.analytics.rules.one_rep_max import DEFAULT_FORMULA, factor

BEST_E1RM = "best_e1rm"
BEST_SET_VOLUME = "best_set_volume"
LEAST_ASSISTANCE = "least_assistance"
LONGEST = "longest"
LONGEST_AT = "longest_at"
FARTHEST = "farthest"
FASTEST_PACE = "fastest_pace"
REP_MAX = "rep_max"
"""The heaviest set of some repetitions. It is kept for the repetitions of a set as far as
:data:`schemas.stats.MOST_ESTIMATED`, then for all above; between two whole numbers for all that are
there."""

E1RM_BY = {
    formula: BEST_E1RM if formula == DEFAULT_FORMULA else f"{BEST_E1RM}_{formula}"
    for formula in FORMULAS
}
"""The kind that each formula's estimates are kept as."""

SINGLE_KINDS = (
    *E1RM_BY.values(),
    BEST_SET_VOLUME,
    LEAST_ASSISTANCE,
    LONGEST,
    FARTHEST,
    FASTEST_PACE,
)
"""The kinds with one record an exercise. The history has a column of the sizes of each."""

ESTIMATED = {"weight_reps", "bodyweight_reps"}
"""The measures whose sets have an estimated one-rep max; of pull-ups, of the added weight."""

ONLY = 0
"""What those are kept by that have one record an exercise."""

NO_TIE = 0
"""The tie of those whose sizes alone compare."""

_HALF = Decimal("0.5")

SHORTEST_PACED = 400
"""The metres that a pace needs: on less it is a sprint, or a mistake of a metre."""

_FACTORS: dict[Decimal | int, dict[str, tuple[Decimal, Decimal]]] = {
    repetitions: {kind: factor(Decimal(repetitions), formula) for formula, kind in E1RM_BY.items()}
    for repetitions in range(1, MOST_ESTIMATED + 1)
}

Slot = tuple[str, Decimal | int]
"""A kind and what it is kept by. A whole number is an ``int`` where it is at hand: it equals the
decimal, and its hash takes a tenth of the time."""


class Best(NamedTuple):
    """The best set of a slot in one workout.

    ``size`` compares, and of equal ones ``tie`` does: greater is better, also where less is, such
    as for a pace, whose size is negative. Weights compare in kilograms. ``value`` and ``unit`` are
    as logged; ``place`` is the set's in ``raw_sets``.
    """

    size: Decimal
    value: Decimal
    unit: str
    place: int
    tie: Decimal | int = NO_TIE

    @property
    def rank(self) -> tuple[Decimal, Decimal | int]:
        """What compares."""
        return self.size, self.tie


def set_bests(measure: str, rep_type: str, sets: list[dict[str, Any]]) -> dict[Slot, Best]:
    """Find the best set of each slot; of equal ones the first.

    Args:
        measure: of the exercise, as logged.
        rep_type: likewise.
        sets: the working sets, as they are in ``raw_sets``.
    """
    if measure == ASSISTED:
        return _best_of(_assisted(sets))
    if rep_type == "time":
        return _best_of(_held(sets))
    if rep_type == "distance":
        return _best_of(_covered(sets))
    return _lifted(sets, is_estimated=measure in ESTIMATED)


def duration(logged_set: dict[str, Any], rep_type: str) -> Decimal | None:
    """Return the seconds of a set; of an exercise that counts time, ``reps`` alone are seconds."""
    return _meant(logged_set, "duration_seconds", rep_type == "time")


def distance(logged_set: dict[str, Any], rep_type: str) -> Decimal | None:
    """Return the metres of a set; of an exercise that counts distance, ``reps`` alone are."""
    return _meant(logged_set, "distance_m", rep_type == "distance")


def _best_of(candidates: Iterable[tuple[Slot, Best]]) -> dict[Slot, Best]:
    found: dict[Slot, Best] = {}
    for slot, best in candidates:
        known = found.get(slot)
        if known is None or best.size > known.size or best.rank > known.rank:
            found[slot] = best
    return found


def _lifted(sets: list[dict[str, Any]], is_estimated: bool) -> dict[Slot, Best]:
    found: dict[Slot, Best] = {}
    for place, logged in enumerate(sets):
        if not logged["weight"]:
            continue
        lift = logged["reps"], logged["weight"], logged["unit"]
        for slot, size, value, unit in _sizes_of_lift(*lift, is_estimated):
            known = found.get(slot)
            if known is None or size > known.size:
                found[slot] = Best(size, value, unit, place)
    return found


# lifters do the same few sets again and again; typed, since 1 and 1.0 are equal keys
@lru_cache(maxsize=2000, typed=True)
def _sizes_of_lift(
    repetitions: float, weight: float, unit: str, is_estimated: bool
) -> list[tuple[Slot, Decimal, Decimal, str]]:
    """Return the size, the value and its unit in each slot of a set with a weight."""
    sizes: list[tuple[Slot, Decimal, Decimal, str]] = []
    size, value = kilograms(weight, unit), as_decimal(weight)
    volume = as_decimal(repetitions) * size
    if volume:
        sizes.append(((BEST_SET_VOLUME, ONLY), volume, volume, "kg"))
    if is_estimated and repetitions >= 1:
        kept_by = _kept_by(repetitions)
        sizes.append(((REP_MAX, kept_by), size, value, unit))
        for kind, (numerator, denominator) in _FACTORS.get(kept_by, {}).items():
            estimate = value * numerator / denominator
            in_kilograms = estimate if unit == "kg" else size * numerator / denominator
            sizes.append(((kind, ONLY), in_kilograms, estimate, unit))
    return sizes


def _kept_by(repetitions: float) -> Decimal | int:
    if repetitions > MOST_ESTIMATED:
        return MOST_ESTIMATED + 1
    whole = int(repetitions)
    return whole if whole == repetitions else whole + _HALF


def _assisted(sets: list[dict[str, Any]]) -> Iterator[tuple[Slot, Best]]:
    for place, logged in enumerate(sets):
        if logged["weight"] and logged["reps"] >= 1:
            weight, repetitions = as_decimal(logged["weight"]), as_decimal(logged["reps"])
            size = -kilograms(weight, logged["unit"])
            yield (LEAST_ASSISTANCE, ONLY), Best(size, weight, logged["unit"], place, repetitions)


def _held(sets: list[dict[str, Any]]) -> Iterator[tuple[Slot, Best]]:
    for place, logged in enumerate(sets):
        seconds = duration(logged, "time")
        if seconds:
            best = Best(seconds, seconds, "seconds", place)
            yield (LONGEST, ONLY), best
            if logged["weight"]:
                yield (LONGEST_AT, kilograms(logged["weight"], logged["unit"])), best


def _covered(sets: list[dict[str, Any]]) -> Iterator[tuple[Slot, Best]]:
    for place, logged in enumerate(sets):
        metres, seconds = distance(logged, "distance"), duration(logged, "distance")
        if metres:
            yield (FARTHEST, ONLY), Best(metres, metres, "meters", place)
        if seconds:
            yield (LONGEST, ONLY), Best(seconds, seconds, "seconds", place)
        if metres and seconds and metres >= SHORTEST_PACED:
            pace = seconds * 1000 / metres
            yield (FASTEST_PACE, ONLY), Best(-pace, pace, PACE, place)


def _meant(logged_set: dict[str, Any], name: str, by_reps: bool) -> Decimal | None:
    given = logged_set.get(name)
    if given is None and by_reps:
        # logged before there was such a field, or counted from a workouts service of that version
        given = logged_set["reps"]
    return as_decimal(given) if given else None
