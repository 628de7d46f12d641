"""Reading exercises, through the cache."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from schemas.errors import NotFound
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.exercises import reads
from services.exercises.rules import search

"""Version of the whole catalogue: it changes seldom, and then all that was kept is stale."""

EXERCISE_SECONDS = 24 * 3600
LIST_SECONDS = 3600
SEARCH_SECONDS = 30 * 60

SLOTS = 500
"""So many pages are kept of the list of each set of categories, and so many searches and counts.

Anybody may ask for anything, so there is no end of questions: those that fall into the same slot
take turns.
"""

DEFAULT_SORT = [("name", "asc")]
FILTERS = ("category", "body_part", "difficulty", "equipment", "muscles")


class ExerciseReads:
    """Reads exercises; what was read is kept until the catalogue changes."""

    def __init__(self, database: Database, cache: Cache):
        self.database = database
        self.cache = cache

    def get(self, exercise_id: int) -> dict[str, Any]:
        """Return an exercise.

        Raises:
            NotFound: there is none.
        """
        exercise = self._cached(
            f"exercise:id:{exercise_id}", EXERCISE_SECONDS, reads.get, exercise_id
        )
        if exercise is None:
            raise NotFound("There is no such exercise")
        return exercise

    def get_many(self, exercise_ids: list[int]) -> list[dict[str, Any]]:
        """Return those of the exercises that there are."""
        # one statement by primary key; asking the cache for each of them would take longer
        with self.database.transaction() as connection:
            return reads.get_many(connection, exercise_ids)

    def list_page(self, query: dict[str, Any]) -> dict[str, Any]:
        """Return a page of the exercises that a checked query asks for, and the number of all."""
        filters, rest = _filters(query), _rest(query)
        sort = query.get("sort") or []
        paging = query["page"], query["limit"]
        if query.get("search"):
            variant = f"{' '.join(search.split(query['search']))}:{rest}"
            given = query["search"], filters, sort, *paging
            return self._cached_in_slot(
                "search", variant, SEARCH_SECONDS, reads.search_page, *given
            )
        category = ",".join(sorted(filters.get("category", ["all"])))
        given = filters, sort or DEFAULT_SORT, *paging
        return self._cached_in_slot(
            f"list:category:{category}", rest, LIST_SECONDS, reads.list_page, *given
        )

    def facets(self, query: dict[str, Any]) -> dict[str, Any]:
        """Return the values to filter by with their counts, for a checked query."""
        filters = _filters(query)
        variant = ":".join(_written(filters))
        return self._cached_in_slot("facets", variant, LIST_SECONDS, reads.count_facets, filters)

    def _cached_in_slot(
        self, kind: str, variant: str, seconds: int, read: Callable[..., Any], *given: Any
    ) -> Any:
        """Remember the answer to one of endlessly many questions, in its slot."""
        key = f"exercise:{kind}:{_slot(variant)}"
        return self._cached(key, seconds, read, *given, variant=variant)

    def _cached(
        self,
        key: str,
        seconds: int,
        read: Callable[..., Any],
        *given: Any,
        variant: str | None = None,
    ) -> Any:
        def make() -> Any:
            with self.database.transaction() as connection:
                return read(connection, *given)

        return self.cache.get_or_make(key, cache_generations.CATALOGUE, seconds, make, variant)


def _slot(variant: str) -> int:
    return int.from_bytes(blake2b(variant.encode(), digest_size=8).digest()) % SLOTS


def _filters(query: dict[str, Any]) -> dict[str, list[str]]:
    return {name: query[name] for name in FILTERS if query.get(name)}


def _rest(query: dict[str, Any]) -> str:
    """Write everything of a query but its text, always in the same way."""
    sort = ",".join(f"{name}:{direction}" for name, direction in query.get("sort") or [])
    paging = [f"sort={sort}", f"page={query['page']}", f"limit={query['limit']}"]
    return ":".join([*_written(_filters(query)), *paging])


def _written(filters: dict[str, list[str]]) -> list[str]:
    return [f"{name}={','.join(sorted(values))}" for name, values in sorted(filters.items())]
