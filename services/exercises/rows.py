"""Which exercises lists, searches and facets read: the catalogue's, a user's own, or both."""

from typing import NamedTuple

from services.exercises.tables import EXERCISE


class Rows(NamedTuple):
    """A choice of exercises, as parts of SQL statements.

    Attributes:
        searched: the rows ``s`` of a FROM, with the columns of ``exercise_search``.
        titled: the rows of a FROM, with the columns that :func:`services.exercises.ranks.equal`
            needs. For the catalogue its table, as no other has an index on titles.
        near_words: selects the words that a slip tells from one of the query, as ``:spellings`` has
            them, or that are ``LIKE`` one of ``:patterns``.
        like_words: selects the words that look like one of ``:unknown``.
        shown: SELECT and FROM that make the JSON of the exercises with the ids in ``page``.
    """

    searched: str
    titled: str
    near_words: str
    like_words: str
    shown: str


CATALOGUE = Rows(
    searched="exercise_search s",
    titled="exercises",
    near_words="""
        SELECT word FROM exercise_words
        WHERE spellings && :spellings OR (NOT is_joined AND word LIKE ANY(:patterns))
    """,
    like_words="SELECT word FROM exercise_words WHERE NOT is_joined AND word % ANY(:unknown)",
    shown=f"SELECT {EXERCISE} FROM page JOIN exercises e USING (id)",
)
