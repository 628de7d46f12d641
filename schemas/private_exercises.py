"""The rules of private exercises: what the bodies about them may hold."""

from typing import Any

from schemas.exercises import CATEGORIES
from schemas.fields import OneOf, Text, Word, Words, about, identifier
from schemas.loading import Body
from schemas.measures import MEASURES

LONGEST_NAME = 255
LONGEST_MUSCLE = 50
LONGEST_EQUIPMENT = 100
MOST_MUSCLES = 20
ABOUT_NAME = "None of your other exercises may have it, whatever the case, accents and spaces."
ABOUT_MEASURE = (
    "What a set holds: `weight_reps`, `reps`, `bodyweight_reps` (the weight is what is added), "
    "`assisted_reps` (the weight is what is taken off), `duration`, `weight_duration`, "
    "`distance_duration`, `weight_distance`."
)
ABOUT_NOTES = (
    "For oneself. A search finds the exercise by one word of them, or by several that are all in "
    "them and none in its name or equipment."
)


def _muscles(description: str, **options: Any) -> Words:
    text = f"{description}; best in the words that `/api/exercises/facets` lists."
    return Words(max_items=MOST_MUSCLES, max_length=LONGEST_MUSCLE, metadata=about(text), **options)


def _equipment(**options: Any) -> Word:
    text = "The piece that it needs, best in a word that `/api/exercises/facets` lists."
    return Word(max_length=LONGEST_EQUIPMENT, metadata=about(text), **options)


def _notes(**options: Any) -> Text:
    return Text(max_length=5000, metadata=about(ABOUT_NOTES), **options)


class _ExerciseBody(Body):
    read_only = frozenset(
        {
            *("id", "slug", "aliases", "description", "instructions", "body_part", "difficulty"),
            *("all_equipment", "rep_type", "unit", "is_active", "external_source", "external_id"),
            *("license", "license_author", "created_at", "updated_at", "owner", "details"),
            *("merged_into", "mine"),
        }
    )


class NewExercise(_ExerciseBody):
    """Body of a new private exercise."""

    name = Text(min_length=1, max_length=LONGEST_NAME, required=True, metadata=about(ABOUT_NAME))
    measure = OneOf(MEASURES, required=True, metadata=about(ABOUT_MEASURE))
    category = OneOf(CATEGORIES, load_default="strength", metadata=about("The kind of training."))
    primary_muscles = _muscles("What it trains", load_default=list)
    secondary_muscles = _muscles("What it trains besides", load_default=list)
    equipment = _equipment(load_default=None)
    notes = _notes(load_default=None)


class ExerciseChanges(_ExerciseBody):
    """Body of a change of a private exercise: the fields that are given. Null clears one."""

    null_clears = True

    name = Text(min_length=1, max_length=LONGEST_NAME, allow_none=False, metadata=about(ABOUT_NAME))
    measure = OneOf(
        MEASURES,
        allow_none=False,
        metadata=about(f"{ABOUT_MEASURE} What was logged before stays what it was."),
    )
    category = OneOf(CATEGORIES, allow_none=False, metadata=about("The kind of training."))
    primary_muscles = _muscles("What it trains")
    secondary_muscles = _muscles("What it trains besides")
    equipment = _equipment()
    notes = _notes()


class MergeTarget(Body):
    """Body of a merge of a private exercise."""

    into = identifier(
        required=True,
        metadata=about(
            "The id of an active exercise with the same `measure`, of the catalogue or of your own."
        ),
    )


class OwnDetailsChanges(Body):
    """Body of what one notes of an exercise of the catalogue for oneself. Null clears a field."""

    null_clears = True

    primary_muscles = _muscles("What it trains, as you see it", clears_to_null=True)
    secondary_muscles = _muscles("What it trains besides, as you see it", clears_to_null=True)
    notes = Text(max_length=5000, metadata=about("For oneself; no search finds them."))
