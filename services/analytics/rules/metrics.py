"""The metrics of one workout: a row for each of its exercises. Warm-ups do not count."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from schemas.measures import LIKELY_MEASURE
from schemas.units import (
    ASSISTED,
    as_decimal,
    exact_sum,
    is_working_set,
    kilograms,
    set_volume,
)
from services.analytics.rules.set_bests import (
    ONLY,
    Best,
    Slot,
    distance,
    duration,
    set_bests,
)

Place = tuple[date, datetime, int]
"""Where a workout stands in the history, which is the order of these."""

_LEFT_OUT_IF_NULL = ("duration_seconds", "distance_m", "rir", "rest_seconds")
"""Fields of a set that are not in ``raw_sets`` where they are null, as they are of most sets."""

_NOT_SAID = datetime.min.replace(tzinfo=UTC)
"""Instead of the start of a workout without one: it comes first on its day."""


@dataclass(frozen=True)
class ExerciseMetrics:
    """An exercise's working sets in one workout, taken together.

    Weights, repetitions and volumes are exact decimals; ``total_volume`` and ``best_weight_kg``
    are in kilograms. ``best_weight`` and ``best_weight_unit`` are the heaviest set as logged. The
    three are None without a set of at least one repetition with a weight, and always for an
    assisted exercise; ``most_reps`` is None without a set of more than zero. The last two totals
    are None where no set has any.
    """

    exercise_id: int
    exercise_name: str
    rep_type: str
    best_weight_kg: Decimal | None
    best_weight: Decimal | None
    best_weight_unit: str | None
    most_reps: Decimal | None
    total_volume: Decimal
    total_sets: int
    total_reps: Decimal
    rpe_sum: Decimal
    rpe_count: int
    raw_sets: list[dict[str, Any]]
    measure: str
    total_duration_seconds: Decimal | None
    total_distance_m: Decimal | None
    bests: dict[Slot, Best]


class Performance(Protocol):
    """One exercise in one workout of one user, as data points and the trend see it."""

    @property
    def date(self) -> date:
        """The workout's day."""

    @property
    def best_weight_kg(self) -> Decimal | None:
        """The greatest weight in kilograms."""

    @property
    def total_volume(self) -> Decimal:
        """Kilograms times repetitions."""

    @property
    def total_sets(self) -> int:
        """How many working sets there are."""

    @property
    def total_reps(self) -> Decimal | None:
        """None if they are of another kind than the one that is shown."""

    @property
    def rpe_sum(self) -> Decimal:
        """The sum over the sets that have an RPE."""

    @property
    def rpe_count(self) -> int:
        """How many sets have an RPE."""

    @property
    def best_e1rm(self) -> Decimal | None:
        """The greatest estimated one-rep max in kilograms."""

    @property
    def total_duration_seconds(self) -> Decimal | None:
        """None if no set has a duration."""

    @property
    def total_distance_m(self) -> Decimal | None:
        """None if no set has a distance."""


class HistoryRow(NamedTuple):
    """A stored performance; ``best_weight`` is as logged, ``best_weight_kg`` and volumes in kg.

    ``bests`` and the fields before it follow from ``raw_sets``, and are made by
    :func:`measured_again` of a row that was read. ``is_counted`` is False of one that the version
    before wrote, where they are not stored.
    """

    user_id: int
    workout_id: int
    date: date
    exercise_id: int
    exercise_name: str
    rep_type: str
    best_weight_kg: Decimal | None
    best_weight: Decimal | None
    best_weight_unit: str | None
    most_reps: Decimal | None
    total_volume: Decimal
    total_sets: int
    total_reps: Decimal
    rpe_sum: Decimal
    rpe_count: int
    raw_sets: list[dict[str, Any]] | None = None
    measure: str | None = None
    started_at: datetime | None = None
    is_counted: bool = True
    total_duration_seconds: Decimal | None = None
    total_distance_m: Decimal | None = None
    bests: dict[Slot, Best] | None = None

    def counts_as(self, other: "HistoryRow | None") -> bool:
        """Return whether another row counts the same: all but ``raw_sets`` is equal."""
        if other is None:
            return False
        return self._replace(raw_sets=other.raw_sets, is_counted=other.is_counted) == other

    @property
    def is_half_known(self) -> bool:
        """Whether the version before counted it, without all that the workout tells."""
        # from a newer workouts service: the workout may have a measure and a start
        return not self.is_counted and any("repetitions" in each for each in self.raw_sets or ())

    def size_of(self, kind: str) -> Decimal | None:
        """Return the size of the best set of one of :data:`SINGLE_KINDS`."""
        best = (self.bests or {}).get((kind, ONLY))
        return None if best is None else best.size


def history_rows(workout: dict[str, Any]) -> list[HistoryRow]:
    """Return a workout's rows of the history: one for each exercise that has a working set."""
    day, started = date.fromisoformat(workout["date"]), workout.get("started_at")
    started_at = datetime.fromisoformat(started) if started else None
    return [
        HistoryRow(workout["user_id"], workout["id"], day, started_at=started_at, **vars(metrics))
        for metrics in exercise_metrics(workout)
    ]


def measured_again(row: HistoryRow) -> HistoryRow:
    """Return a stored row with what follows from its ``raw_sets``."""
    measure = row.measure or LIKELY_MEASURE[row.rep_type]
    return row._replace(measure=measure, **_of_sets(measure, row.rep_type, row.raw_sets or []))


def exercise_metrics(workout: dict[str, Any]) -> list[ExerciseMetrics]:
    """Measure every exercise of a workout that has a working set.

    Args:
        workout: as the workouts service gives it, with each exercise's ``rep_type``. One of the
            version before has no ``measure``, and its sets have none of the newer fields.

    Returns:
        One item an exercise, in the workout's order; an exercise that stands twice is one.
    """
    places: dict[int, list[dict[str, Any]]] = {}
    for exercise in sorted(workout["exercises"], key=lambda exercise: exercise["order_index"]):
        places.setdefault(exercise["exercise_id"], []).append(exercise)
    measured = [_measure(exercises) for exercises in places.values()]
    return [metrics for metrics in measured if metrics.total_sets]


def place(row: HistoryRow) -> Place:
    """Return the place of a row in the history."""
    return place_of(row.date, row.started_at, row.workout_id)


def place_of(day: date, started_at: datetime | None, workout_id: int) -> Place:
    """Return a workout's place: of one day those without a start come first, then by id."""
    return day, started_at or _NOT_SAID, workout_id


def average_rpe(rpe_sum: Decimal, rpe_count: int) -> Decimal | None:
    """Return the mean over the sets that have an RPE, or None if none has."""
    return rpe_sum / rpe_count if rpe_count else None


def _measure(exercises: list[dict[str, Any]]) -> ExerciseMetrics:
    first = exercises[0]
    sets = list(_working_sets(exercises))
    reps = [as_decimal(logged["reps"]) for logged in sets]
    ratings = [as_decimal(logged["rpe"]) for logged in sets if logged["rpe"] is not None]
    rep_type = first["rep_type"]
    measure = first.get("measure") or LIKELY_MEASURE[rep_type]
    best_weight_kg, best_weight, best_weight_unit = _heaviest(sets, measure)
    return ExerciseMetrics(
        exercise_id=first["exercise_id"],
        exercise_name=first["exercise_name"],
        rep_type=rep_type,
        best_weight_kg=best_weight_kg,
        best_weight=best_weight,
        best_weight_unit=best_weight_unit,
        most_reps=max(reps, default=Decimal(0)) or None,
        total_volume=exact_sum(set_volume(logged, rep_type, measure) for logged in sets),
        total_sets=len(sets),
        total_reps=exact_sum(reps),
        rpe_sum=exact_sum(ratings),
        rpe_count=len(ratings),
        raw_sets=[_kept(logged) for logged in sets],
        measure=measure,
        **_of_sets(measure, rep_type, sets),
    )


def _of_sets(measure: str, rep_type: str, sets: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "total_duration_seconds": _sum_of([duration(logged, rep_type) for logged in sets]),
        "total_distance_m": _sum_of([distance(logged, rep_type) for logged in sets]),
        "bests": set_bests(measure, rep_type, sets),
    }


def _kept(logged: dict[str, Any]) -> dict[str, Any]:
    kept = dict(logged)
    for name in _LEFT_OUT_IF_NULL:
        if kept.get(name, name) is None:
            del kept[name]
    return kept


def _sum_of(numbers: Iterable[Decimal | None]) -> Decimal | None:
    there = [number for number in numbers if number is not None]
    return exact_sum(there) if there else None


def _working_sets(exercises: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for exercise in exercises:
        in_order = sorted(exercise["sets"], key=lambda logged: logged["set_number"])
        yield from filter(is_working_set, in_order)


def _heaviest(
    sets: list[dict[str, Any]], measure: str
) -> tuple[Decimal, Decimal, str] | tuple[None, None, None]:
    lifted = [
        (kilograms(logged["weight"], logged["unit"]), as_decimal(logged["weight"]), logged["unit"])
        for logged in sets
        if logged["reps"] >= 1 and logged["weight"] and measure != ASSISTED
    ]
    # max keeps the first of equals: a later set of the same weight changes nothing
    return max(lifted, key=lambda lift: lift[0], default=(None, None, None))
