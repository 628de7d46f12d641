"""The catalogue's data."""

import re

import pytest

from schemas.exercises import CATEGORIES, DIFFICULTIES, REP_UNITS
from schemas.measures import MEASURES, REP_TYPE_OF
from services.exercises import catalogue
from services.exercises.rules import search

ENTRIES = catalogue.read()
SEED = [
    ("Barbell Bench Press", "barbell-bench-press", "strength", ["chest", "triceps"], "barbell"),
    ("Barbell Squat", "barbell-squat", "strength", ["quadriceps", "glutes"], "barbell"),
    (
        "Barbell Deadlift",
        "barbell-deadlift",
        "strength",
        ["back", "glutes", "hamstrings"],
        "barbell",
    ),
    ("Pull-ups", "pull-ups", "strength", ["lats", "biceps"], "bodyweight"),
    ("Running", "running", "cardio", ["legs", "cardiovascular"], "none"),
    ("Plank", "plank", "strength", ["core"], "bodyweight"),
]
SEED_COUNTS = [
    ("intermediate", "count", "reps"),
    ("intermediate", "count", "reps"),
    ("advanced", "count", "reps"),
    ("intermediate", "count", "reps"),
    ("beginner", "distance", "meters"),
    ("beginner", "time", "seconds"),
]
FIELDS = ("name", "slug", "category", "primary_muscles", "equipment")
COUNT_FIELDS = ("difficulty", "rep_type", "unit")


def unique(values):
    values = list(values)
    return len(set(values)) == len(values)


MEASURE_OF = {
    "Barbell Bench Press": "weight_reps",
    "Sit-ups": "reps",
    "Pull-ups": "bodyweight_reps",
    "Machine-Assisted Pull-ups": "assisted_reps",
    "Plank": "duration",
    "Running": "distance_duration",
    "Farmer's Walk": "weight_distance",
}

# The data


def test_the_seeds_six_come_first_as_the_seed_has_them():
    six = ENTRIES[:6]
    assert [entry["id"] for entry in six] == [1, 2, 3, 4, 5, 6]
    assert [tuple(entry[field] for field in FIELDS) for entry in six] == SEED
    assert [tuple(entry[field] for field in COUNT_FIELDS) for entry in six] == SEED_COUNTS
    assert {entry["id"] for entry in ENTRIES[6:]} == {None}


def test_there_are_enough_of_every_kind():
    assert len(ENTRIES) >= 220
    assert {entry["category"] for entry in ENTRIES} == set(CATEGORIES)
    assert {entry["difficulty"] for entry in ENTRIES} == set(DIFFICULTIES)
    assert {entry["rep_type"] for entry in ENTRIES} == set(REP_UNITS)
    assert {entry["measure"] for entry in ENTRIES} == set(MEASURES)


@pytest.mark.parametrize(("name", "measure"), MEASURE_OF.items())
def test_exercises_are_measured_as_lifters_do(name, measure):
    [entry] = [entry for entry in ENTRIES if entry["name"] == name]
    assert entry["measure"] == measure


def test_names_slugs_and_aliases_name_one_exercise_each():
    assert unique(entry["slug"] for entry in ENTRIES)
    titles = [title for entry in ENTRIES for title in [entry["name"], *entry["aliases"]]]
    assert unique(title.lower() for title in titles)


IN_EXPORTS = {
    "Triceps Extension (Cable)": "Cable Triceps Extension",
    "Triceps Extension (Machine)": "Machine Triceps Extension",
    "Calf Press on Leg Press": "Leg Press Calf Raise",
    "Standing Calf Raise (Barbell)": "Barbell Calf Raise",
    "Standing Calf Raise (Smith Machine)": "Smith Machine Calf Raise",
    "Skullcrusher (Dumbbell)": "Dumbbell Skull Crusher",
    "Lateral Raise (Machine)": "Machine Lateral Raise",
    "Preacher Curl (Machine)": "Machine Preacher Curl",
    "Preacher Curl (Dumbbell)": "Dumbbell Preacher Curl",
    "Iso-Lateral Row (Machine)": "Iso-Lateral Row",
    "Chest Fly (Band)": "Band Chest Fly",
    "Crunch (Machine)": "Machine Crunch",
    "Lat Pulldown (Machine)": "Machine Lat Pulldown",
    "Incline Bench Press (Smith Machine)": "Smith Machine Incline Bench Press",
    "Back Extension (Machine)": "Machine Back Extension",
    "Reverse Fly (Cable)": "Cable Reverse Fly",
    "Seated Leg Press (Machine)": "Seated Leg Press",
    "Bicep Curl (Machine)": "Machine Biceps Curl",
    "Hip Abductor (Machine)": "Hip Abduction Machine",
    "Hip Adductor (Machine)": "Hip Adduction Machine",
    "Elliptical Machine": "Elliptical Trainer",
    "Treadmill": "Treadmill",
    "Pull Up (Neutral Grip)": "Neutral-Grip Pull-ups",
    "Pull Up (Assisted)": "Machine-Assisted Pull-ups",
    "Pull Up (Band)": "Resistance-Band Assisted Pull-ups",
    "Bench Press - Close Grip (Barbell)": "Close-Grip Bench Press",
    "Seated Incline Curl (Dumbbell)": "Incline Dumbbell Curl",
    "Back Extension (Weighted Hyperextension)": "Back Extension",
    "Seated Palms Up Wrist Curl": "Wrist Curl",
    "Bicep Curl (EZ Bar)": "EZ-Bar Curl",
    "Plank": "Plank",
}
"""Names that apps give what people log most."""


@pytest.mark.parametrize(("title", "name"), IN_EXPORTS.items())
def test_apps_names_are_among_the_names(title, name):
    key = search.key(title)
    found = [
        entry["name"]
        for entry in ENTRIES
        if key in map(search.key, [entry["name"], *entry["aliases"]])
    ]
    assert found == [name]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["slug"])
def test_every_entry_is_whole(entry):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry["slug"])
    assert entry["aliases"]
    assert entry["description"].endswith(".")
    assert 30 <= len(entry["description"]) <= 200
    steps = entry["instructions"].split("\n")
    assert len(steps) >= 3
    assert all(
        re.fullmatch(rf"{place}\. [A-Z].+\.", step) for place, step in enumerate(steps, start=1)
    )
    assert entry["primary_muscles"]
    muscles = entry["primary_muscles"] + entry["secondary_muscles"]
    assert unique(muscles)
    assert set(muscles) <= catalogue.MUSCLES
    assert entry["equipment"] in catalogue.EQUIPMENT
    assert entry["all_equipment"] == [entry["equipment"]]
    assert entry["body_part"] in catalogue.BODY_PARTS
    assert entry["rep_type"] == REP_TYPE_OF[entry["measure"]]
    assert entry["unit"] == REP_UNITS[entry["rep_type"]]
    assert entry["external_source"] == "manual"


def test_every_word_of_the_vocabulary_is_used():
    muscles = {
        muscle
        for entry in ENTRIES
        for muscle in entry["primary_muscles"] + entry["secondary_muscles"]
    }
    assert muscles == catalogue.MUSCLES
    assert {entry["equipment"] for entry in ENTRIES} == catalogue.EQUIPMENT
    assert {entry["body_part"] for entry in ENTRIES} == catalogue.BODY_PARTS


def test_slugs_keep_every_word():
    assert catalogue.slug("World's Greatest Stretch") == "worlds-greatest-stretch"
    assert catalogue.slug("Clean and Jerk") == "clean-and-jerk"
