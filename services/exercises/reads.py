"""Reading exercises from PostgreSQL."""

from functools import lru_cache
from typing import Any

from services.exercises import ranks
from services.exercises.rows import CATALOGUE, Rows
from services.exercises.rules import search
from services.exercises.tables import EXERCISE, MEASURE
from services.transport.postgres.statements import Fetch, Statement

_GET_MANY = Statement(
    f"SELECT {EXERCISE} FROM exercises e WHERE e.id = ANY(:exercise_ids) ORDER BY e.id"
)

_CHANGES = Statement(
    f"""
    (SELECT json_build_object('position', c.position, 'exercise_id', e.id, 'name', e.name,
        'rep_type', e.rep_type, 'measure', {MEASURE}, 'primary_muscles', e.primary_muscles,
        'secondary_muscles', e.secondary_muscles), c.position
    FROM exercise_changes c JOIN exercises e ON e.id = c.exercise_id
    WHERE c.position > :after ORDER BY c.position LIMIT :limit)
    UNION ALL
    (SELECT json_build_object('position', c.position, 'exercise_id', p.id, 'name', p.name,
        'rep_type', p.rep_type, 'measure', p.measure, 'primary_muscles', p.primary_muscles,
        'secondary_muscles', p.secondary_muscles, 'owner_id', p.owner_id), c.position
    FROM private_exercise_changes c JOIN private_exercises p ON p.id = c.exercise_id
    WHERE c.position > :after ORDER BY c.position LIMIT :limit)
    ORDER BY position LIMIT :limit
    """
)

_SORTS = {
    "name": "s.sort_name {}",
    "category": "s.category {}",
    "difficulty": "s.hardness {} NULLS LAST",
    "equipment": "s.equipment {} NULLS LAST",
    "created_at": "s.created_at {}",
}

_CONDITIONS = {
    "category": "s.category = ANY(:category)",
    "difficulty": "s.difficulty = ANY(:difficulty)",
    "body_part": "s.body_part = ANY(:body_part)",
    "measure": "s.measure = ANY(:measure)",
    "equipment": "s.all_equipment && CAST(:equipment AS text[])",
    "muscles": "s.muscles && CAST(:muscles AS text[])",
}

# The planner underrates what it costs to look into a list of words, so that it would rather read
# the whole table; and it reckons with pages that come from a disk.
USE_INDEXES = Statement(
    "SET LOCAL enable_seqscan = off; SET LOCAL random_page_cost = 2; SET LOCAL jit = off",
    prepared=False,
)

_ALL_EQUAL = "SELECT unnest(CAST(:equal AS bigint[])) AS id"

_FACET_VALUES = {
    "category": "category",
    "body_part": "body_part",
    "equipment": "unnest(all_equipment)",
    "difficulty": "difficulty",
    "measure": "measure",
    "muscles": "unnest(muscles)",
}
"""The values of an exercise, by facet."""

_FACET = """
    (SELECT coalesce(json_agg(json_build_object('value', value, 'count', count)
        ORDER BY count DESC, value COLLATE "C"), '[]')
    FROM (SELECT value, sum(alike) AS count FROM (SELECT {value}, alike FROM kinds)
            AS given (value, alike)
        WHERE value IS NOT NULL GROUP BY value) AS counted)
"""

_FACETS = ", ".join(
    f"'{name}', {_FACET.format(value=value)}" for name, value in _FACET_VALUES.items()
)


def get(fetch: Fetch, exercise_id: int) -> dict | None:
    """Return an exercise, or None."""
    found = get_many(fetch, [exercise_id])
    return found[0] if found else None


def get_many(fetch: Fetch, exercise_ids: list[int]) -> list[dict]:
    """Return exercises in the order of their ids; unknown ids are left out."""
    return _firsts(fetch(_GET_MANY, exercise_ids=exercise_ids))


def list_page(
    fetch: Fetch,
    filters: dict[str, list[str]],
    sort: list[tuple[str, str]],
    page: int,
    limit: int,
    rows: Rows = CATALOGUE,
    owner_id: int | None = None,
) -> dict[str, Any]:
    """Return one page of the active exercises, and the number of all that pass the filters.

    Args:
        fetch: runs a statement.
        filters: for each name, the values of which any may match.
        sort: pairs of a field and ``asc`` or ``desc``.
        page: from 1.
        limit: exercises a page.
        rows: which exercises.
        owner_id: the user whose private exercises are among the rows, if any are.
    """
    passes = _conditions(filters)
    values = {**filters, "owner_id": owner_id}
    selects = [_select(rows, passes, _order(sort))]
    return _page(fetch, values, passes, selects, page, limit, rows)


def search_page(
    fetch: Fetch,
    query: str,
    filters: dict[str, list[str]],
    sort: list[tuple[str, str]],
    page: int,
    limit: int,
    rows: Rows = CATALOGUE,
    owner_id: int | None = None,
) -> dict[str, Any]:
    """Return one page of the active exercises that a query finds, and the number of all.

    Args:
        fetch: of a transaction, for whose length the planner's settings are changed.
        query: as typed.
        filters: as for :func:`list_page`.
        sort: as for :func:`list_page`; empty for the best match first.
        page: from 1.
        limit: exercises a page.
        rows: as for :func:`list_page`.
        owner_id: as for :func:`list_page`.
    """
    terms = search.terms(query)
    if not terms:
        return {"items": [], "total": 0}
    fetch(USE_INDEXES)
    near_words, equal = _near_words_and_equal(
        fetch, query, terms, rows, owner_id, is_ranked=not sort
    )
    patterns = search.patterns(query, terms, near_words)
    found = ranks.condition(patterns)
    parts = [(found, _order(sort))] if sort else ranks.parts(patterns, bool(equal))
    passes = _conditions(filters)
    selects = [_select(rows, f"{passes} AND {condition}", order) for condition, order in parts]
    if equal and not filters:
        selects[0] = _ALL_EQUAL
    values = {**filters, **vars(patterns), "equal": equal, "owner_id": owner_id}
    return _page(fetch, values, f"{passes} AND {found}", selects, page, limit, rows)


def _near_words_and_equal(
    fetch: Fetch,
    query: str,
    terms: list[search.Term],
    rows: Rows,
    owner_id: int | None,
    is_ranked: bool,
) -> tuple[list[str], list[int]]:
    """Return words close to those of a query, and the ids of equal exercises, if it is ranked."""
    words = search.mistypable(frozenset().union(*(term.written for term in terms)))
    endings = [f"%{word}" for word in words if len(word) >= search.SHORTEST_MISTYPED]
    beginnings = [f"{word}%" for word in words if len(word) >= search.SHORTEST_MISSPELT]
    slips = {spelling for word in words for spelling in search.spellings(word)}
    given = {"spellings": sorted(slips), "patterns": endings + beginnings, "owner_id": owner_id}
    title = vars(search.title(query, terms)) if is_ranked else {}
    ((near, equal),) = fetch(_near_words_and_equal_of(rows, is_ranked), **given, **title)
    unknown = search.unknown(terms, near)
    if unknown:
        near += _firsts(fetch(_like_words_of(rows), unknown=unknown, owner_id=owner_id))
    return near, equal


def _conditions(filters: dict[str, list[str]]) -> str:
    """Return the condition of rows ``s`` of ``exercise_search`` for filters."""
    return " AND ".join(_CONDITIONS[name] for name in filters) or "true"


def _page(
    fetch: Fetch,
    values: dict[str, Any],
    conditions: str,
    selects: list[str],
    page: int,
    limit: int,
    rows: Rows,
) -> dict[str, Any]:
    """Return a page, and the number of all that pass the conditions.

    Args:
        fetch: runs a statement.
        values: of the names in conditions and orders.
        conditions: of all rows.
        selects: the ids of each part, in order; together they have all rows.
        page: from 1.
        limit: exercises a page.
        rows: which exercises.
    """
    offset = (page - 1) * limit
    given = {**values, "limit": limit, "offset": offset, "enough": offset + limit}
    # counting reads every match, so it is left out where the page itself tells
    items = _firsts(fetch(_page_of(tuple(selects), rows), **given))
    if len(items) < limit and (items or page == 1):
        return {"items": items, "total": offset + len(items)}
    ((total,),) = fetch(_count_of(conditions, rows), **values)
    return {"items": items, "total": total}


def count_facets(
    fetch: Fetch,
    filters: dict[str, list[str]],
    rows: Rows = CATALOGUE,
    owner_id: int | None = None,
) -> dict[str, Any]:
    """Return the values of each facet with their counts, the most frequent first.

    Args:
        fetch: runs a statement.
        filters: as for a page: only active exercises that pass them are counted.
        rows: as for a page.
        owner_id: as for a page.
    """
    values = {**filters, "owner_id": owner_id}
    ((facets,),) = fetch(_facets_of(_conditions(filters), rows), **values)
    return facets


def changes(fetch: Fetch, after: int, limit: int) -> list[dict[str, Any]]:
    """Return exercises whose name or ``measure`` changed after a position, oldest change first.

    One statement for the catalogue and all private ones, so that both are of one snapshot: a reader
    goes on after the last position that it has seen.
    """
    return _firsts(fetch(_CHANGES, after=after, limit=limit))


# None of these is prepared: which index pays depends on the values, above all on how many rows a
# filter or a word finds.


@lru_cache(maxsize=8)
def _near_words_and_equal_of(rows: Rows, is_ranked: bool) -> Statement:
    # one statement for two questions, as to ask each of them takes longer than to answer it
    equal = f"ARRAY({ranks.equal(rows.titled)})" if is_ranked else "CAST('{}' AS bigint[])"
    return Statement(f"SELECT ARRAY({rows.near_words}), {equal}", prepared=False)


@lru_cache(maxsize=8)
def _like_words_of(rows: Rows) -> Statement:
    return Statement(rows.like_words, prepared=False)


@lru_cache(maxsize=256)
def _page_of(selects: tuple[str, ...], rows: Rows) -> Statement:
    statement = f"""
        WITH page AS (
            SELECT id, row_number() OVER () AS place
            FROM ({" UNION ALL ".join(selects)} LIMIT :limit OFFSET :offset) AS found
        )
        {rows.shown} ORDER BY page.place
    """
    return Statement(statement, prepared=False)


@lru_cache(maxsize=256)
def _count_of(conditions: str, rows: Rows) -> Statement:
    return Statement(f"SELECT count(*) FROM {rows.searched} WHERE {conditions}", prepared=False)


@lru_cache(maxsize=256)
def _facets_of(conditions: str, rows: Rows) -> Statement:
    # many exercises are alike in all of this, so all are read once, and few are counted six times
    alike = "category, body_part, all_equipment, difficulty, measure, muscles"
    statement = f"""
        WITH kinds AS MATERIALIZED (
            SELECT {alike}, count(*) AS alike
            FROM {rows.searched} WHERE {conditions} GROUP BY {alike}
        )
        SELECT json_build_object({_FACETS})
    """
    return Statement(statement, prepared=False)


def _select(rows: Rows, condition: str, order: str) -> str:
    ids = f"SELECT s.id FROM {rows.searched} WHERE {condition}"
    return f"SELECT id FROM ({ids} ORDER BY {order} LIMIT :enough) AS part"


def _order(sort: list[tuple[str, str]]) -> str:
    columns = [_SORTS[name].format(direction) for name, direction in sort]
    return ", ".join([*columns, f"s.id {sort[0][1]}"])


def _firsts(rows: list[tuple]) -> list[Any]:
    return [row[0] for row in rows]
