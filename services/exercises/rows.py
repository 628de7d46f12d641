"""Which exercises lists, searches and facets read: the catalogue's, a user's own, or both."""

from typing import NamedTuple

from services.exercises.tables import EXERCISE


class Rows(NamedTuple):
    """A choice of exercises, as parts of SQL statements.

    Attributes:
        searched: the rows ``s`` of a FROM, with the columns of ``exercise_search``.
        titled: rows of a FROM with ``id`` and ``title_keys``.
        shown: SELECT and FROM that make the JSON of the exercises with the ids in ``page``.
    """

    searched: str
    titled: str
    shown: str


CATALOGUE = Rows(
    searched="exercise_search s",
    titled="exercises",
    shown=f"SELECT {EXERCISE} FROM page JOIN exercises e USING (id)",
)
