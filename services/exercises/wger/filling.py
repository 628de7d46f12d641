"""Fills in the measures of exercises that were imported by a version that knew none."""

import json
from typing import Any

import eventlet
from sqlalchemy import Connection, text

from services.dependencies.database import Database
from services.exercises import writes
from services.exercises.wger.entries import SOURCE
from services.exercises.wger.measures import MEASURED_BY, measure_of

BATCH = 200
"""Exercises that are filled in at a time; readers of the same process wait for as long."""

_UNKNOWN = text(
    f"""
    SELECT id, {", ".join(MEASURED_BY)} FROM exercises
    WHERE external_source = :source AND measure IS NULL ORDER BY id LIMIT :limit
    """
)

_FILL = text(
    """
    UPDATE exercises e SET measure = given.measure, updated_at = now()
    FROM json_to_recordset(CAST(:rows AS json)) AS given (id bigint, measure text)
    WHERE e.id = given.id
    """
)


def fill(database: Database) -> int:
    """Set the measure of all imported exercises that have none, and return how many they were.

    During an upgrade the version before may go on importing; the next start fills those in.
    """
    filled = 0
    while count := _fill_some(database):
        filled += count
        eventlet.sleep(0)
    return filled


def _fill_some(database: Database) -> int:
    with database.transaction() as connection:
        writes.lock(connection)
        rows = _unknown(connection)
        if rows:
            connection.execute(_FILL, {"rows": json.dumps(rows)})
    return len(rows)


def _unknown(connection: Connection) -> list[dict[str, Any]]:
    found = connection.execute(_UNKNOWN, {"source": SOURCE, "limit": BATCH})
    return [{"id": known, "measure": measure_of(*columns)} for known, *columns in found]
