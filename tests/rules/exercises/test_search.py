"""How a query and a text become words."""

import pytest

from services.exercises.rules import search


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Pull-ups", ["pull", "ups"]),
        ("Farmer's Walk", ["farmers", "walk"]),
        ("Farmer’s Walk", ["farmers", "walk"]),
        ("DÉVELOPPÉ couché", ["developpe", "couche"]),
        ("de\u0301veloppe\u0301", ["developpe"]),
        ("Bankdrücken Straße", ["bankdrucken", "strasse"]),
        ("Løfte Œuvre", ["lofte", "oeuvre"]),
        ("clean & jerk", ["clean", "jerk"]),
        ("Clean and Jerk", ["clean", "jerk"]),
        ("with the", ["with", "the"]),
        ("90/90 (hip)", ["90", "90", "hip"]),
        ("snake_case", ["snake", "case"]),
        ("%%% --", []),
    ],
)
def test_texts_become_plain_words(text, words):
    assert search.split(text) == words


@pytest.mark.parametrize(
    ("word", "stands_for"),
    [
        ("ups", "up"),
        ("dips", "dip"),
        ("presses", "press"),
        ("press", "press"),
        ("crunches", "crunch"),
        ("lunges", "lunge"),
        ("raises", "raise"),
        ("boxes", "box"),
        ("flies", "fly"),
        ("flyes", "fly"),
        ("calves", "calf"),
        ("biceps", "bicep"),
        ("db", "dumbbell"),
        ("kbs", "kettlebell"),
        ("single", "one"),
        ("is", "is"),
    ],
)
def test_spellings_of_a_kind_have_one_word(word, stands_for):
    assert search.singular(word) == stands_for


@pytest.mark.parametrize("name", ["pull up", "Pullup", "PULL-UPS", "pull ups", "púll‐úps"])
def test_a_name_has_one_key_however_it_is_written(name):
    assert search.key(name) == "pullup"


def test_an_exercise_is_indexed_by_names_aliases_and_description():
    indexed = search.index("Pull-ups", ["Overhand Pull-up"], "Hang from the bar.")
    assert indexed.name_key == "pullup"
    assert indexed.alias_keys == ["overhandpullup"]
    assert indexed.name_words == {"pull", "ups", "up", "pullups", "pullup"}
    assert indexed.title_words == indexed.name_words | {
        *("overhand", "overhandpull", "overhandpullup")
    }
    assert indexed.search_words == indexed.title_words | {"hang", "bar"}
    assert indexed.joined_words == {
        *("pullups", "pullup", "overhandpull", "overhandpullup"),
    }


# Slips


@pytest.mark.parametrize("typed", ["bensh", "bnch", "benchh", "becnh", "ebnch", "benc", "xbench"])
def test_one_slip(typed):
    assert search.is_one_slip(typed, "bench")
    assert search.is_one_slip("bench", typed)
    assert set(search.spellings(typed)) & set(search.spellings("bench"))


@pytest.mark.parametrize("typed", ["bech s", "hcneb", "bnhc", "bancg", "bb", "benchess", "cbenh"])
def test_more_than_one_slip(typed):
    assert not search.is_one_slip(typed, "bench")


def test_what_a_term_may_stand_for():
    pull, ups = search.terms("pull ups")
    assert pull.written == ups.written - {"ups"} | {"pull"} == {"pull", "pullups"}
    assert ups.whole == {"ups", "up", "pullups", "pullup"}
    assert search.terms("?!") == []


def patterns(query, *vocabulary):
    return search.patterns(query, search.terms(query), vocabulary)


def close_words(query, *vocabulary):
    return patterns(query, *vocabulary).close


def test_long_words_may_be_spelt_worse_if_nothing_is_closer():
    assert "dumbbell" in close_words("dumbel", "dumbbell")
    assert "dumbbell" not in close_words("dumbel", "dumbbell", "dumbed")
    assert "curl" not in close_words("cxxl", "curl")


def test_the_end_of_a_compound_word_is_close():
    assert "benchpress" in close_words("press", "benchpress")
    assert "machine" not in close_words("chin", "machine")


def test_a_slip_in_a_filler_is_forgiven():
    found = patterns("lunge wtih rotation", "lunge", "rotation")
    assert found.close.count(" & ") == 1
    assert "lungerotation" in found.near_keys
    known = patterns("lunge wtih rotation", "lunge", "rotation", "wtih")
    assert known.close.count(" & ") == 2
    assert patterns("wtih").close == "(wtih:*)"


def test_a_letter_that_begins_the_next_word_leaves_out_nothing():
    assert patterns("bench p").found == patterns("bench ").close
    assert patterns("bench p").close != patterns("bench ").close
    assert patterns("p").found == patterns("p").close
    assert patterns("bench pr").found == patterns("bench pr").close


def test_words_of_three_letters_must_be_right():
    assert "rib" not in close_words("rob", "rib")
    assert "curl" in close_words("crl", "curl")


def test_only_so_many_words_are_looked_at():
    assert len(search.terms(" ".join(["press"] * 50))) == search.MOST_WORDS
