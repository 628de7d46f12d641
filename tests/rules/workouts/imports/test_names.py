"""What names of a file would become: what was learned, or what the exercises service says."""

from types import SimpleNamespace

import pytest

from schemas.errors import ValidationFailed
from services.workouts.imports import names
from services.workouts.imports.rules.measures import NameSummary

ENTRIES = {
    1: {"id": 1, "name": "Bench Press", "measure": "weight_reps", "is_active": True},
    4: {"id": 4, "name": "Pull Up", "measure": "bodyweight_reps", "is_active": True},
    9: {"id": 9, "name": "Assisted Pull Up", "measure": "assisted_reps", "is_active": True},
}
MINE = {"id": 11, "name": "My Row", "measure": "reps", "is_active": True, "owner": "me"}
OWN = NameSummary(sets=3, said="weight_reps", is_own=True)
SETS = NameSummary(sets=3, repetitions=3, weighted_repetitions=3)
ASSISTED = NameSummary(sets=2, assisted=2, repetitions=2, weighted_repetitions=2)


class Matcher:
    """The exercises service, which knows some names exactly and finds nothing near others."""

    def __init__(self, known):
        self.known = known
        self.asked = []

    def match_names(self, user_id, asked):
        self.asked += asked
        return [self._answer(self.known.get(each["name"])) for each in asked]

    def _answer(self, key):
        entry = (ENTRIES | {11: MINE}).get(key, {"id": None, "name": None})
        why = "exact" if key else "new"
        return {"why": why, "exercise_id": key, "exercise_name": entry["name"], "choices": []}


def match(found, learned=(), known=ENTRIES, exercises=None):
    tools = SimpleNamespace(
        database=SimpleNamespace(fetch=lambda *_, **__: [*learned]),
        exercises=exercises or Matcher({"Bench Press": 1, "Pull Up (Assisted)": 4}),
        known=lambda user_id, ids: {key: known[key] for key in ids if key in known},
        entries_of=lambda user_id, ids: {key: known[key] for key in ids if key in known},
    )
    return names.match(tools, 7, found, lambda: None)


def told(rows):
    return {row["name"]: (row["why"], row["exercise_id"]) for row in rows}


def test_the_exercises_service_is_asked_with_the_measures():
    matcher = Matcher({"Bench Press": 1})
    found = match({"Bench Press": SETS, "Gorilla Row": SETS}, exercises=matcher)
    assert told(found) == {"Bench Press": ("exact", 1), "Gorilla Row": ("new", None)}
    assert matcher.asked[0] == {"name": "Bench Press", "measure": "weight_reps"}
    assert (found[0]["sets"], found[0]["measure"]) == (3, "weight_reps")


def test_what_was_learned_goes_first_whatever_its_case():
    found = match({"BENCH  Press": SETS}, learned=[("bench press", 9)])
    assert told(found) == {"BENCH  Press": ("learned", 9)}


@pytest.mark.parametrize(
    ("exact", "learned", "expected"),
    [
        (1, [], ("new", None)),
        (1, [("bench press", 1)], ("learned", 1)),
        (1, [("bench press", 11)], ("learned", 11)),
        (11, [("bench press", 1)], ("exact", 11)),
        (11, [], ("exact", 11)),
    ],
)
def test_an_exercise_of_one_s_own_is_one_s_own_or_what_was_chosen(exact, learned, expected):
    matcher = Matcher({"Bench Press": exact})
    known = ENTRIES | {11: MINE}
    found = match({"Bench Press": OWN}, learned, known=known, exercises=matcher)
    assert told(found) == {"Bench Press": expected}


def test_what_was_learned_and_is_gone_is_asked_for():
    found = match({"Bench Press": SETS}, learned=[("bench press", 5)])
    assert told(found) == {"Bench Press": ("exact", 1)}


def test_many_are_asked_for_in_several_calls():
    matcher = Matcher({})
    many = {f"Name {number}": SETS for number in range(450)}
    assert len(match(many, exercises=matcher)) == len(matcher.asked) == 450


def test_a_service_that_cannot_match_has_all_asked_for():
    version_before = SimpleNamespace(match_names=lambda *_: [])
    assert told(match({"Bench Press": SETS}, exercises=version_before)) == {
        "Bench Press": ("ask", None)
    }


def test_assistance_is_not_counted_as_weight():
    [found] = match({"Pull Up (Assisted)": ASSISTED})
    assert (found["why"], found["exercise_id"]) == ("new", None)
    assert found["choices"] == [{"id": 4, "name": "Pull Up"}]
    matcher = Matcher({"Pull Up (Assisted)": 9})
    [found] = match({"Pull Up (Assisted)": ASSISTED}, exercises=matcher)
    assert (found["why"], found["exercise_id"]) == ("exact", 9)
    learned = [("pull up (assisted)", 4)]
    assert match({"Pull Up (Assisted)": ASSISTED}, learned)[0]["exercise_id"] == 4


@pytest.mark.parametrize(
    "mapping", [[], {"a": 0}, {"a": "1"}, {"a": None}, {str(number): 1 for number in range(2001)}]
)
def test_what_is_no_mapping_is_refused(mapping):
    with pytest.raises(ValidationFailed):
        names.checked_mapping(mapping)
