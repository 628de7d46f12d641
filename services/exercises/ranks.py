"""The conditions of a search on ``exercise_search``, and the ranks of what it finds.

The values are those of :class:`services.exercises.rules.search.Patterns`.
"""

Part = tuple[str, str]
"""The condition and the ORDER BY of a part of a result."""

FOUND_IN_TITLES = "s.title_words @@ CAST(:found AS tsquery)"

FOUND_ANYWHERE = "s.search_words @@ CAST(:found AS tsquery)"
"""The condition for one word. Several words that stand here and there in a description mostly tell
of another exercise."""

_STRICT_IN_NAME = "s.name_words @@ CAST(:strict AS tsquery)"
_STRICT = "s.title_words @@ CAST(:strict AS tsquery)"
_CLOSE = "s.title_words @@ CAST(:close AS tsquery)"

# an exercise that the version before has written has no keys, and is found by its words alone
_EQUAL = """
    (s.id = ANY (ARRAY(
        SELECT e.id FROM {titled} e WHERE e.title_keys && CAST(:title_keys AS text[])))
    AND s.title_words @@ CAST(:whole AS tsquery))
"""

_SHORTEST = "s.name_length, s.sort_name, s.id"

_IS_NAME = """
    (SELECT e.title_keys[1] = ANY (CAST(:title_keys AS text[])) FROM {titled} e WHERE e.id = s.id)
"""

_EXACT_FIRST = (
    "s.is_imported, s.name_key = :key DESC, :key = ANY(s.alias_keys) DESC, "
    f"{_IS_NAME} DESC, s.name_words @@ CAST(:whole AS tsquery) DESC, {_SHORTEST}"
)


def parts(is_one_word: bool, titled: str) -> list[Part]:
    """Return the parts of a search's result, the best first.

    Equal to a name or alias, found in the name, in a name, an alias or the equipment, in a close
    spelling of those, and elsewhere. PostgreSQL runs a part of a UNION ALL only if the LIMIT is not
    reached without it.

    Args:
        is_one_word: whether descriptions count.
        titled: of :class:`services.exercises.rows.Rows`.
    """
    equal = _EQUAL.format(titled=titled)
    found = FOUND_ANYWHERE if is_one_word else FOUND_IN_TITLES
    return [
        (equal, _EXACT_FIRST.format(titled=titled)),
        (
            f"{_STRICT_IN_NAME} AND NOT {equal}",
            "s.is_imported, starts_with(s.name_key, :beginning) DESC, "
            ":key = ANY(s.alias_keys) DESC, s.name_words @@ CAST(:whole AS tsquery) DESC, "
            f"{_SHORTEST}",
        ),
        (
            f"{_STRICT} AND NOT {_STRICT_IN_NAME} AND NOT {equal}",
            "s.is_imported, :key = ANY(s.alias_keys) DESC, "
            f"s.title_words @@ CAST(:whole AS tsquery) DESC, {_SHORTEST}",
        ),
        (
            f"{_CLOSE} AND NOT {_STRICT}",
            "(s.alias_keys || s.name_key) && CAST(:near_keys AS text[]) DESC, "
            f"s.is_imported, {_SHORTEST}",
        ),
        (f"{found} AND NOT {_CLOSE}", f"s.is_imported, {_SHORTEST}"),
    ]
