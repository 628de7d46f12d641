"""Applies staged entries to the catalogue in one transaction: readers see all of it or nothing."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import eventlet
from sqlalchemy import Connection, Row, text

from services.exercises import catalogue, writes
from services.exercises.tables import COLUMNS
from services.exercises.wger import matching
from services.exercises.wger.entries import SOURCE
from services.exercises.wger.measures import MEASURED_BY, measure_of

BATCH = 100
MOST_EXAMPLES = 5
LONGEST_SLUG = 200

MANUAL_NAME = "name_of_manual_exercise"

_COLUMNS = {
    **{name: kind for name, kind in COLUMNS.items() if name != "slug"},
    "external_id": "text",
    "external_uuid": "uuid",
    "license": "text",
    "license_author": "text",
    "is_active": "boolean",
}

_GIVEN = f"""
    json_to_recordset(CAST(:rows AS json)) AS given (
        id bigint, slug text, {", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())})
"""

_FIND_CLASHES = text(
    """
    UPDATE wger_entries s SET reason = :reason, exercise_id = manual.id
    FROM exercises manual
    WHERE s.reason IS NULL AND manual.name_key = s.name_key
        AND manual.external_source <> :source
    """
)

# (source, external_id) is unique: an exercise whose id moves to another one gives it up first
_FREE_IDS = text(
    """
    UPDATE exercises e SET external_id = NULL, updated_at = now()
    FROM wger_entries s
    WHERE s.reason IS NULL AND s.place BETWEEN :first AND :last
        AND s.known_as IS DISTINCT FROM e.id
        AND e.external_source = :source AND e.external_id = s.external_id
    """
)

_NEXT_ENTRIES = text(
    """
    SELECT s.place, s.external_id, s.columns, e.id,
        CAST(e.external_uuid AS text) AS external_uuid
    FROM wger_entries s LEFT JOIN exercises e ON e.id = s.known_as
    WHERE s.reason IS NULL AND s.place > :after
    ORDER BY s.place LIMIT :limit
    """
)

# the slug stays, so that URLs still work after a rename
_UPDATE = text(
    f"""
    UPDATE exercises e
    SET {", ".join(f"{name} = given.{name}" for name in _COLUMNS)}, updated_at = now()
    FROM {_GIVEN}
    WHERE e.id = given.id
        AND ({", ".join(f"e.{name}" for name in _COLUMNS)})
            IS DISTINCT FROM ({", ".join(f"given.{name}" for name in _COLUMNS)})
    """
)

_INSERT = text(
    f"""
    INSERT INTO exercises (slug, {", ".join(_COLUMNS)})
    SELECT slug, {", ".join(_COLUMNS)} FROM {_GIVEN}
    """
)

_DEACTIVATE = text(
    """
    UPDATE exercises e SET is_active = false, updated_at = now()
    WHERE e.external_source = :source AND e.is_active
        AND NOT EXISTS (SELECT FROM wger_entries s WHERE s.known_as = e.id)
    """
)

_COUNT_SKIPPED = text(
    """
    SELECT reason, count(*) AS count,
        (array_agg(json_build_object('external_id', external_id, 'name', name,
            'exercise_id', exercise_id) ORDER BY place))[1 : CAST(:most AS int)] AS examples
    FROM wger_entries WHERE reason IS NOT NULL
    GROUP BY reason ORDER BY count(*) DESC, reason
    """
)


def apply(connection: Connection, is_whole: bool) -> dict[str, Any]:
    """Add, update and deactivate exercises by what is staged.

    Args:
        connection: inside a transaction; until its end no other one writes exercises.
        is_whole: whether all of wger's list was read; then exercises that are not in it become
            inactive.

    Returns:
        The import's report, without its seconds.
    """
    writes.lock(connection)
    connection.execute(_FIND_CLASHES, {"reason": MANUAL_NAME, "source": SOURCE})
    matching.match(connection)
    # before anything is added: what is new has no entry with its id in known_as
    deactivated = connection.execute(_DEACTIVATE, {"source": SOURCE}).rowcount if is_whole else 0
    counts = _save_all(connection)
    read = connection.execute(text("SELECT count(*) FROM wger_entries")).scalar_one()
    return {
        "read": read,
        **counts,
        "deactivated": deactivated,
        "skipped": _skipped(connection),
        "complete": is_whole,
    }


def choose_slug(name: str, external_id: str, taken: Collection[str]) -> str:
    """Return a slug that is not taken: of the name, or else of the name and wger's id."""
    plain = catalogue.slug(name)[:LONGEST_SLUG].rstrip("-")
    slug, number = plain, 1
    while slug in taken:
        slug = f"{plain}-{external_id}" if number == 1 else f"{plain}-{external_id}-{number}"
        number += 1
    return slug


def _save_all(connection: Connection) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int, added=0, changed=0, unchanged=0)
    taken = set(connection.execute(text("SELECT slug FROM exercises")).scalars())
    given = {"limit": BATCH, "after": 0}
    while batch := connection.execute(_NEXT_ENTRIES, given).all():
        for name, count in _save(connection, batch, taken).items():
            counts[name] += count
        given["after"] = batch[-1].place
    return dict(counts)


def _save(connection: Connection, batch: Sequence[Row[Any]], taken: set[str]) -> dict[str, int]:
    old: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    indexed = []
    for entry in batch:
        columns = entry.columns
        words = writes.index(columns)
        indexed.append(words)
        row = {**columns, **writes.search_columns(words), "id": entry.id, "is_active": True}
        if "measure" not in columns:
            # pages staged by the version before
            row["measure"] = measure_of(**{name: columns[name] for name in MEASURED_BY})
        # older wger servers send no uuids: the stored one stays
        row["external_uuid"] = columns["external_uuid"] or entry.external_uuid
        if entry.id is None:
            row["slug"] = choose_slug(columns["name"], entry.external_id, taken)
            taken.add(row["slug"])
        (new if entry.id is None else old).append(row)
        # indexing a batch takes long enough to hold up requests of this process
        eventlet.sleep(0)
    places = {"first": batch[0].place, "last": batch[-1].place}
    connection.execute(_FREE_IDS, {"source": SOURCE, **places})
    changed = connection.execute(_UPDATE, {"rows": json.dumps(old)}).rowcount if old else 0
    if new:
        connection.execute(_INSERT, {"rows": json.dumps(new)})
    if new or changed:
        writes.save_words(connection, indexed)
    return {"added": len(new), "changed": changed, "unchanged": len(old) - changed}


def _skipped(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.execute(_COUNT_SKIPPED, {"most": MOST_EXAMPLES}).mappings()
    return [{**row, "examples": [_without_nulls(item) for item in row["examples"]]} for row in rows]


def _without_nulls(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}
