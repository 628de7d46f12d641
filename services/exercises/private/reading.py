"""Reading exercises as their owner sees them: private ones among those of the catalogue."""

from typing import Any

from schemas.errors import NotFound
from services.dependencies.database import Database
from services.exercises import reads as catalogue
from services.exercises.cached_reads import DEFAULT_SORT, ExerciseReads, filters_of
from services.exercises.private import own_details, reads
from services.exercises.private.rows import ONLY_OWN, WITH_OWN

NOBODY = 0
"""The owner of nothing, for whoever asks for their own without being signed in."""


class OwnersReads:
    """The reads of one user. They are not cached here, so nobody else is ever given them.

    Args:
        database: of the exercises.
        of_catalogue: the reads that everybody shares.
        owner_id: the user; None if it is nobody that is known.
        only_own: whether lists, searches and facets leave the catalogue out.
    """

    def __init__(
        self,
        database: Database,
        of_catalogue: ExerciseReads,
        owner_id: int | None,
        only_own: bool = False,
    ):
        self.database = database
        self.of_catalogue = of_catalogue
        self.owner_id = owner_id or NOBODY
        self.rows = ONLY_OWN if only_own else WITH_OWN

    def get(self, exercise_id: int) -> dict[str, Any]:
        """Return an exercise.

        Raises:
            NotFound: there is no such exercise, or it is somebody else's.
        """
        fetch = self.database.fetch
        try:
            exercise = self.of_catalogue.get(exercise_id)
        except NotFound:
            own = reads.get(fetch, self.owner_id, exercise_id)
            if own is None:
                raise
            return own
        return exercise | {"mine": own_details.get(fetch, self.owner_id, exercise_id)}

    def list_page(self, query: dict[str, Any]) -> dict[str, Any]:
        """Return the page that a loaded query asks for, and the number of all matches."""
        filters, sort = filters_of(query), query.get("sort") or []
        paging = query["page"], query["limit"]
        rows, owner_id = self.rows, self.owner_id
        with self.database.together() as transaction:
            fetch = transaction.fetch
            if not query.get("search"):
                given = filters, sort or DEFAULT_SORT, *paging
                return catalogue.list_page(fetch, *given, rows=rows, owner_id=owner_id)
            asked = query["search"], filters, sort, *paging
            return catalogue.search_page(fetch, *asked, rows=rows, owner_id=owner_id)

    def facets(self, query: dict[str, Any]) -> dict[str, Any]:
        """Return the values to filter by with their counts, for a loaded query."""
        return catalogue.count_facets(
            self.database.fetch, filters_of(query), rows=self.rows, owner_id=self.owner_id
        )
