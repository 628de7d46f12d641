"""Workouts of a file as they are stored between the preview and the import."""

from typing import Any, NamedTuple

import orjson

from services.workouts.imports.rules.documents import HERE, Document
from services.workouts.imports.rules.planning import Before

MOST_CHARACTERS = 1024 * 1024
"""Of documents that are held at a time; one alone may have more."""

# Looked up row by row, which the limit sees to. Joined, all workouts of the user are compared with
# each other: without statistics, as in an import of thousands, PostgreSQL expects a handful.
_BEFORE = """
    SELECT m.workout_id, m.content, (
        SELECT w.version FROM workouts w WHERE w.user_id = m.user_id AND w.id = m.workout_id
    ) AS version
    FROM imported_workouts m WHERE m.user_id = :user_id AND m.identity = s.identity LIMIT 1
"""


def rows_of(after: str, order: str, most: int) -> str:
    """Return the query of workouts of a file, each with the one imported before, if any.

    Args:
        after: the condition of those that come next.
        order: what they are ordered by.
        most: how many there are at most; fewer if they are long.
    """
    return f"""
        SELECT s.place, s.identity, s.document, s.state, m.workout_id, m.content, m.version
        FROM (
            SELECT *, sum(length(document)) OVER (ORDER BY {order}) - length(document) AS before
            FROM (
                SELECT * FROM import_workouts s WHERE s.import_id = :id AND {after}
                ORDER BY {order} LIMIT {most}) s
        ) s
        LEFT JOIN LATERAL ({_BEFORE}) m ON true
        WHERE s.before < {MOST_CHARACTERS} ORDER BY {order}
    """


class Staged(NamedTuple):
    """A workout of a file, and the one that was imported before by its identity."""

    place: int
    identity: bytes
    document: Document
    state: str
    before: Before | None


def staged(row: tuple[Any, ...]) -> Staged:
    """Return a row of :func:`rows_of`."""
    place, key, text, state, workout_id, content, version = row
    before = None if workout_id is None else Before(workout_id, bytes(content), version)
    return Staged(place, bytes(key), orjson.loads(text), state, before)


def before_of(each: Staged) -> Before:
    """Return the workout that one of the file, whose state is `changed`, is to replace."""
    here: int | None = each.document.get(HERE)
    before = each.before
    if before is None or here not in (None, before.workout_id):
        # one that was never imported
        assert here is not None
        return Before(here, b"", version=None)
    return before
