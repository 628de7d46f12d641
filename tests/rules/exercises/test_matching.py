"""Which exercises the names of other apps mean: the rules, and a judged set."""

import json
import time

import pytest

from services.exercises import catalogue
from services.exercises.matching import app_names, measures, translating
from services.exercises.matching.index import Entry, Index
from services.exercises.matching.names import read_name
from services.exercises.matching.rules import Catalogues, match, match_there
from services.exercises.rules.words import plain_words
from tests.rules.exercises.judged_names import ENGLISH, MEASURED, OTHER_LANGUAGES

SEEDED = Index(
    Entry(
        entry["slug"],
        entry["name"],
        tuple(entry["aliases"]),
        frozenset(entry["all_equipment"]),
        entry["measure"],
    )
    for entry in catalogue.read()
)
APP_NAMES = [one for names in app_names.by_key().values() for one in names]
FOREIGN = {name: meant for names in OTHER_LANGUAGES.values() for name, meant in names.items()}


def exercise(number, name, *equipment, measure="weight_reps"):
    return Entry(number, name, (), frozenset(equipment), measure)


def matched(name, measure=None, own=(), imported=()):
    return match(name, measure, Catalogues(Index(own), SEEDED, Index(imported)))


def meant(name, measure=None, **others):
    """Return the name of the exercise that is meant; empty if none is without a question."""
    found = matched(name, measure, **others)
    return "" if found.why in ("ask", "new") else found.entries[0].name


def choices(name, measure=None, **others):
    found = matched(name, measure, **others)
    assert found.why == "ask"
    return [entry.name for entry in found.entries]


# the judged set


def test_there_are_enough_names():
    assert len(ENGLISH) >= 150
    assert len(FOREIGN) >= 100


@pytest.mark.parametrize(("name", "right"), {**ENGLISH, **FOREIGN}.items())
def test_no_name_is_taken_for_another_exercise(name, right):
    assert meant(name) in {"", *right.split("|")}


@pytest.mark.parametrize("judged", [ENGLISH, FOREIGN], ids=["English", "other languages"])
def test_names_of_the_catalogue_s_exercises_are_found(judged):
    named = {name: right.split("|")[0] for name, right in judged.items() if right}
    missed = [name for name, right in named.items() if not meant(name)]
    assert len(missed) <= 0.02 * len(named), missed


@pytest.mark.parametrize(("asked", "right"), MEASURED.items())
def test_what_the_sets_hold_decides(asked, right):
    assert meant(*asked) == right


# rules


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Front Squat", "exact"),
        ("front squats", "exact"),
        ("Chest Fly (Band)", "alias"),
        ("Bench Press (Barbell)", "words"),
        ("Press, Bench - (BARBELL)", "words"),
        ("Supino (Barra)", "words"),
        ("Shoulder Press", "ask"),
        ("Deadlift (Band)", "new"),
        ("Underwater Basket Weaving", "new"),
        ("", "new"),
        ("!?", "new"),
    ],
)
def test_how_a_name_led_to_an_exercise(name, why):
    assert matched(name).why == why


def test_two_that_are_as_good_are_asked_for():
    assert "Cable Triceps Extension" in choices("Triceps Extension")
    assert {"Overhead Press", "Machine Shoulder Press"} < {*choices("Shoulder Press")}
    assert choices("Beinbeuger (Maschine)") == ["Lying Leg Curl", "Seated Leg Curl"]


def test_a_word_of_other_equipment_in_another_language_is_asked_for():
    # a barbell in Turkish and a dumbbell in Portuguese
    assert choices("Bench Press (Halter)") == ["Dumbbell Bench Press", "Barbell Bench Press"]
    assert meant("Bench Press (Halteres)") == "Dumbbell Bench Press"
    assert meant("Supino (Halter)") == "Dumbbell Bench Press"
    # with dumbbells it would be a new one
    assert choices("Close Grip Bench Press (Halter)") == ["Close-Grip Bench Press"]


def test_at_most_five_are_there_to_choose_from():
    assert all(len(one.slugs) <= 5 for one in APP_NAMES)
    assert len(choices("Leg Press Press Leg Machine of Joe", "weight_reps")) <= 5


def test_near_names_are_asked_for_the_nearest_first():
    assert choices("Leg Press Keller")[0] == "Leg Press"
    assert choices("Lat Puldown Joe")[0] == "Lat Pulldown"


def test_equipment_that_no_exercise_of_the_words_has_makes_a_new_one():
    assert matched("Romanian Deadlift (Kettlebell)").why == "new"


def test_a_title_without_its_equipment_is_not_enough():
    # of the alias "Abdominal Machine"
    assert meant("Abdominal") in ("", "Crunch")
    assert meant("Lower Back") == ""


def test_a_thousand_names_take_little_cpu():
    began = time.process_time()
    # all unlike, so that nothing is known of one from those before
    for number in range(1000):
        matched(f"Leg Press {number} Machine von Nebenan")
    assert time.process_time() - began < 2


# private exercises


def test_an_own_exercise_comes_first_on_its_exact_name():
    own = [exercise(1001, "Bench Press"), exercise(1002, "Shoulder press")]
    assert matched("bench press", own=own).entries == [own[0]]
    assert matched("Shoulder Press", own=own) == ("exact", [own[1]])


def test_an_own_exercise_of_the_same_words_is_found_where_the_catalogue_has_none():
    row = exercise(1001, "Kettlebell Gorilla Row", "kettlebell")
    assert matched("Gorilla Row (Kettlebell)", own=[row]) == ("words", [row])


def test_an_own_exercise_of_the_same_words_as_one_of_the_catalogue_is_asked_for():
    bench = exercise(1001, "Press Bench", "barbell")
    assert choices("Bench Press (Barbell)", own=[bench]) == ["Press Bench", "Barbell Bench Press"]


def test_an_own_exercise_is_near():
    joe = exercise(1001, "Joe's Zzyzx Machine")
    assert choices("Joes Zzyzx Machine 2", own=[joe]) == ["Joe's Zzyzx Machine"]


# imported exercises


def test_the_catalogue_s_own_exercises_go_before_imported_ones():
    imported = [
        exercise(2001, "Bench Press (Barbell)", "barbell"),
        exercise(2002, "Shoulder Press"),
    ]
    assert meant("Bench Press (Barbell)", imported=imported) == "Barbell Bench Press"
    assert matched("Shoulder Press", imported=imported).why == "ask"


def test_an_imported_exercise_is_found_where_the_catalogue_has_none():
    zottman = exercise(2001, "Zottman Curl With Dumbbells", "dumbbell")
    assert matched("Zottman Curl (Dumbbell)", imported=[zottman]).entries == [zottman]


def test_imported_exercises_of_the_same_name_are_asked_for():
    two = [exercise(2001, "Zottman curl"), exercise(2002, "Zottman Curls")]
    assert choices("Zottman Curl", imported=two) == ["Zottman curl", "Zottman Curls"]


# exercises of the catalogue that are not in the database


def matched_there(name, *missing, imported=()):
    kept = (one for slug, one in SEEDED.by_known_as.items() if slug not in missing)
    catalogues = Catalogues(Index(), SEEDED, Index(imported))
    return match_there(name, None, catalogues, Index(kept))


def slug_of(name):
    return next(slug for slug, one in SEEDED.by_known_as.items() if one.name == name)


@pytest.mark.parametrize("name", ["Hammer Curl", "Kettlebell Swing"])
def test_one_that_another_source_has_is_found_where_the_catalogue_s_is_not_there(name):
    imported = exercise(2001, name, *SEEDED.by_known_as[slug_of(name)].equipment)
    assert matched_there(name, slug_of(name), imported=[imported]) == ("exact", [imported])
    assert matched_there(name, imported=[imported]).entries[0].known_as == slug_of(name)


def test_what_is_not_there_is_no_choice():
    found = matched_there("Deadlift (Halter)", slug_of("Barbell Deadlift"))
    assert [entry.name for entry in found.entries] == ["Dumbbell Deadlift"]


def test_without_the_catalogue_all_is_new():
    empty = Catalogues(Index(), SEEDED, Index())
    found = {match_there(name, None, empty, Index()) for name in [*ENGLISH, *FOREIGN]}
    assert {(one.why, *one.entries) for one in found} == {("new",)}


@pytest.mark.parametrize("name", [*ENGLISH, *FOREIGN][::20])
def test_a_question_has_choices_where_exercises_are_not_there(name):
    missing = [entry.known_as for entry in matched(name).entries]
    found = matched_there(name, *missing)
    assert (found.why == "new") == (not found.entries)
    assert not {entry.known_as for entry in found.entries} & {*missing}


# the data


def test_the_names_of_apps_are_of_the_catalogue_s_exercises():
    assert {slug for one in APP_NAMES for slug in one.slugs} <= SEEDED.by_known_as.keys()


def test_a_name_of_an_app_means_one_thing():
    for one in APP_NAMES:
        assert app_names.find(one.name).slugs == one.slugs


def test_kinds_are_of_the_catalogue_s_exercises():
    for kinds in (measures.ASSISTED_KIND, measures.WEIGHTED_KIND, measures.BARE_KIND):
        assert {*kinds, *kinds.values()} <= SEEDED.by_known_as.keys()


@pytest.mark.parametrize("language", translating.languages(), ids=lambda one: one.code)
def test_translations_are_in_words_of_the_catalogue(language):
    meanings = {word for meaning in language.phrases.values() for word in read_name(meaning).words}
    unknown = {word for word in meanings if not SEEDED.has_word(word)}
    assert unknown <= {"assisted", "weighted", "machine"}


@pytest.mark.parametrize("language", translating.languages(), ids=lambda one: one.code)
def test_no_phrase_is_longer_than_those_that_are_looked_up(language):
    assert max(map(len, language.phrases)) <= translating.LONGEST_PHRASE
    assert all(language.phrases)


@pytest.mark.parametrize(
    "file", sorted(translating.DIRECTORY.glob("*.json")), ids=lambda one: one.stem
)
def test_phrases_of_the_same_stems_mean_the_same(file):
    meanings = {}
    for phrase, meaning in json.loads(file.read_text("utf-8"))["phrases"].items():
        stems = tuple(translating.stem(word, file.stem) for word in plain_words(phrase))
        assert meanings.setdefault(stems, meaning) == meaning, phrase


def test_a_name_with_an_unknown_word_is_not_translated():
    assert not [*translating.translations("Supino Xyz (Barra)", SEEDED.has_word)]
