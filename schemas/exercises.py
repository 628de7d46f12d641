"""The rules of exercises: enumerations, filters and queries of the catalogue."""

from schemas.fields import AnyOf, OneOf, Sort, Text, about
from schemas.loading import Parameters
from schemas.measures import MEASURES
from schemas.pages import Page

CATEGORIES = ["strength", "cardio", "flexibility"]
DIFFICULTIES = ["beginner", "intermediate", "advanced"]
REP_UNITS = {"count": "reps", "time": "seconds", "distance": "meters"}
"""What the reps of a set count, by an exercise's rep_type."""

REP_TYPES = [*REP_UNITS]
COUNTED = [*REP_UNITS.values()]
SORT_FIELDS = ["name", "category", "difficulty", "equipment", "created_at"]
SHORTEST_QUERY = 3
LONGEST_QUERY = 100
MINE = "true"
"""The value of the filter ``mine`` that leaves the catalogue out."""


class _Filters(Parameters):
    category = AnyOf(CATEGORIES, metadata=about("Kinds of training."))
    body_part = AnyOf(metadata=about("Parts of the body, as `/api/exercises/facets` lists them."))
    difficulty = AnyOf(DIFFICULTIES, metadata=about("How hard it is."))
    measure = AnyOf(MEASURES, metadata=about("What a set of it holds."))
    equipment = AnyOf(metadata=about("Pieces of equipment, as `/api/exercises/facets` lists them."))
    muscles = AnyOf(
        metadata=about("Primary or secondary muscles, as `/api/exercises/facets` lists them.")
    )
    mine = OneOf(
        [MINE, "false"],
        metadata=about(
            "`true` for your own exercises alone, which are none without a token; `false` is as if "
            "left out."
        ),
    )


class ExerciseFacets(_Filters):
    """Query of the values to filter by."""


class ExerciseList(_Filters, Page):
    """Query of the list."""

    search = Text(
        min_length=SHORTEST_QUERY,
        max_length=LONGEST_QUERY,
        required=False,
        metadata=about("Words of the name, another name or the description."),
    )
    sort = Sort(SORT_FIELDS, metadata=about("`name` if not given."))


class ExerciseSearch(_Filters, Page):
    """Query of the search."""

    q = Text(
        min_length=SHORTEST_QUERY,
        max_length=LONGEST_QUERY,
        required=True,
        metadata=about("Words of the name, another name or the description; typing errors pass."),
    )
