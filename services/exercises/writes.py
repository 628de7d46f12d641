"""Writing exercises to PostgreSQL, together with the words by which a search finds them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from services.exercises.rules import search
from services.exercises.tables import COLUMNS

WRITING_LOCK = 7_306_002
"""Advisory lock of the transaction that changes the catalogue: one at a time in all processes."""

_GIVEN = f"""
    json_to_recordset(CAST(:entries AS json)) AS given (
        id bigint, {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())})
"""

_UPDATE = text(
    f"""
    UPDATE exercises e
    SET {", ".join(f"{name} = given.{name}" for name in COLUMNS)}, updated_at = now()
    FROM {_GIVEN}
    WHERE e.slug = given.slug AND e.external_source = given.external_source
        AND ({", ".join(f"e.{name}" for name in COLUMNS)})
            IS DISTINCT FROM ({", ".join(f"given.{name}" for name in COLUMNS)})
    """
)

_INSERT = text(
    f"""
    INSERT INTO exercises (id, {", ".join(COLUMNS)})
    SELECT coalesce(given.id, nextval(pg_get_serial_sequence('exercises', 'id'))),
        {", ".join(f"given.{name}" for name in COLUMNS)}
    FROM {_GIVEN}
    WHERE NOT EXISTS (SELECT FROM exercises e WHERE e.slug = given.slug)
    """
)

_INSERT_WORDS = text(
    """
    INSERT INTO exercise_words AS known (word, is_joined, spellings)
    SELECT word, is_joined, spellings
    FROM json_to_recordset(CAST(:words AS json))
        AS given (word text, is_joined boolean, spellings text[])
    ON CONFLICT (word) DO UPDATE SET is_joined = false
    WHERE known.is_joined AND NOT excluded.is_joined
    """
)


@dataclass(frozen=True)
class Saved:
    """How many exercises a change of the catalogue added and changed."""

    added: int
    changed: int


def lock(connection: Connection) -> None:
    """Wait until no other transaction writes exercises, and let none until the end of this one."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITING_LOCK})


def save(connection: Connection, entries: Iterable[dict[str, Any]]) -> Saved:
    """Insert exercises, and update those that differ and have the same slug and source.

    Exercises of another source that have taken a slug are left alone.

    Args:
        connection: inside a transaction; until its end no other one writes exercises.
        entries: columns by name, ``id`` only where it must be a certain one.
    """
    lock(connection)
    entries = list(entries)
    indexed = [index(entry) for entry in entries]
    rows = [entry | search_columns(found) for entry, found in zip(entries, indexed, strict=True)]
    given = {"entries": json.dumps(rows)}
    changed = connection.execute(_UPDATE, given).rowcount
    added = connection.execute(_INSERT, given).rowcount
    if changed or added:
        save_words(connection, indexed)
    return Saved(added, changed)


def index(columns: Mapping[str, Any]) -> search.IndexedText:
    """Return the words by which an exercise is found.

    Args:
        columns: of the exercise; ``name``, ``aliases``, ``description`` and ``all_equipment`` are
            looked at.
    """
    return search.index(
        columns["name"], columns["aliases"], columns["description"], columns["all_equipment"]
    )


def search_columns(indexed: search.IndexedText) -> dict[str, Any]:
    """Return the columns of an exercise by which a search finds it."""
    return {
        "name_key": indexed.name_key,
        "alias_keys": indexed.alias_keys,
        "title_keys": indexed.title_keys,
        "name_words": " ".join(sorted(indexed.name_words)),
        "title_words": " ".join(sorted(indexed.title_words)),
        "search_words": " ".join(sorted(indexed.search_words)),
    }


def save_words(connection: Connection, indexed: list[search.IndexedText]) -> None:
    """Add the words of exercises to ``exercise_words``, where searches look for close spellings."""
    words = frozenset().union(*(item.search_words for item in indexed))
    parted = frozenset().union(*(item.search_words - item.joined_words for item in indexed))
    rows = [
        {"word": word, "is_joined": word not in parted, "spellings": search.spellings(word)}
        for word in search.mistypable(words)
    ]
    connection.execute(_INSERT_WORDS, {"words": json.dumps(rows)})
