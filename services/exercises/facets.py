"""How many exercises have each value of what they can be filtered by."""

from typing import Any

from sqlalchemy import Connection, text

from services.exercises.reads import conditions

_VALUES = {
    "category": "category",
    "body_part": "body_part",
    "equipment": "unnest(all_equipment)",
    "difficulty": "difficulty",
    "muscles": "unnest(muscles)",
}
"""What an exercise counts for, by facet."""

_COUNTED = """
    (SELECT coalesce(json_agg(json_build_object('value', value, 'count', count)
        ORDER BY count DESC, value COLLATE "C"), '[]')
    FROM (SELECT value, sum(alike) AS count FROM (SELECT {value}, alike FROM kinds)
            AS given (value, alike)
        WHERE value IS NOT NULL GROUP BY value) AS counted)
"""

_FACETS = ", ".join(f"'{name}', {_COUNTED.format(value=value)}" for name, value in _VALUES.items())


def count(connection: Connection, filters: dict[str, list[str]]) -> dict[str, Any]:
    """Return the values with their counts, by facet, the most frequent first.

    Args:
        connection: inside a transaction.
        filters: as for a page: only active exercises that pass them are counted.
    """
    # many exercises are alike in all of this, so all are read once, and few are counted five times
    statement = f"""
        WITH kinds AS MATERIALIZED (
            SELECT category, body_part, all_equipment, difficulty, muscles, count(*) AS alike
            FROM exercise_search s WHERE {conditions(filters)}
            GROUP BY category, body_part, all_equipment, difficulty, muscles
        )
        SELECT json_build_object({_FACETS})
    """
    return connection.execute(text(statement), filters).scalar_one()
