"""The metrics of one workout: a row for each of its exercises. Warm-ups do not count."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from schemas.units import as_decimal, exact_sum, is_working_set, kilograms, set_volume


@dataclass(frozen=True)
class ExerciseMetrics:
    """An exercise's working sets in one workout, taken together.

    Weights, repetitions and volumes are exact decimals; ``total_volume`` and ``best_weight_kg``
    are in kilograms. ``best_weight`` and ``best_weight_unit`` are the heaviest set as logged. The
    three are None without a set of at least one repetition with a weight, and ``most_reps`` is
    None without a set of more than zero.
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


class HistoryRow(NamedTuple):
    """A stored performance; ``best_weight`` is as logged, ``best_weight_kg`` and volumes in kg."""

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

    def counts_as(self, other: "HistoryRow | None") -> bool:
        """Return whether another row counts the same: all but ``raw_sets`` is equal."""
        return other is not None and self._replace(raw_sets=other.raw_sets) == other


def history_rows(workout: dict[str, Any]) -> list[HistoryRow]:
    """Return a workout's rows of the history: one for each exercise that has a working set."""
    day = date.fromisoformat(workout["date"])
    return [
        HistoryRow(workout["user_id"], workout["id"], day, **vars(metrics))
        for metrics in exercise_metrics(workout)
    ]


def exercise_metrics(workout: dict[str, Any]) -> list[ExerciseMetrics]:
    """Measure every exercise of a workout that has a working set.

    Args:
        workout: as the workouts service gives it, with each exercise's ``rep_type``.

    Returns:
        One item an exercise, in the workout's order; an exercise that stands twice is one.
    """
    places: dict[int, list[dict[str, Any]]] = {}
    for exercise in sorted(workout["exercises"], key=lambda exercise: exercise["order_index"]):
        places.setdefault(exercise["exercise_id"], []).append(exercise)
    measured = [_measure(exercises) for exercises in places.values()]
    return [metrics for metrics in measured if metrics.total_sets]


def place(row: HistoryRow) -> tuple[date, int]:
    """Return the sort key of a row in the history: workouts of one day are ordered by id."""
    return row.date, row.workout_id


def average_rpe(rpe_sum: Decimal, rpe_count: int) -> Decimal | None:
    """Return the mean over the sets that have an RPE, or None if none has."""
    return rpe_sum / rpe_count if rpe_count else None


def _measure(exercises: list[dict[str, Any]]) -> ExerciseMetrics:
    first = exercises[0]
    sets = list(_working_sets(exercises))
    reps = [as_decimal(logged["reps"]) for logged in sets]
    ratings = [as_decimal(logged["rpe"]) for logged in sets if logged["rpe"] is not None]
    best_weight_kg, best_weight, best_weight_unit = _heaviest(sets)
    return ExerciseMetrics(
        exercise_id=first["exercise_id"],
        exercise_name=first["exercise_name"],
        rep_type=first["rep_type"],
        best_weight_kg=best_weight_kg,
        best_weight=best_weight,
        best_weight_unit=best_weight_unit,
        most_reps=max(reps, default=Decimal(0)) or None,
        total_volume=exact_sum(
            set_volume(logged, first["rep_type"], first.get("measure")) for logged in sets
        ),
        total_sets=len(sets),
        total_reps=exact_sum(reps),
        rpe_sum=exact_sum(ratings),
        rpe_count=len(ratings),
        raw_sets=[dict(logged) for logged in sets],
    )


def _working_sets(exercises: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for exercise in exercises:
        in_order = sorted(exercise["sets"], key=lambda logged: logged["set_number"])
        yield from filter(is_working_set, in_order)


def _heaviest(sets: list[dict[str, Any]]) -> tuple[Decimal, Decimal, str] | tuple[None, None, None]:
    lifted = [
        (kilograms(logged["weight"], logged["unit"]), as_decimal(logged["weight"]), logged["unit"])
        for logged in sets
        if logged["reps"] >= 1 and logged["weight"]
    ]
    # max keeps the first of equals: a later set of the same weight changes nothing
    return max(lifted, key=lambda lift: lift[0], default=(None, None, None))
