"""What travels about exercises."""

from schemas.fields import AnyOf, Parameters, Sort, Text
from schemas.pages import Page

CATEGORIES = ["strength", "cardio", "flexibility"]
DIFFICULTIES = ["beginner", "intermediate", "advanced"]
SORT_FIELDS = ["name", "category", "difficulty", "equipment", "created_at"]
SHORTEST_QUERY = 3
LONGEST_QUERY = 100


class _Filters(Parameters):
    category = AnyOf(CATEGORIES)
    body_part = AnyOf()
    difficulty = AnyOf(DIFFICULTIES)
    equipment = AnyOf()
    muscles = AnyOf()


class ExerciseFacets(_Filters):
    """Query of the values to filter by."""


class ExerciseList(_Filters, Page):
    """Query of the list."""

    search = Text(least=SHORTEST_QUERY, most=LONGEST_QUERY, required=False)
    sort = Sort(SORT_FIELDS)


class ExerciseSearch(_Filters, Page):
    """Query of the search."""

    q = Text(least=SHORTEST_QUERY, most=LONGEST_QUERY, required=True)
