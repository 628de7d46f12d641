"""Weights, volumes and rounding."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sets import SET_TYPES
from schemas.units import (
    as_decimal,
    exact_sum,
    in_unit,
    is_working_set,
    kilograms,
    rounded,
    set_volume,
    workout_volume,
)


def logged(reps=5, weight=100, unit="kg", set_type="normal"):
    return {"reps": reps, "weight": weight, "unit": unit, "set_type": set_type}


def workout(*sets, rep_type="count"):
    return {"exercises": [{"rep_type": rep_type, "sets": list(sets)}]}


@pytest.mark.parametrize(
    ("number", "written"), [(5, "5"), (0.1, "0.1"), (102.5, "102.5"), (1_000_000.0, "1000000")]
)
def test_a_json_number_is_taken_as_it_was_written(number, written):
    assert as_decimal(number) == Decimal(written)


@pytest.mark.parametrize(
    ("weight", "unit", "expected"),
    [
        (100, "kg", "100"),
        (1, "lb", "0.45359237"),
        (225, "lb", "102.05828325"),
        (220.46, "lb", "99.9989738902"),
        (10_000, "lb", "4535.9237"),
    ],
)
def test_kilograms_are_exact(weight, unit, expected):
    assert kilograms(weight, unit) == Decimal(expected)


def test_an_unknown_unit_is_no_kilogram():
    with pytest.raises(KeyError):
        kilograms(1, "stone")


def test_kilograms_in_pounds():
    assert rounded(in_unit(Decimal(100), "lb")) == 220.46
    assert in_unit(Decimal("99.5"), "kg") == Decimal("99.5")


@given(st.decimals(min_value=0, max_value=10_000, places=2))
def test_pounds_come_back_from_kilograms_as_they_were(weight):
    assert in_unit(kilograms(weight, "lb"), "lb") == weight


@pytest.mark.parametrize("set_type", SET_TYPES)
def test_every_set_but_a_warm_up_is_working(set_type):
    assert is_working_set(logged(set_type=set_type)) is (set_type != "warmup")


@pytest.mark.parametrize(
    ("given_set", "rep_type", "volume"),
    [
        (logged(5, 100), "count", "500"),
        (logged(0.5, 100), "count", "50"),
        (logged(10, 225, "lb"), "count", "1020.5828325"),
        (logged(0, 100), "count", "0"),
        (logged(5, 0), "count", "0"),
        (logged(5, None), "count", "0"),
        (logged(5, 100), "time", "0"),
        (logged(5, 100), "distance", "0"),
        (logged(5, 100, set_type="warmup"), "count", "0"),
        (logged(60, 20, set_type="timed"), "count", "1200"),
    ],
)
def test_volume_of_a_set(given_set, rep_type, volume):
    assert set_volume(given_set, rep_type) == Decimal(volume)


@pytest.mark.parametrize(
    ("measure", "volume"),
    [(None, 500), ("weight_reps", 500), ("bodyweight_reps", 500), ("assisted_reps", 0)],
)
def test_a_weight_that_is_taken_off_makes_no_volume(measure, volume):
    assert set_volume(logged(5, 100), "count", measure) == volume
    exercise = workout(logged(5, 100))["exercises"][0] | {"measure": measure}
    assert workout_volume({"exercises": [exercise]}) == volume


def test_volume_of_a_workout_is_the_sum_of_what_counts():
    assert workout_volume({"exercises": []}) == 0
    assert workout_volume(workout()) == 0
    assert workout_volume(workout(logged(5, 100), logged(5, 100, set_type="warmup"))) == 500
    mixed = {
        "exercises": workout(logged(5, 100))["exercises"]
        + workout(logged(30, 10), rep_type="time")["exercises"]
    }
    assert workout_volume(mixed) == 500


def test_the_seeds_own_example():
    sets = [logged(10, 100, set_type="warmup"), logged(8, 120), logged(6, 130, set_type="top")]
    assert workout_volume(workout(*sets)) == 8 * 120 + 6 * 130


def test_the_largest_workout_comes_out_exactly():
    largest = workout(*[logged(1_000_000, 10_000)] * 1000)
    assert rounded(workout_volume(largest)) == 10**13


@pytest.mark.parametrize("unit", ["kg", "lb"])
def test_a_workout_as_large_as_uneven_numbers_make_it_comes_out_exactly(unit):
    sets = [logged(999_999.99, 9_999.99, unit)] * 999 + [logged(999_999.97, 9_999.93, unit)]
    factor = Fraction("0.45359237") if unit == "lb" else 1
    expected = factor * (
        999 * Fraction("999999.99") * Fraction("9999.99")
        + Fraction("999999.97") * Fraction("9999.93")
    )
    volume = workout_volume(workout(*sets))
    assert Fraction(volume) == expected
    assert Decimal(json.dumps(rounded(volume))) == Decimal(round(expected * 100)) / 100


def test_sums_keep_every_digit():
    assert exact_sum([Decimal(10) ** 40, Decimal("0.000000000001")]) == Decimal(
        "1" + "0" * 40 + ".000000000001"
    )
    assert exact_sum([]) == 0


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (None, 2, "null"),
        (Decimal("102.50"), 2, "102.5"),
        (Decimal("8.00"), 2, "8"),
        (Decimal("0E-12"), 2, "0"),
        (Decimal("1E+3"), 2, "1000"),
        (Decimal("0.005"), 2, "0.01"),
        (Decimal("0.004999999999"), 2, "0"),
        (Decimal("2.675"), 2, "2.68"),
        (Decimal("0.995"), 2, "1"),
        (Decimal("62.5"), 0, "63"),
        (Decimal("63.5"), 0, "64"),
        (7, 2, "7"),
        (10**20, 2, "100000000000000000000"),
        (Decimal("70368744177663.99"), 2, "70368744177663.99"),
        (Decimal("70368744177663.98"), 2, "70368744177663.98"),
        # past what a float can hold: the nearest one, and no ".0" or exponent behind it
        (Decimal("10000000000000000.37"), 2, "10000000000000000"),
    ],
)
def test_rounding(value, places, text):
    assert json.dumps(rounded(value, places)) == text


@given(st.integers(min_value=0, max_value=2**46 * 100 - 1))
def test_hundredths_are_told_apart_far_beyond_the_largest_workout(hundredths):
    value = Decimal(hundredths) / 100
    assert Decimal(json.dumps(rounded(value))) == value
