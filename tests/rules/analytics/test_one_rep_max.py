"""The estimated one-rep max, and the calculator."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.stats import FORMULAS, NO_ESTIMATE
from schemas.units import rounded
from services.analytics.rules.calculator import calculated
from services.analytics.rules.one_rep_max import (
    confidence,
    one_rep_max,
    reason_for_none,
    repetitions_in_reserve,
    weight_for,
    with_reserve,
)

HUNDRED = Decimal(100)


@pytest.mark.parametrize(
    ("formula", "repetitions", "estimate"),
    [
        ("epley", 1, 100),
        ("epley", 5, 116.67),
        ("epley", 10, 133.33),
        ("epley", 12, 140),
        ("brzycki", 1, 100),
        ("brzycki", 5, 112.5),
        ("brzycki", 10, 133.33),
        ("brzycki", 12, 144),
        ("lombardi", 1, 100),
        ("lombardi", 5, 117.46),
        ("lombardi", 10, 125.89),
        ("lombardi", 12, 128.21),
    ],
)
def test_the_formulas(formula, repetitions, estimate):
    assert rounded(one_rep_max(HUNDRED, Decimal(repetitions), formula)) == estimate


@pytest.mark.parametrize(
    ("weight", "repetitions", "reason"),
    [
        (None, 5, "no_weight"),
        (0, 5, "no_weight"),
        (100, None, "no_repetitions"),
        (100, 0, "no_repetitions"),
        (100, "0.5", "not_whole"),
        (100, "5.5", "not_whole"),
        (100, "12.5", "not_whole"),
        (100, 13, "more_than_12"),
        (100, 12, None),
        (100, "5.00", None),
    ],
)
def test_what_has_no_estimate_has_a_reason(weight, repetitions, reason):
    weight = None if weight is None else Decimal(weight)
    repetitions = None if repetitions is None else Decimal(repetitions)
    assert reason in (*NO_ESTIMATE, None)
    assert reason_for_none(weight, repetitions) == reason
    assert (one_rep_max(weight, repetitions) is None) == (reason is not None)


def test_equal_estimates_of_different_sets_are_equal():
    assert one_rep_max(HUNDRED, Decimal(5)) == one_rep_max(Decimal("87.5"), Decimal(10))


weights = st.decimals(Decimal("0.01"), 10_000, places=2)
repetitions_ = st.integers(1, 12)


@given(weights, repetitions_, weights, repetitions_, st.sampled_from(["epley", "brzycki"]))
def test_estimates_compare_as_fractions_do(weight, repetitions, other, others, formula):
    def exactly(w, r):
        factor = Fraction(30 + r, 30) if formula == "epley" else Fraction(36, 37 - r)
        return Fraction(w) * (1 if r == 1 else factor)

    ours = one_rep_max(weight, Decimal(repetitions), formula)
    theirs = one_rep_max(other, Decimal(others), formula)
    first, second = exactly(weight, repetitions), exactly(other, others)
    assert (ours > theirs, ours == theirs) == (first > second, first == second)


@given(weights, repetitions_, st.sampled_from(FORMULAS))
def test_the_weight_for_as_many_repetitions_is_the_weight(weight, repetitions, formula):
    estimate = one_rep_max(weight, Decimal(repetitions), formula)
    assert abs(weight_for(estimate, repetitions, formula) - weight) < Decimal("1e-20")


def test_a_weight_that_ends_in_half_a_hundredth_is_exact():
    # 107 × 35 / 30 has no end in decimals, and 93.625 is what it allows ten times
    assert weight_for(one_rep_max(Decimal(107), Decimal(5)), 10) == Decimal("93.625")


@pytest.mark.parametrize(
    ("repetitions", "word"),
    [(1, "high"), (5, "high"), (6, "medium"), (10, "medium"), (11, "low"), (12, "low")],
)
def test_confidence(repetitions, word):
    assert confidence(repetitions) == word


@pytest.mark.parametrize(
    ("logged", "in_reserve"),
    [
        ({"rir": 2, "rpe": 8}, 2),
        ({"rir": 0, "rpe": None}, 0),
        ({"rir": None, "rpe": 8.5}, 1.5),
        ({"rpe": 7}, 3),
        ({"rir": None, "rpe": None}, None),
        ({}, None),
        ({"set_type": "failure"}, 0),
        ({"set_type": "failure", "rir": 1}, 1),
        ({"set_type": "failure", "rpe": 9}, 1),
    ],
)
def test_repetitions_in_reserve(logged, in_reserve):
    assert repetitions_in_reserve({"set_type": "normal", **logged}) == in_reserve


@pytest.mark.parametrize(
    ("repetitions", "in_reserve", "estimate"),
    [
        (5, 2, 123.33),
        (5, "1.5", 121.67),
        (5, 0, 116.67),
        (1, 0, 100),
        (1, 1, 106.67),
        (12, 0, 140),
        (12, "0.5", None),
        (11, 2, None),
        (5, None, None),
        (13, 0, None),
    ],
)
def test_with_reserve(repetitions, in_reserve, estimate):
    in_reserve = None if in_reserve is None else Decimal(in_reserve)
    assert rounded(with_reserve(HUNDRED, Decimal(repetitions), in_reserve)) == estimate


def test_the_calculator():
    result = calculated(Decimal(100), Decimal(5), "kg", Decimal(2), "brzycki")
    table = result.pop("table")
    assert result == {
        "weight": 100,
        "unit": "kg",
        "reps": 5,
        "rir": 2,
        "formula": "brzycki",
        "one_rep_max": 112.5,
        "reason": None,
        "confidence": "high",
        "with_reserve": 120,
    }
    assert [row["reps"] for row in table] == [*range(1, 13)]
    assert table[0] == {"reps": 1, "weight": 112.5, "percent": 100}
    assert table[4] == {"reps": 5, "weight": 100, "percent": 88.9}
    assert table[11] == {"reps": 12, "weight": 78.13, "percent": 69.4}


def test_the_calculator_of_too_many_repetitions():
    result = calculated(Decimal(100), Decimal(13), "lb", None, "epley")
    assert (result["one_rep_max"], result["reason"]) == (None, "more_than_12")
    assert (result["confidence"], result["with_reserve"], result["table"]) == (None, None, [])
