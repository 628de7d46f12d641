"""The ranks of a search: what it finds first, by conditions on rows ``s`` of ``exercise_search``.

The values are those of :class:`services.exercises.rules.search.Patterns`, and ``equal``: the ids
that :func:`equal` finds.
"""

from services.exercises.rules.search import Patterns

Part = tuple[str, str]
"""The condition and the ORDER BY of a part of a result."""

_IN_TITLES = "s.title_words @@ CAST(:found AS tsquery)"
_ANYWHERE = "s.search_words @@ CAST(:found AS tsquery)"

# one word in the name and another in the description mostly tell of another exercise

_DESCRIBED = """
    (s.search_words @@ CAST(:strict AS tsquery) AND NOT s.title_words @@ CAST(:any_word AS tsquery))
"""

MOST_EQUAL = 50
"""Further ones are ranked by their words."""

_IS_EQUAL = "s.id = ANY (CAST(:equal AS bigint[]))"
_STRICT_IN_NAME = "s.name_words @@ CAST(:strict AS tsquery)"
_STRICT = "s.title_words @@ CAST(:strict AS tsquery)"
_CLOSE = "s.title_words @@ CAST(:close AS tsquery)"

_SHORTEST = "s.name_length, s.sort_name, s.id"
_IMPORTED_LAST = f"s.is_imported, {_SHORTEST}"

MOST_MISSING = 4
"""Letters by which an alias may be longer than a query that is still being typed."""

_IS_AN_ALIAS_SOON = f"""
    EXISTS (SELECT FROM unnest(s.alias_keys) AS alias WHERE starts_with(alias, :beginning)
        AND length(alias) <= length(:beginning) + {MOST_MISSING})
"""

_ORDER_OF_NAMES = (
    f"s.is_imported, s.name_key = :key DESC, {_IS_AN_ALIAS_SOON} DESC, "
    "starts_with(s.name_key, :beginning) DESC, :key = ANY(s.alias_keys) DESC, "
    f"s.name_words @@ CAST(:whole AS tsquery) DESC, {_SHORTEST}"
)
_ORDER_OF_TITLES = (
    f"{_STRICT} DESC, (s.alias_keys || s.name_key) && CAST(:near_keys AS text[]) DESC, "
    f"s.is_imported, s.title_words @@ CAST(:whole AS tsquery) DESC, {_SHORTEST}"
)


def equal(titled: str) -> str:
    """Return what finds exercises with a name or alias that is equal but for equipment.

    The best come first. The values are those of :class:`services.exercises.rules.search.Title`. An
    exercise that the version before has written has no keys, and is found by its words alone.

    Args:
        titled: of :class:`services.exercises.rows.Rows`.
    """
    return f"""
        SELECT id FROM {titled}
        WHERE is_active AND title_keys && CAST(:title_keys AS text[])
            AND title_words @@ CAST(:whole AS tsquery)
        ORDER BY external_source = 'wger', name_key = :key DESC, :key = ANY(alias_keys) DESC,
            equipment = ANY (CAST(:pieces AS text[])) DESC,
            title_keys[1] = ANY (CAST(:title_keys AS text[])) DESC,
            name_words @@ CAST(:whole AS tsquery) DESC, length(name), id
        LIMIT {MOST_EQUAL}
    """


def condition(patterns: Patterns) -> str:
    """Return the condition of all that a search finds.

    One word may stand anywhere. Several stand in the name, the aliases and the equipment, or all of
    them in the description.
    """
    return _ANYWHERE if patterns.is_one_word else f"({_IN_TITLES} OR {_DESCRIBED})"


def parts(patterns: Patterns, has_equal: bool) -> list[Part]:
    """Return the parts of a search's result, the best first.

    Equal to a name or alias; found in the name; found in a name, an alias or the equipment, also
    in a close spelling; and found elsewhere. PostgreSQL runs a part of a UNION ALL only if the
    LIMIT is not reached without it, but plans all of them, so they are few.
    """
    others = f" AND NOT {_IS_EQUAL}" if has_equal else ""
    found = [
        (f"{_STRICT_IN_NAME}{others}", _ORDER_OF_NAMES),
        (f"{_CLOSE} AND NOT {_STRICT_IN_NAME}{others}", _ORDER_OF_TITLES),
    ]
    if has_equal:
        found.insert(0, (_IS_EQUAL, "array_position(CAST(:equal AS bigint[]), s.id)"))
    found.append((f"{condition(patterns)} AND NOT {_CLOSE}", _IMPORTED_LAST))
    return found
