"""How many exercises have each value of what they can be filtered by."""

from typing import Any

from sqlalchemy import Connection, text

from services.exercises.store import conditions

_VALUES = {
    "category": "SELECT category AS value FROM chosen",
    "body_part": "SELECT body_part FROM chosen",
    "equipment": "SELECT jsonb_array_elements_text(all_equipment) FROM chosen",
    "difficulty": "SELECT difficulty FROM chosen",
    # a muscle may be primary and secondary at once
    "muscles": "SELECT muscle FROM chosen, "
    "LATERAL (SELECT DISTINCT jsonb_array_elements_text(muscles) AS muscle) AS trained",
}
"""One row for each exercise and value, by facet."""

_COUNTED = """
    (SELECT coalesce(json_agg(json_build_object('value', value, 'count', count)
        ORDER BY count DESC, value COLLATE "C"), '[]')
    FROM (SELECT value, count(*) FROM ({values}) AS given (value)
        WHERE value IS NOT NULL GROUP BY value) AS counted)
"""

_FACETS = ", ".join(
    f"'{name}', {_COUNTED.format(values=values)}" for name, values in _VALUES.items()
)


def count(connection: Connection, filters: dict[str, list[str]]) -> dict[str, Any]:
    """Return the values with their counts, by facet, the most frequent first.

    Args:
        connection: inside a transaction.
        filters: as for a page: only active exercises that pass them are counted.
    """
    statement = f"""
        WITH chosen AS MATERIALIZED (
            SELECT category, body_part, all_equipment, difficulty, muscles
            FROM exercises e WHERE {conditions(filters)}
        )
        SELECT json_build_object({_FACETS})
    """
    return connection.execute(text(statement), filters).scalar_one()
