"""How much each muscle was trained in a week: sets, how many of them were hard, and days.

Sets are counted in fractions: a working set is one set of each primary muscle of its exercise, and
half a set of each secondary one. This explained the growth of muscles better than to count only the
sets of primary muscles, or all alike: J. Pelland, J. Remmert, Z. Robinson, S. Hinson, M. Zourdos,
"The Resistance Training Dose-Response: Meta-Regressions Exploring the Effects of Weekly Volume and
Frequency on Muscle Hypertrophy and Strength Gain", SportRxiv 2024.

A set is hard if at most three more repetitions would have been possible (RIR ≤ 3). Muscles grow
more the closer sets are to failure: Z. Robinson and others, "Exploring the Dose-Response
Relationship Between Estimated Resistance Training Proximity to Failure, Strength Gain, and Muscle
Hypertrophy", Sports Medicine 54, 2024.

The band of 10 to 20 sets, for who has set no other: B. Schoenfeld, D. Ogborn, J. Krieger,
"Dose-response relationship between weekly resistance training volume and increases in muscle mass",
Journal of Sports Sciences 35 (11), 2017, found most growth with 10 sets or more; E. Baz-Valle and
others, "A Systematic Review of the Effects of Different Resistance Training Volumes on Muscle
Hypertrophy", Journal of Human Kinetics 81, 2022, recommend 12 to 20.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.stats import JUDGED
from schemas.units import rounded
from services.analytics.rules.one_rep_max import repetitions_in_reserve
from services.analytics.rules.periods import period_start, period_starts
from services.analytics.rules.weeks import week_name

PRIMARY, SECONDARY = Decimal(1), Decimal("0.5")
"""What a set counts for a muscle."""

MOST_IN_RESERVE = 3
"""Repetitions that a hard set leaves, at most."""

BELOW, WITHIN, ABOVE = JUDGED


class Band(NamedTuple):
    """The sets a week and muscle that a user aims at."""

    least: int
    most: int

    def judge(self, sets: Decimal) -> str:
        """Return which of :data:`schemas.stats.JUDGED` is true of a number of sets."""
        if sets < self.least:
            return BELOW
        return ABOVE if sets > self.most else WITHIN


class Muscles(NamedTuple):
    """The muscles of an exercise as a user sees it."""

    primary: list[str]
    secondary: list[str]

    def shares(self) -> dict[str, Decimal]:
        """Return what a set counts for each muscle; one that is both is primary."""
        return {**dict.fromkeys(self.secondary, SECONDARY), **dict.fromkeys(self.primary, PRIMARY)}


class Trained(NamedTuple):
    """Working sets of an exercise on a day that took the same effort."""

    day: date
    exercise_id: int
    effort: Mapping[str, Any]
    """``set_type``, ``rpe`` and ``rir`` of each of them."""
    sets: int


@dataclass
class _Sums:
    sets: Decimal = Decimal(0)
    hard_sets: Decimal = Decimal(0)
    rated_sets: Decimal = Decimal(0)
    days: set[date] = field(default_factory=set)


def listed(
    trained: Iterable[Trained],
    muscles_of: Mapping[int, Muscles],
    count: int,
    today: date,
    band: Band,
) -> dict[str, Any]:
    """Put weeks in line, oldest first, the one that today is in last.

    Args:
        trained: sets of these weeks.
        muscles_of: the muscles by exercise; what is not there has none.
        count: how many weeks.
        today: the day where the user is.
        band: what each muscle is judged by.
    """
    trained_in = defaultdict(list)
    for each in trained:
        trained_in[period_start(each.day, "week")].append(each)
    return {
        "band": band._asdict(),
        "weeks": [
            {
                "week": week_name(start),
                "start": start.isoformat(),
                "muscles": of_week(trained_in[start], muscles_of, band),
            }
            for start in period_starts(count, "week", today)
        ],
    }


def of_week(
    trained: Iterable[Trained], muscles_of: Mapping[int, Muscles], band: Band
) -> list[dict[str, Any]]:
    """Return how much each muscle was trained, the one with the most sets first."""
    sums: dict[str, _Sums] = defaultdict(_Sums)
    for each, muscle, share in _shares(trained, muscles_of):
        _add(sums[muscle], each, each.sets * share)
    in_order = sorted(sums.items(), key=lambda item: (-item[1].sets, item[0]))
    return [_shown(muscle, of_muscle, band) for muscle, of_muscle in in_order]


def is_hard(effort: Mapping[str, Any]) -> bool | None:
    """Return whether a set was hard; None if nothing tells."""
    in_reserve = repetitions_in_reserve(effort)
    return None if in_reserve is None else in_reserve <= MOST_IN_RESERVE


def _shares(
    trained: Iterable[Trained], muscles_of: Mapping[int, Muscles]
) -> Iterator[tuple[Trained, str, Decimal]]:
    shares_of = {exercise_id: muscles.shares() for exercise_id, muscles in muscles_of.items()}
    for each in trained:
        for muscle, share in shares_of.get(each.exercise_id, {}).items():
            yield each, muscle, share


def _add(sums: _Sums, trained: Trained, sets: Decimal) -> None:
    hard = is_hard(trained.effort)
    sums.sets += sets
    sums.days.add(trained.day)
    if hard is not None:
        sums.rated_sets += sets
    if hard:
        sums.hard_sets += sets


def _shown(muscle: str, sums: _Sums, band: Band) -> dict[str, Any]:
    return {
        "muscle": muscle,
        "sets": rounded(sums.sets),
        "hard_sets": rounded(sums.hard_sets),
        "rated_sets": rounded(sums.rated_sets),
        "days": len(sums.days),
        "judged": band.judge(sums.sets),
    }
