"""Records as answers show them, in any order in which they were read."""

from datetime import date
from decimal import Decimal
from itertools import permutations

from services.analytics.rules.metrics import place_of
from services.analytics.rules.set_bests import REP_MAX
from services.analytics.rules.shown_records import Found, Performed, rep_maxes, stored_kinds

PLACE = place_of(date(2026, 1, 1), None, 7)


def lifted(number, reps):
    return {
        "set_number": number,
        "reps": reps,
        "repetitions": reps,
        "weight": 100,
        "unit": "kg",
        "duration_seconds": None,
        "distance_m": None,
        "set_type": "normal",
        "rpe": None,
        "rir": None,
    }


def test_of_equal_weights_of_a_workout_the_first_set_is_shown():
    sets = [lifted(1, 5), lifted(2, 8), lifted(3, 3)]
    performed = Performed("count", "weight_reps", sets)
    hundred = Decimal(100)
    found = [
        Found(REP_MAX, Decimal(each["reps"]), hundred, "kg", hundred, PLACE, None, performed)
        for each in sets
    ]
    for read in permutations(found):
        maxes = rep_maxes(read, "epley")["rep_maxes"]
        shown = [maxes[n - 1]["at_least"]["set"]["set_number"] for n in (1, 3, 5, 6, 8)]
        assert shown == [1, 1, 1, 2, 2]


def test_only_the_estimates_of_one_formula_are_read():
    kinds = stored_kinds("brzycki")
    assert {"max_weight", "best_e1rm_brzycki", "longest_at", "least_assistance"} <= kinds
    assert not kinds & {"best_e1rm", "best_e1rm_lombardi", REP_MAX}
