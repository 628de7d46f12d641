"""Reading exercises from PostgreSQL."""

from typing import Any

from sqlalchemy import Connection, text

from services.exercises.rules import search

_INSTANT = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

_EXERCISE = f"""
    json_build_object(
        'id', e.id, 'name', e.name, 'slug', e.slug, 'description', e.description,
        'instructions', e.instructions, 'category', e.category, 'body_part', e.body_part,
        'primary_muscles', e.primary_muscles, 'secondary_muscles', e.secondary_muscles,
        'equipment', e.equipment, 'all_equipment', e.all_equipment, 'difficulty', e.difficulty,
        'rep_type', e.rep_type, 'unit', e.unit, 'aliases', e.aliases,
        'external_source', e.external_source, 'external_id', e.external_id,
        'license', e.license, 'license_author', e.license_author, 'is_active', e.is_active,
        'created_at', {_INSTANT.format("e.created_at")},
        'updated_at', {_INSTANT.format("e.updated_at")})
"""

_CHANGES = text(
    """
    SELECT json_build_object('position', c.position, 'exercise_id', e.id, 'name', e.name,
        'rep_type', e.rep_type)
    FROM exercise_changes c JOIN exercises e ON e.id = c.exercise_id
    WHERE c.position > :after ORDER BY c.position LIMIT :limit
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
    "equipment": "s.all_equipment && CAST(:equipment AS text[])",
    "muscles": "s.muscles && CAST(:muscles AS text[])",
}

_FOUND = "s.search_words @@ CAST(:found AS tsquery)"

_SHORTEST = "s.name_length, s.sort_name, s.id"

_PARTS = [
    (
        "s.name_words @@ CAST(:strict AS tsquery)",
        "s.name_key = :key DESC, starts_with(s.name_key, :beginning) DESC, "
        ":key = ANY(s.alias_keys) DESC, s.name_words @@ CAST(:whole AS tsquery) DESC, "
        f"{_SHORTEST}",
    ),
    (
        "s.title_words @@ CAST(:strict AS tsquery) "
        "AND NOT s.name_words @@ CAST(:strict AS tsquery)",
        ":key = ANY(s.alias_keys) DESC, s.title_words @@ CAST(:whole AS tsquery) DESC, "
        f"{_SHORTEST}",
    ),
    (
        "s.title_words @@ CAST(:close AS tsquery) "
        "AND NOT s.title_words @@ CAST(:strict AS tsquery)",
        f"(s.alias_keys || s.name_key) && CAST(:near_keys AS text[]) DESC, {_SHORTEST}",
    ),
    (f"{_FOUND} AND NOT s.title_words @@ CAST(:close AS tsquery)", _SHORTEST),
]
"""What a query finds, in parts that follow each other: condition and order of each.

In the name, in an alias, in a close spelling of those, in the description. PostgreSQL works on a
part only if the page is not full without it.
"""

# the planner does not reckon with what it costs to look into a list of words, and does with a disk
# from which pages come
_USE_INDEXES = text(
    "SET LOCAL enable_seqscan = off; SET LOCAL random_page_cost = 2; SET LOCAL jit = off"
)

_NEAR_WORDS = text(
    """
    SELECT word FROM exercise_words
    WHERE spellings && :spellings OR (NOT is_joined AND word LIKE ANY(:patterns))
    """
)

_LIKE_WORDS = text("SELECT word FROM exercise_words WHERE NOT is_joined AND word % ANY(:unknown)")

_FACET_VALUES = {
    "category": "category",
    "body_part": "body_part",
    "equipment": "unnest(all_equipment)",
    "difficulty": "difficulty",
    "muscles": "unnest(muscles)",
}
"""What an exercise counts for, by facet."""

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


def get(connection: Connection, exercise_id: int) -> dict | None:
    """Return an exercise, or None."""
    found = get_many(connection, [exercise_id])
    return found[0] if found else None


def get_many(connection: Connection, exercise_ids: list[int]) -> list[dict]:
    """Return those of the exercises that there are, by id."""
    rows = connection.execute(
        text(f"SELECT {_EXERCISE} FROM exercises e WHERE e.id = ANY(:ids) ORDER BY e.id"),
        {"ids": exercise_ids},
    )
    return list(rows.scalars())


def list_page(
    connection: Connection,
    filters: dict[str, list[str]],
    sort: list[tuple[str, str]],
    page: int,
    limit: int,
) -> dict[str, Any]:
    """Return one page of the active exercises, and the number of all that pass the filters.

    Args:
        connection: inside a transaction.
        filters: by name, the values of which any may match.
        sort: pairs of a field and ``asc`` or ``desc``.
        page: from 1.
        limit: exercises a page.
    """
    passes = _conditions(filters)
    return _page(connection, filters, passes, [(passes, _order(sort))], page, limit)


def search_page(
    connection: Connection,
    query: str,
    filters: dict[str, list[str]],
    sort: list[tuple[str, str]],
    page: int,
    limit: int,
) -> dict[str, Any]:
    """Return one page of the active exercises that a query finds, and the number of all.

    Args:
        connection: inside a transaction.
        query: as it was typed.
        filters: as for :func:`list_page`.
        sort: as for :func:`list_page`; empty for the best match first.
        page: from 1.
        limit: exercises a page.
    """
    terms = search.terms(query)
    if not terms:
        return {"items": [], "total": 0}
    connection.execute(_USE_INDEXES)
    patterns = search.patterns(query, terms, _near_words(connection, terms))
    parts = [(_FOUND, _order(sort))] if sort else _PARTS
    passes = _conditions(filters)
    return _page(
        connection,
        {**filters, **vars(patterns)},
        f"{passes} AND {_FOUND}",
        [(f"{passes} AND {condition}", order) for condition, order in parts],
        page,
        limit,
    )


def _near_words(connection: Connection, terms: list[search.Term]) -> list[str]:
    words = search.mistypable(frozenset().union(*(term.written for term in terms)))
    if not words:
        return []
    endings = [f"%{word}" for word in words if len(word) >= search.SHORTEST_MISTYPED]
    beginnings = [f"{word}%" for word in words if len(word) >= search.SHORTEST_MISSPELT]
    slips = {spelling for word in words for spelling in search.spellings(word)}
    given = {"spellings": sorted(slips), "patterns": endings + beginnings}
    near = list(connection.execute(_NEAR_WORDS, given).scalars())
    unknown = search.unknown(terms, near)
    if unknown:
        near += connection.execute(_LIKE_WORDS, {"unknown": unknown}).scalars()
    return near


def _conditions(filters: dict[str, list[str]]) -> str:
    """Return the condition of the rows ``s`` of ``exercise_search`` that pass the filters."""
    return " AND ".join(_CONDITIONS[name] for name in filters) or "true"


def _page(
    connection: Connection,
    values: dict[str, Any],
    conditions: str,
    parts: list[tuple[str, str]],
    page: int,
    limit: int,
) -> dict[str, Any]:
    """Return a page, and the number of all that pass the conditions.

    Args:
        connection: inside a transaction.
        values: of the parameters in the conditions and orders.
        conditions: of all that are counted.
        parts: condition and order of each part; together they are those that are counted.
        page: from 1.
        limit: exercises a page.
    """
    selects = " UNION ALL ".join(
        "SELECT id FROM ("
        f"SELECT s.id FROM exercise_search s WHERE {condition} ORDER BY {order} LIMIT :enough"
        ") AS part"
        for condition, order in parts
    )
    statement = f"""
        WITH page AS (
            SELECT id, row_number() OVER () AS place
            FROM ({selects} LIMIT :limit OFFSET :offset) AS found
        )
        SELECT {_EXERCISE} FROM page JOIN exercises e USING (id) ORDER BY page.place
    """
    offset = (page - 1) * limit
    given = {**values, "limit": limit, "offset": offset, "enough": offset + limit}
    items = list(connection.execute(text(statement), given).scalars())
    if len(items) < limit and (items or page == 1):
        return {"items": items, "total": offset + len(items)}
    counting = text(f"SELECT count(*) FROM exercise_search s WHERE {conditions}")
    return {"items": items, "total": connection.execute(counting, values).scalar_one()}


def count_facets(connection: Connection, filters: dict[str, list[str]]) -> dict[str, Any]:
    """Return the values with their counts, by facet, the most frequent first.

    Args:
        connection: inside a transaction.
        filters: as for a page: only active exercises that pass them are counted.
    """
    # many exercises are alike in all of this, so all are read once, and few are counted five times
    statement = f"""
        WITH kinds AS MATERIALIZED (
            SELECT category, body_part, all_equipment, difficulty, muscles, count(*) AS alike
            FROM exercise_search s WHERE {_conditions(filters)}
            GROUP BY category, body_part, all_equipment, difficulty, muscles
        )
        SELECT json_build_object({_FACETS})
    """
    return connection.execute(text(statement), filters).scalar_one()


def changes(connection: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """Return names and kinds that changed after a position, oldest first, each as it is now."""
    return list(connection.execute(_CHANGES, {"after": after, "limit": limit}).scalars())


def _order(sort: list[tuple[str, str]]) -> str:
    columns = [_SORTS[name].format(direction) for name, direction in sort]
    return ", ".join([*columns, f"s.id {sort[0][1]}"])
