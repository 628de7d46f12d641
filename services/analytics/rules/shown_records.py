"""Records and rep maxes of one exercise as answers show them, each with its set."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from schemas.stats import MOST_ESTIMATED
from schemas.units import ASSISTED, as_decimal, in_unit, rounded
from services.analytics.rules.metrics import Place
from services.analytics.rules.one_rep_max import (
    confidence,
    one_rep_max,
    repetitions_in_reserve,
    weight_for,
    with_reserve,
)
from services.analytics.rules.set_bests import (
    BEST_E1RM,
    BEST_SET_VOLUME,
    E1RM_BY,
    FARTHEST,
    FASTEST_PACE,
    LEAST_ASSISTANCE,
    LONGEST,
    LONGEST_AT,
    distance,
    duration,
    set_bests,
)

_LIFTED = ("max_weight", "max_reps", "max_volume", BEST_E1RM, BEST_SET_VOLUME)
_HELD = (LONGEST, LONGEST_AT)
_COVERED = (FARTHEST, LONGEST, FASTEST_PACE)

KINDS_OF = {
    "weight_reps": _LIFTED,
    "bodyweight_reps": _LIFTED,
    "reps": tuple(kind for kind in _LIFTED if kind != BEST_E1RM),
    ASSISTED: (LEAST_ASSISTANCE, "max_reps"),
    "duration": _HELD,
    "weight_duration": _HELD,
    "distance_duration": _COVERED,
    "weight_distance": _COVERED,
}
"""The kinds of records of each measure, in the order in which they are shown."""

WEIGHT_IS = {"weight_reps": "lifted", "bodyweight_reps": "added", ASSISTED: "taken_off"}
"""What a set's weight is, where a measure says so: an estimate of pull-ups is of the weight that is
added to the body's."""

# converted to the record's unit, a size that was divided is again its value to so many decimals
_DIGITS = Decimal("1e-12")

_REPETITIONS = range(1, MOST_ESTIMATED + 1)


@dataclass(frozen=True)
class Performed:
    """What a workout has of the exercise: its working sets, and what they counted as logged."""

    rep_type: str
    measure: str
    sets: list[dict[str, Any]]


@dataclass(frozen=True)
class Found:
    """A record as it is stored, with what its workout has of the exercise.

    ``kept_by`` and ``size`` are those of a set record. ``previous`` is in the record's own unit.
    """

    kind: str
    kept_by: Decimal
    value: Decimal
    unit: str
    size: Decimal
    place: Place
    previous: Decimal | None
    performed: Performed

    @property
    def logged_set(self) -> dict[str, Any] | None:
        """The set that made it; None for what a whole workout made."""
        return None if self.set_place is None else self.performed.sets[self.set_place]

    @cached_property
    def set_place(self) -> int | None:
        """Which of its workout's sets made it."""
        if self.kind == "max_volume":
            return None
        if self.kind == "max_reps":
            return self._first(lambda each: as_decimal(each["reps"]) == self.value)
        if self.kind == "max_weight":
            return self._first(self._is_heaviest)
        bests = set_bests(self.performed.measure, self.performed.rep_type, self.performed.sets)
        return bests[self.kind, self.kept_by].place

    def _first(self, is_meant: Callable[[dict[str, Any]], bool]) -> int:
        return next(n for n, each in enumerate(self.performed.sets) if is_meant(each))

    def _is_heaviest(self, logged: dict[str, Any]) -> bool:
        is_lifted = logged["weight"] and logged["reps"] >= 1 and logged["unit"] == self.unit
        return bool(is_lifted) and as_decimal(logged["weight"]) == self.value


def previous_in_unit(previous_size: Decimal | None, unit: str) -> Decimal | None:
    """Return what a set record beat, from its size, in the record's own unit."""
    if previous_size is None:
        return None
    previous = abs(previous_size)
    return in_unit(previous, unit).quantize(_DIGITS) if unit == "lb" else previous


def stored_kinds(formula: str) -> set[str]:
    """Return the kinds that :func:`shown_records` shows of any measure, as they are stored."""
    kinds = {kind for kinds in KINDS_OF.values() for kind in kinds}
    return kinds - {BEST_E1RM} | {E1RM_BY[formula]}


def shown_records(found: Iterable[Found], measure: str, formula: str) -> list[dict[str, Any]]:
    """Return the records of an exercise, rounded, in the order of the kinds of its measure.

    Args:
        found: what is stored of the exercise, of :func:`stored_kinds`.
        measure: what its sets hold now.
        formula: of the estimated one-rep maxes.
    """
    of_kind = defaultdict(list)
    for record in found:
        of_kind[record.kind].append(record)
    shown = []
    for kind in KINDS_OF[measure]:
        stored = E1RM_BY[formula] if kind == BEST_E1RM else kind
        for record in sorted(of_kind[stored], key=lambda each: each.kept_by):
            shown.append(_shown_record(kind, record, formula if kind == BEST_E1RM else None))
    return shown


def rep_maxes(found: Iterable[Found], formula: str) -> dict[str, Any]:
    """Return the heaviest sets of 1 to 12 repetitions, and what the best estimate allows, rounded.

    Args:
        found: the rep maxes that are stored of the exercise.
        formula: of the estimates.
    """
    # in order of the history, as of equal ones the first is meant
    sets = sorted(found, key=lambda record: (record.place, record.set_place))
    best = _best_estimate(sets, formula)
    return {
        "best_e1rm": best and _shown_estimate(best, formula),
        "rep_maxes": [_rep_max(sets, Decimal(n), best, formula) for n in _REPETITIONS],
    }


def _rep_max(
    sets: list[Found], repetitions: Decimal, best: Found | None, formula: str
) -> dict[str, Any]:
    exactly = [record for record in sets if record.kept_by == repetitions]
    at_least = [record for record in sets if record.kept_by >= repetitions]
    return {
        "reps": rounded(repetitions),
        "exactly": _shown_set(_heaviest(exactly)),
        "at_least": _shown_set(_heaviest(at_least)),
        "estimated": best and _allowed(best, int(repetitions), formula),
    }


def _heaviest(sets: list[Found]) -> Found | None:
    # max keeps the first of equals
    return max(sets, key=lambda record: record.size, default=None)


def _best_estimate(sets: list[Found], formula: str) -> Found | None:
    estimates = [(one_rep_max(each.size, each.kept_by, formula), each) for each in sets]
    there = [(estimate, record) for estimate, record in estimates if estimate is not None]
    return max(there, key=lambda pair: pair[0], default=(None, None))[1]


def _allowed(best: Found, repetitions: int, formula: str) -> dict[str, Any]:
    estimate = one_rep_max(best.value, best.kept_by, formula)
    assert estimate is not None
    return {"weight": rounded(weight_for(estimate, repetitions, formula)), "unit": best.unit}


def _shown_record(kind: str, record: Found, formula: str | None) -> dict[str, Any]:
    beaten = record.previous
    return {
        "kind": kind,
        "value": rounded(record.value),
        **_reached(record),
        "previous": rounded(beaten),
        "margin": None if beaten is None else rounded(abs(record.value - beaten)),
        **_about_estimate(record, formula),
    }


def _shown_estimate(best: Found, formula: str) -> dict[str, Any]:
    value = rounded(one_rep_max(best.value, best.kept_by, formula))
    return {"value": value, **_reached(best), **_about_estimate(best, formula)}


def _shown_set(record: Found | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {"weight": rounded(record.value), **_reached(record)}


def _reached(record: Found) -> dict[str, Any]:
    logged = record.logged_set
    return {
        "unit": record.unit,
        "achieved_date": record.place[0].isoformat(),
        "workout_id": record.place[2],
        "set": logged and _shown_logged(logged, record.performed.rep_type),
    }


def _about_estimate(record: Found, formula: str | None) -> dict[str, Any]:
    logged = record.logged_set
    if formula is None or logged is None:
        return {"formula": None, "confidence": None, "with_reserve": None}
    weight, repetitions = as_decimal(logged["weight"]), as_decimal(logged["reps"])
    in_reserve = repetitions_in_reserve(logged)
    return {
        "formula": formula,
        "confidence": confidence(repetitions),
        "with_reserve": rounded(with_reserve(weight, repetitions, in_reserve, formula)),
    }


def _shown_logged(logged: dict[str, Any], rep_type: str) -> dict[str, Any]:
    reps = logged.get("repetitions", logged["reps"])
    return {
        "set_number": logged["set_number"],
        "reps": logged["reps"] or None if reps is None else reps,
        "weight": logged["weight"],
        "unit": logged["unit"],
        "duration_seconds": rounded(duration(logged, rep_type)),
        "distance_m": rounded(distance(logged, rep_type)),
        "rpe": logged["rpe"],
        "rir": logged.get("rir"),
    }
