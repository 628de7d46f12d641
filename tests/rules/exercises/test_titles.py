"""Titles that are equal but for the equipment of their exercise."""

import pytest

from services.exercises.rules import search, titles
from services.exercises.rules.words import split


def equal(query, name, *pieces, aliases=()):
    """Return whether a search takes a query for a title of an exercise."""
    indexed = search.index(name, aliases, None, pieces)
    keys = titles.query_keys(split(query))
    terms = [term.whole for term in search.terms(query)]
    return not set(keys).isdisjoint(indexed.title_keys) and all(
        term & indexed.title_words for term in terms
    )


@pytest.mark.parametrize(
    ("query", "name", "piece"),
    [
        ("Bench Press (Barbell)", "Barbell Bench Press", "barbell"),
        ("Seated Leg Curl (Machine)", "Seated Leg Curl", "machine"),
        ("Seated Leg Curl", "Seated Leg Curl", "machine"),
        ("Leg Curls, seated", "Seated Leg Curl", "machine"),
        ("Bench Press - Close Grip (Barbell)", "Close-Grip Bench Press", "barbell"),
        ("Bench Press (Smith Machine)", "Smith Machine Bench Press", "smith machine"),
        ("Shrug (DB)", "Dumbbell Shrug", "dumbbell"),
        ("Preacher Curl (Barbell)", "Preacher Curl", "ez bar"),
        ("Preacher Curl (EZ Bar)", "Preacher Curl", "ez bar"),
        ("Deadlift Hex", "Trap Bar Deadlift", "trap bar"),
        ("Pullup (Bodyweight)", "Pull-ups", "bodyweight"),
        ("Pullup (Machine)", "Machine Pull-up", "machine"),
        ("Bench Press (Langhantel)", "Barbell Bench Press", "barbell"),
        ("Leg Extension (Máquina)", "Leg Extension", "machine"),
    ],
)
def test_an_exercise_s_own_equipment_does_not_count(query, name, piece):
    assert equal(query, name, piece)


@pytest.mark.parametrize(
    ("query", "name", "piece"),
    [
        ("Bench Press (Dumbbell)", "Barbell Bench Press", "barbell"),
        ("Bench Press (Machine)", "Barbell Bench Press", "barbell"),
        ("Incline Bench Press (Barbell)", "Barbell Bench Press", "barbell"),
        ("Bench Press", "Incline Bench Press", "barbell"),
        ("Press (Barbell)", "Push Press", "barbell"),
        ("Push", "Sled Push", "sled"),
        ("Press", "Bench Press", "bench"),
        ("Machine", "Rowing Machine", "machine"),
        ("Barra fixa", "Barbell Fix", "barbell"),
    ],
)
def test_other_equipment_and_other_words_do(query, name, piece):
    assert not equal(query, name, piece)


def test_aliases_are_titles():
    assert equal("Arm Curl (Dumbbell)", "Dumbbell Curl", "dumbbell", aliases=["Arm Curl"])
    assert equal("Barra Fixa", "Pull-ups", "bodyweight", aliases=["Barra fixa"])


def test_equipment_has_foreign_names_in_aliases_too():
    title = "Dumbbell Curl", "dumbbell"
    for query in ("Rosca Direta (Dumbbell)", "Rosca direta com halteres", "Rosca direta"):
        assert equal(query, *title, aliases=["Rosca Direta (Halter)"])
    assert not equal("Rosca Direta (Cabo)", *title, aliases=["Rosca Direta (Halter)"])


def test_a_title_of_equipment_alone_keeps_it():
    assert titles.title_keys(["Machine"], ["machine"]) == titles.query_keys(["machine"])


def test_words_of_equipment_find_an_exercise():
    assert titles.equipment_words(["smith machine", "none", "pull-up bar"]) == {"smith", "machine"}
    assert titles.equipment_words(["ez bar"]) == {"ez", "bar", "barbell"}


def test_a_query_of_many_pieces_has_few_keys():
    query = "barbell dumbbell kettlebell cable machine band smith curl"
    assert len(titles.query_keys(query.split())) == 16


def test_a_degree_sign_is_no_letter():
    assert split("Leg Press 45º") == split("Leg Press 45°") == ["leg", "press", "45"]
