"""Reading exercises through the cache."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from schemas.errors import NotFound
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.exercises import reads
from services.exercises.rules.words import split

EXERCISE_SECONDS = 24 * 3600
LIST_SECONDS = 3600
SEARCH_SECONDS = 30 * 60

SLOTS = 500
"""Keys for all searches, for all counts of facets, and for all lists of one set of categories.

Anybody may send queries without end, which must not fill Redis. A query's hash chooses its slot;
the value names the query, and another one in the same slot is a miss and replaces it.
"""

SHAPE = "with owners, merges and mine"
"""Part of every variant: the version before caches exercises with fewer fields under the same keys,
and its variants have no such part. It may change with what an exercise or the facets are."""

DEFAULT_SORT = [("name", "asc")]
FILTERS = ("category", "body_part", "difficulty", "measure", "equipment", "muscles")


class ExerciseReads:
    """Cached reads of exercises, all of one generation, which ends when the catalogue changes."""

    def __init__(self, database: Database, cache: Cache):
        self.database = database
        self.cache = cache

    def get(self, exercise_id: int) -> dict[str, Any]:
        """Return an exercise.

        Raises:
            NotFound: there is no such exercise.
        """
        exercise = self._cached(
            f"exercise:id:{exercise_id}",
            EXERCISE_SECONDS,
            lambda: reads.get(self.database.fetch, exercise_id),
        )
        if exercise is None:
            raise NotFound("There is no such exercise")
        return exercise

    def get_many(self, exercise_ids: list[int]) -> list[dict[str, Any]]:
        """Return exercises by their ids, past the cache; unknown ones are left out."""
        # one statement by primary key takes less than looking each of them up in Redis
        return reads.get_many(self.database.fetch, exercise_ids)

    def list_page(self, query: dict[str, Any]) -> dict[str, Any]:
        """Return the page that a loaded query asks for, and the number of all matches."""
        filters, rest = filters_of(query), _rest(query)
        sort = query.get("sort") or []
        paging = query["page"], query["limit"]
        if query.get("search"):
            variant = f"{' '.join(split(query['search']))}:{rest}"
            asked = query["search"], filters, sort, *paging
            return self._cached_in_slot(
                "search", variant, SEARCH_SECONDS, lambda: self._search(*asked)
            )
        category = ",".join(sorted(filters.get("category", ["all"])))
        given = filters, sort or DEFAULT_SORT, *paging
        return self._cached_in_slot(
            f"list:category:{category}",
            rest,
            LIST_SECONDS,
            lambda: reads.list_page(self.database.fetch, *given),
        )

    def facets(self, query: dict[str, Any]) -> dict[str, Any]:
        """Return the values to filter by with their counts, for a loaded query."""
        filters = filters_of(query)
        variant = ":".join(_written(filters))
        return self._cached_in_slot(
            "facets",
            variant,
            LIST_SECONDS,
            lambda: reads.count_facets(self.database.fetch, filters),
        )

    def _search(self, *given: Any) -> dict[str, Any]:
        with self.database.together() as transaction:
            return reads.search_page(transaction.fetch, *given)

    def _cached_in_slot(
        self, kind: str, variant: str, seconds: int, read: Callable[[], Any]
    ) -> Any:
        """Read through the cache by a key that many queries (``variant``) share."""
        return self._cached(f"exercise:{kind}:{_slot(variant)}", seconds, read, variant)

    def _cached(
        self, key: str, seconds: int, read: Callable[[], Any], variant: str | None = None
    ) -> Any:
        of = SHAPE if variant is None else f"{variant}:{SHAPE}"
        return self.cache.get_or_make(key, cache_generations.CATALOGUE, seconds, read, of)


def _slot(variant: str) -> int:
    return int.from_bytes(blake2b(variant.encode(), digest_size=8).digest()) % SLOTS


def filters_of(query: dict[str, Any]) -> dict[str, list[str]]:
    """Return the filters of a loaded query."""
    return {name: query[name] for name in FILTERS if query.get(name)}


def _rest(query: dict[str, Any]) -> str:
    """Return a query without its search text, in a canonical form."""
    sort = ",".join(f"{name}:{direction}" for name, direction in query.get("sort") or [])
    paging = [f"sort={sort}", f"page={query['page']}", f"limit={query['limit']}"]
    return ":".join([*_written(filters_of(query)), *paging])


def _written(filters: dict[str, list[str]]) -> list[str]:
    return [f"{name}={','.join(sorted(values))}" for name, values in sorted(filters.items())]
