"""Indexes exercises again whose words are not those that this version gives them."""

import json
from collections.abc import Sequence
from typing import Any

import eventlet
from sqlalchemy import Connection, Row, text

from services.dependencies.database import Database
from services.exercises import writes
from services.exercises.tables import SEARCH_COLUMNS

BATCH = 50
"""Exercises that are looked at at a time; readers of the same process wait for as long."""

_NEXT = text(
    """
    SELECT id, name, aliases, description, all_equipment FROM exercises
    WHERE id > :after ORDER BY id LIMIT :limit
    """
)

_UPDATE = text(
    f"""
    UPDATE exercises e SET {", ".join(f"{name} = given.{name}" for name in SEARCH_COLUMNS)}
    FROM json_to_recordset(CAST(:rows AS json)) AS given (
        id bigint, {", ".join(f"{name} {kind}" for name, kind in SEARCH_COLUMNS.items())})
    WHERE e.id = given.id
        AND ({", ".join(f"e.{name}" for name in SEARCH_COLUMNS)})
            IS DISTINCT FROM ({", ".join(f"given.{name}" for name in SEARCH_COLUMNS)})
    """
)


def index_all(database: Database) -> int:
    """Index all exercises, and return how many had other words, as the version before gives them.

    During an upgrade that version may go on importing; the next start indexes those.
    """
    changed, last = 0, 0
    while True:
        with database.transaction() as connection:
            writes.lock(connection)
            rows = connection.execute(_NEXT, {"after": last, "limit": BATCH}).all()
            if not rows:
                return changed
            changed += _index(connection, rows)
        last = rows[-1].id
        eventlet.sleep(0)


def _index(connection: Connection, rows: Sequence[Row[Any]]) -> int:
    indexed = [writes.index(row._asdict()) for row in rows]
    columns = [
        {"id": row.id, **writes.search_columns(words)}
        for row, words in zip(rows, indexed, strict=True)
    ]
    changed = connection.execute(_UPDATE, {"rows": json.dumps(columns)}).rowcount
    if changed:
        writes.save_words(connection, indexed)
    return changed
