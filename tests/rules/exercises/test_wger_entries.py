"""What becomes of wger's entries: names, texts, and our columns."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.exercises import CATEGORIES as CATEGORY_NAMES
from schemas.measures import LIKELY_MEASURE, REP_TYPE_OF
from services.exercises import catalogue
from services.exercises.wger import vocabulary
from services.exercises.wger.entries import (
    MALFORMED,
    NO_ENGLISH_NAME,
    category_of,
    english_ids,
    equipment_of,
    muscles_of,
    read_entry,
    rep_type_of,
)
from services.exercises.wger.measures import MEASURED_BY, measure_of
from services.exercises.wger.text import LONGEST_NAME, LONGEST_TEXT, plain_text, tidy_name
from tests.fakes.wger_server import (
    ENGLISH,
    FRENCH,
    GERMAN,
    LANGUAGES,
    STORED,
    make_entry,
    make_muscle,
    make_translation,
    stored_entries,
    stored_languages,
)

NAMED_ENGLISH = english_ids(LANGUAGES)


def columns_of(entry, english=NAMED_ENGLISH):
    return read_entry(entry, english).columns


# Texts

TEXTS = {
    "": "",
    "plain": "plain",
    "<p>One</p>\n<p>Two</p>": "One\n\nTwo",
    "<p>Salt &amp;&nbsp;pepper &lt; 5&#176;</p>": "Salt & pepper < 5°",
    "one<br>two<br/>three": "one\ntwo\nthree",
    "<p><strong>Set</strong> up <em>well</em>.</p>": "Set up well.",
    "<ul><li>a</li><li>b</li></ul>": "- a\n- b",
    "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n": "1. a\n2. b",
    "<p>Do:</p><ol><li><p>a</p></li><li>b</li></ol><p>Done</p>": "Do:\n\n1. a\n2. b\n\nDone",
    "<ol><li>a<ul><li>x</li><li>y</li></ul></li><li>b</li></ol>": "1. a\n  - x\n  - y\n2. b",
    "<ol><li>a<br>more</li><li></li><li>b</li></ol>": "1. a\n  more\n2. b",
    "<ul><li>never closed<li>as well": "- never closed\n- as well",
    "<li>without a list": "- without a list",
    "a</ul></p>b": "a\n\nb",
    "<script>alert(1)</script>safe<style>p {}</style>": "safe",
    '<a href="http://x">link</a><img src=x onerror=y>': "link",
    "&lt;p&gt;twice &amp;amp; escaped&lt;/p&gt;": "twice & escaped",
    "3 < 5 and 7 > 2": "3 < 5 and 7 > 2",
    "nul\0 zero\u200bwidth \ud800surrogate": "nul zerowidth surrogate",
    "e\u0301 as one letter": "é as one letter",
    "<![weird[ thing": "",
    "<!-- hidden -->seen": "seen",
}


@pytest.mark.parametrize(("html", "text"), TEXTS.items())
def test_html_becomes_plain_text(html, text):
    assert plain_text(html) == text


@pytest.mark.parametrize("html", [None, 7, True, [], {}])
def test_what_is_no_text_is_empty(html):
    assert plain_text(html) == ""


def test_a_text_is_cut_between_words():
    text = plain_text("<p>" + "word " * 10_000)

    assert len(text) <= LONGEST_TEXT
    assert text.endswith("word…")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([*'<>&;/!-[]" a1', "<li>", "</ul>", "<ol", "&lt;", "\ud800", "\0"]))
)
def test_any_html_becomes_a_text_that_can_be_kept(pieces):
    html = "".join(pieces)
    for text in (plain_text(html), tidy_name(html)):
        text.encode()
        assert "\0" not in text
        assert text == text.strip()


NAMES = {
    "Bench Press": "Bench Press",
    "  bench \n press ": "Bench press",
    "lat Pulldown": "Lat Pulldown",
    "One Arm DB Rows |": "One Arm DB Rows",
    "- Squat.": "Squat",
    "<b>Leg</b>&nbsp;Press &amp; Hold": "Leg Press & Hold",
    "&lt;i&gt;Dips&lt;/i&gt;": "Dips",
    "BARBELL ROW": "Barbell Row",
    "TRX ROW": "TRX Row",
    "TRX": "TRX",
    "90/90 hip switch": "90/90 hip switch",
    "Pull-Ups (Wide Grip)": "Pull-Ups (Wide Grip)",
    "développé couché": "Développé couché",
    "": "",
    "?!": "",
    "<p></p>": "",
}


@pytest.mark.parametrize(("given_name", "name"), NAMES.items())
def test_names_are_tidied(given_name, name):
    assert tidy_name(given_name) == name


def test_a_name_has_an_end():
    assert len(tidy_name("long " * 200)) <= LONGEST_NAME
    assert len(tidy_name("x" * 1000)) <= LONGEST_NAME


# English by its code


def test_english_is_found_by_its_code_wherever_it_stands():
    entry = make_entry(1, "Squat")
    entry["translations"].insert(0, make_translation(1, "Kniebeuge", GERMAN))
    entry["translations"].insert(0, make_translation(1, "Accroupi", FRENCH))

    assert columns_of(entry)["name"] == "Squat"


def test_english_has_the_id_that_the_server_gives_it():
    languages = [{"id": 2, "short_name": "de"}, {"id": 7, "short_name": "en"}]
    entry = make_entry(1, "Kniebeuge", language=2)
    entry["translations"].append(make_translation(1, "Squat", 7))

    assert columns_of(entry, english_ids(languages))["name"] == "Squat"


@pytest.mark.parametrize("languages", [[], ["en"], [{}], [{"id": "2"}], [{"id": 4}], [None]])
def test_english_is_2_where_the_server_has_no_languages(languages):
    assert english_ids(languages) == {2}


@pytest.mark.parametrize(
    "language", [2, "2", "en", "EN", "en-GB", {"id": 2}, {"short_name": "en"}, {"code": "en_US"}]
)
def test_how_servers_tell_a_language(language):
    assert columns_of(
        make_entry(1, "Squat", language=ENGLISH)
        | {"translations": [make_translation(1, "Squat") | {"language": language}]}
    )


@pytest.mark.parametrize(
    "language",
    [1, "de", "english?", {"id": 1}, {"short_name": "de", "id": 2}, None, True, [2], 2.0],
)
def test_what_is_not_english(language):
    translation = make_translation(1, "Kniebeuge") | {"language": language}

    entry = read_entry(make_entry(1, "x") | {"translations": [translation]}, NAMED_ENGLISH)

    assert (entry.columns, entry.reason, entry.name) == (None, NO_ENGLISH_NAME, "Kniebeuge")


@pytest.mark.parametrize("name", ["", "  ", "?", "<p></p>", None, 5, "、"])
def test_an_english_translation_needs_a_name(name):
    assert read_entry(make_entry(1, name), NAMED_ENGLISH).reason == NO_ENGLISH_NAME


def test_of_several_english_translations_always_the_same_one_is_taken():
    translations = [make_translation(number, f"Squat {number}") for number in (3, 1, 2)]
    translations.append(make_translation(0, " "))

    for _ in range(5):
        random.shuffle(translations)
        entry = make_entry(1, "x") | {"translations": translations}
        assert columns_of(entry)["name"] == "Squat 1"


# What any server may send


def test_older_servers_call_the_translations_exercises():
    entry = make_entry(1, "Squat")
    entry["exercises"] = entry.pop("translations")

    assert columns_of(entry)["name"] == "Squat"


def test_still_older_servers_have_one_language_an_entry():
    entry = {"id": 1, "name": "Squat", "language": {"short_name": "en"}, "category": "Legs"}

    columns = columns_of(entry)

    assert (columns["name"], columns["body_part"]) == ("Squat", "legs")


@pytest.mark.parametrize(
    "entry",
    [
        *(None, 5, "x", [], {}),
        *({"id": value} for value in (None, 0, -1, True, "x", 2**63, 1.5, [1])),
    ],
)
def test_an_entry_without_an_id_is_skipped(entry):
    skipped = read_entry(entry, NAMED_ENGLISH)

    assert (skipped.external_id, skipped.columns, skipped.reason) == (None, None, MALFORMED)


def test_only_id_and_name_are_needed():
    columns = columns_of({"id": 5, "translations": [{"name": "Squat", "language": 2}]})

    assert columns == {
        "name": "Squat",
        "aliases": [],
        "description": None,
        "instructions": None,
        "category": "strength",
        "body_part": None,
        "primary_muscles": [],
        "secondary_muscles": [],
        "equipment": None,
        "all_equipment": [],
        "difficulty": None,
        "measure": "weight_reps",
        "rep_type": "count",
        "unit": "reps",
        "external_source": "wger",
        "external_id": "5",
        "external_uuid": None,
        "license": None,
        "license_author": None,
    }


NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "name_en", "alias", "language"]), inner)
    ),
    max_leaves=6,
)
FIELDS = list(make_entry(1, "Squat"))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), NONSENSE, max_size=4))
def test_no_nonsense_in_a_field_breaks_the_reading(fields):
    entry = read_entry(make_entry(1, "Squat") | fields, NAMED_ENGLISH)

    json.dumps(entry.columns).encode()


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(list(make_translation(1, "x"))), NONSENSE, max_size=4))
def test_no_nonsense_in_a_translation_breaks_the_reading(fields):
    translation = make_translation(1, "Squat") | fields

    entry = read_entry(make_entry(1, "x") | {"translations": [translation]}, NAMED_ENGLISH)

    json.dumps(entry.columns).encode()


# Names beside the name


def test_aliases_are_tidied_and_each_is_there_once():
    aliases = ["back squat |", "Back-Squats", "SQUATS", "<b>High Bar</b> Squat", "", None, "?"]

    columns = columns_of(make_entry(1, "Squat", aliases=aliases))

    assert columns["aliases"] == ["Back squat", "High Bar Squat"]


def test_the_order_of_lists_makes_no_difference():
    names = ["Bench", "Barbell", "Dumbbell"]
    muscles = [make_muscle(1, "Biceps brachii", "Biceps"), make_muscle(9, "Trapezius", "")]
    equipment = [{"id": number, "name": name} for number, name in enumerate(names)]
    entry = make_entry(1, "Row", aliases=["A", "B", "C"], muscles=muscles, equipment=equipment)
    translation = entry["translations"][0]
    translation["notes"] = [{"id": number, "comment": f"Note {number}"} for number in (1, 2, 3)]
    before = columns_of(entry)

    for items in (muscles, equipment, translation["aliases"], translation["notes"]):
        items.reverse()

    assert columns_of(entry) == before
    assert before["instructions"] == "- Note 1\n- Note 2\n- Note 3"


def test_licence_and_author_are_kept():
    columns = columns_of(make_entry(1, "Squat", license_author=" Jane\nDoe "))

    assert (columns["license"], columns["license_author"]) == ("CC-BY-SA 4", "Jane Doe, somebody")


@pytest.mark.parametrize(
    ("history", "author"), [(["Ada", "Bob", "Ada"], "Ada, Bob"), ([], None), (None, None)]
)
def test_authors_are_those_of_the_history_where_nobody_is_named(history, author):
    entry = make_entry(1, "Squat", license_author="", author_history=history)
    entry["translations"][0]["license_author"] = ""

    assert columns_of(entry)["license_author"] == author


# Rules

CATEGORIES = {
    ("Squat", "Legs"): "strength",
    ("Running", "Cardio"): "cardio",
    ("Treadmill Intervals", "Legs"): "cardio",
    ("Burpees", "Abs"): "cardio",
    ("Walking Lunge", "Legs"): "strength",
    ("Quad Stretch", "Legs"): "flexibility",
    ("Child's Pose", "Back"): "flexibility",
    ("Running Stretch", "Cardio"): "flexibility",
    ("Cat-Cow", "Stretching"): "flexibility",
}


@pytest.mark.parametrize(("given_words", "category"), CATEGORIES.items())
def test_the_category_is_derived(given_words, category):
    assert category_of(*given_words) == category


REP_TYPES = {
    ("Squat", "strength"): "count",
    ("Plank", "strength"): "time",
    ("Plank Jacks", "strength"): "count",
    ("Side Plank Hip Dips", "strength"): "count",
    ("Axe Hold", "strength"): "time",
    ("Pull-up Isometric Hold", "strength"): "time",
    ("Dead Hang", "strength"): "time",
    ("Hang Clean", "strength"): "count",
    ("Hanging Leg Raises", "strength"): "count",
    ("Front Lever", "strength"): "time",
    ("Front lever pull-up", "strength"): "count",
    ("Wall Sit", "strength"): "time",
    ("L-Sit", "strength"): "time",
    ("Suitcase Carry", "strength"): "distance",
    ("Farmer's Walk", "strength"): "distance",
    ("Bear Crawl", "strength"): "distance",
    ("Walking Lunges", "strength"): "count",
    ("Monster Walk", "strength"): "count",
    ("Sled Push", "strength"): "distance",
    ("Running", "cardio"): "distance",
    ("Rowing Machine", "cardio"): "distance",
    ("Jump Rope", "cardio"): "time",
    ("Burpees", "cardio"): "count",
    ("Hamstring Stretch", "flexibility"): "time",
}


@pytest.mark.parametrize(("given_words", "rep_type"), REP_TYPES.items())
def test_what_a_set_counts_is_derived(given_words, rep_type):
    assert rep_type_of(*given_words) == rep_type


def test_the_rules_agree_with_most_of_our_own_catalogue():
    entries = catalogue.read()
    other = [
        entry["name"]
        for entry in entries
        if rep_type_of(entry["name"], entry["category"]) != entry["rep_type"]
    ]

    assert len(other) <= len(entries) * 0.05, other


MEASURES = {
    ("Squat", "strength", "count", "barbell"): "weight_reps",
    ("Leg Press", "strength", "count", None): "weight_reps",
    ("Crunches", "strength", "count", "bodyweight"): "reps",
    ("Hanging Leg Raises", "strength", "count", "pull-up bar"): "reps",
    ("Burpees", "cardio", "count", None): "reps",
    ("Pull-ups", "strength", "count", "pull-up bar"): "bodyweight_reps",
    ("Wide Pullups", "strength", "count", None): "bodyweight_reps",
    ("Weighted Chin-Ups", "strength", "count", None): "bodyweight_reps",
    ("Dips Between Two Benches", "strength", "count", "bench"): "bodyweight_reps",
    ("Dip Machine", "strength", "count", "machine"): "weight_reps",
    ("Assisted Dips", "strength", "count", "machine"): "assisted_reps",
    ("Pull-ups with band", "strength", "count", "band"): "assisted_reps",
    ("Side Plank", "strength", "time", "bodyweight"): "duration",
    ("Weighted Plank", "strength", "time", "bodyweight"): "weight_duration",
    ("Axe Hold", "strength", "time", "dumbbell"): "weight_duration",
    ("Hamstring Stretch", "flexibility", "time", "band"): "duration",
    ("Jump Rope", "cardio", "time", None): "duration",
    ("Rowing Machine", "cardio", "distance", "machine"): "distance_duration",
    ("Running", "cardio", "distance", None): "distance_duration",
    ("Bear Walk", "strength", "distance", "bodyweight"): "distance_duration",
    ("Farmer's Walk", "strength", "distance", None): "weight_distance",
    ("Suitcase Carry", "strength", "distance", "dumbbell"): "weight_distance",
    ("Sled Drag", "strength", "distance", "sled"): "weight_distance",
}


@pytest.mark.parametrize(("given_columns", "measure"), MEASURES.items())
def test_what_a_set_holds_is_derived(given_columns, measure):
    assert measure_of(*given_columns) == measure


@pytest.mark.parametrize("rep_type", LIKELY_MEASURE)
@given(st.text(), st.sampled_from(CATEGORY_NAMES), st.sampled_from([None, "band", "barbell"]))
def test_a_measure_is_one_of_what_is_counted(rep_type, name, category, equipment):
    assert REP_TYPE_OF[measure_of(name, category, rep_type, equipment)] == rep_type


def test_the_measures_agree_with_most_of_our_own_catalogue():
    entries = catalogue.read()
    other = [
        entry["name"]
        for entry in entries
        if measure_of(*(entry[column] for column in MEASURED_BY)) != entry["measure"]
    ]

    assert len(other) <= len(entries) * 0.05, other


EQUIPMENT = {
    ("Barbell",): ["barbell"],
    ("Bench", "Dumbbell"): ["dumbbell", "bench"],
    ("Pull-up bar", "none (bodyweight exercise)"): ["bodyweight", "pull-up bar"],
    ("Incline bench", "SZ-Bar"): ["ez bar", "incline bench"],
    ("Resistance band", "Cable machine"): ["cable", "band"],
    ("Gym mat",): ["gym mat"],
    ("Gym mat", "Sandbag"): ["sandbag", "gym mat"],
    ("BARBELL", "barbell"): ["barbell"],
}


@pytest.mark.parametrize(("names", "equipment"), EQUIPMENT.items())
def test_the_main_piece_of_equipment_comes_first(names, equipment):
    assert equipment_of(names, "Squat") == equipment


@pytest.mark.parametrize(
    ("name", "equipment"),
    [
        ("Trap Bar Squat", ["trap bar"]),
        ("Seated Cable Row", ["cable"]),
        ("DB Curl", ["dumbbell"]),
        ("Smith Machine Squat", ["smith machine"]),
        ("Squat", []),
    ],
)
def test_a_name_tells_the_equipment_where_none_is_listed(name, equipment):
    assert equipment_of([], name) == equipment


def test_muscles_are_named_as_in_our_own_catalogue():
    given_muscles = [
        make_muscle(6, "Rectus abdominis", "Abs"),
        make_muscle(14, "Obliquus externus abdominis", ""),
        {"id": 7, "name": "Gastrocnemius"},
        make_muscle(15, "Soleus", ""),
        make_muscle(99, "Musculus novus", "New Muscle"),
        "nonsense",
        {},
    ]

    assert muscles_of(given_muscles) == ["calves", "core", "new muscle", "obliques"]


def test_a_muscle_is_primary_or_secondary_but_not_both():
    muscles = [make_muscle(7, "Gastrocnemius", "Calves")]
    others = [make_muscle(15, "Soleus", ""), make_muscle(8, "Gluteus maximus", "Glutes")]

    columns = columns_of(make_entry(1, "Squat", muscles=muscles, muscles_secondary=others))

    assert columns["primary_muscles"] == ["calves"]
    assert columns["secondary_muscles"] == ["glutes"]


def test_our_words_are_those_of_the_catalogue():
    assert set(vocabulary.MUSCLES.values()) <= catalogue.MUSCLES
    assert set(vocabulary.EQUIPMENT.values()) <= catalogue.EQUIPMENT
    assert set(vocabulary.EQUIPMENT_IN_NAMES) <= catalogue.EQUIPMENT
    assert set(vocabulary.BODY_PARTS.values()) <= catalogue.BODY_PARTS


# A real server's answers


stored = pytest.mark.skipif(
    not STORED.is_dir(), reason="the stored answers are not beside the checkout"
)


@pytest.fixture(scope="module")
def entries():
    english = english_ids(stored_languages())
    return {item["id"]: read_entry(item, english) for item in stored_entries()}


@stored
def test_each_entry_is_read(entries):
    assert len(entries) == 65
    assert all(entry.columns for entry in entries.values())


@stored
def test_all_words_are_ours(entries):
    for entry in entries.values():
        columns = entry.columns
        assert {*columns["primary_muscles"], *columns["secondary_muscles"]} <= catalogue.MUSCLES
        assert columns["body_part"] in catalogue.BODY_PARTS
        assert columns["license"].startswith("CC")
        assert columns["equipment"] is None or columns["equipment"] in {
            *catalogue.EQUIPMENT,
            *vocabulary.SUPPORTS,
        }


@stored
def test_no_html_is_left(entries):
    for entry in entries.values():
        text = f"{entry.columns['name']} {entry.columns['description']}"
        assert not any(sign in text for sign in ("<p", "<li", "&amp;", "&nbsp;", "\xa0"))


@stored
def test_an_entry_of_which_german_comes_first(entries):
    columns = entries[12].columns

    assert columns["name"] == "Seated Hip Adduction"
    assert columns["primary_muscles"] == ["glutes"]
    assert (columns["license"], columns["license_author"]) == ("CC-BY-SA 3", "flori")


@stored
def test_an_entry_with_aliases(entries):
    assert "Schwarzenegger Press" in entries[20].columns["aliases"]
    assert entries[81].columns["aliases"] == ["One Arm DB Rows"]
