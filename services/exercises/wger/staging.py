"""The tables of an import that is under way: its entries, and how far it is.

Entries are staged until all are there. So an import that is interrupted has changed nothing that
anybody reads, and the next one resumes it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from services.exercises.rules.words import key
from services.exercises.wger import matching
from services.exercises.wger.entries import SOURCE, Entry
from services.transport.postgres.expressions import instant

IMPORT_LOCK = 7_306_003
"""Advisory lock of the connection that imports; PostgreSQL frees it when the process dies."""

FRESH_HOURS = 24
"""Pages that were staged longer ago are read again."""

FAILED_MINUTES = 15
"""The timer does not repeat a failed import before this."""

NEVER, READING, WRITING, DONE, FAILED = "never", "reading", "writing", "done", "failed"
INTERRUPTED = "interrupted"

DUPLICATE = "duplicate"

_IS_HELD = """
    EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND classid = 0 AND objid = :lock AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""

_STATUS = text(
    f"""
    SELECT run, phase, {_IS_HELD} AS is_held, next_offset AS done, total,
        {instant("began_at", fraction=False)} AS began_at,
        {instant("ended_at", fraction=False)} AS ended_at,
        extract(epoch FROM coalesce(ended_at, now()) - began_at)::float AS seconds, error, report
    FROM wger_import
    """
)

_BEGIN = text(
    f"""
    UPDATE wger_import
    SET run = run + 1, phase = '{READING}', began_at = clock_timestamp(), ended_at = NULL,
        error = NULL, report = NULL, url = :url
    RETURNING run, next_offset, total
    """
)

_RESET_PAGES = text(
    "UPDATE wger_import SET next_offset = 0, total = NULL, is_steady = true, "
    "reading_since = clock_timestamp()"
)

_MOVE = text(
    """
    UPDATE wger_import
    SET next_offset = :offset, total = coalesce(CAST(:total AS bigint), total),
        is_steady = is_steady AND NOT :slipped
            AND coalesce(total = CAST(:total AS bigint), true)
    """
)

_ADD = text(
    """
    INSERT INTO wger_entries (external_id, external_uuid, name, name_key, columns, reason)
    SELECT external_id, external_uuid, name, name_key, columns, reason
    FROM json_to_recordset(CAST(:entries AS json)) AS given (
        external_id text, external_uuid uuid, name text, name_key text, columns json, reason text)
    """
)

_MISSING = text(
    """
    SELECT e.external_id FROM exercises e
    WHERE e.external_source = :source AND e.is_active AND e.external_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM wger_entries s WHERE s.known_as = e.id)
        AND NOT EXISTS (SELECT FROM wger_entries s WHERE s.external_id = e.external_id)
    ORDER BY e.id LIMIT :limit
    """
)

_KNOWN = text(
    """
    SELECT external_id, CAST(external_uuid AS text) FROM wger_entries
    WHERE external_id = ANY(:ids) OR external_uuid = ANY(CAST(:uuids AS uuid[]))
    """
)

_IS_WHOLE = text(
    """
    SELECT is_steady AND coalesce(total <= (SELECT count(*) FROM wger_entries), true)
    FROM wger_import
    """
)


@dataclass(frozen=True)
class Position:
    """Where an import begins or resumes.

    Attributes:
        run: its number.
        offset: how many entries are staged.
        total: how many wger had when they were read, None if it did not say.
    """

    run: int
    offset: int
    total: int | None


def try_lock(connection: Connection) -> bool:
    """Take the import's lock for as long as the connection lives; False if it is taken."""
    statement = text("SELECT pg_try_advisory_lock(:lock)")
    return connection.execute(statement, {"lock": IMPORT_LOCK}).scalar_one()


def unlock(connection: Connection) -> None:
    """Free the import's lock."""
    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": IMPORT_LOCK})


def begin(connection: Connection, url: str) -> Position:
    """Store that an import begins, and return where."""
    goes_on = connection.execute(
        text(
            "SELECT url = :url AND reading_since > now() - make_interval(hours => :hours) "
            "FROM wger_import"
        ),
        {"url": url, "hours": FRESH_HOURS},
    ).scalar_one()
    if not goes_on:
        delete_entries(connection)
    return Position(*connection.execute(_BEGIN, {"url": url}).one())


def delete_entries(connection: Connection) -> None:
    """Delete everything that is staged."""
    connection.execute(text("DELETE FROM wger_entries"))
    connection.execute(_RESET_PAGES)


def add_page(
    connection: Connection, entries: Iterable[Entry], offset: int, total: int | None
) -> None:
    """Stage the entries of a page.

    Args:
        connection: inside a transaction.
        entries: of the page.
        offset: where the next page begins.
        total: how many entries wger has, None if it does not say.
    """
    slipped = add(connection, entries)
    connection.execute(_MOVE, {"offset": offset, "total": total, "slipped": slipped})


def add(connection: Connection, entries: Iterable[Entry]) -> bool:
    """Stage entries; return whether one of them was staged already."""
    entries = list(entries)
    given = {
        "ids": [entry.external_id for entry in entries],
        "uuids": [entry.external_uuid for entry in entries],
    }
    earlier = connection.execute(_KNOWN, given).all()
    known = {name for names in earlier for name in names}
    rows = []
    for entry in entries:
        names = {entry.external_id, entry.external_uuid} - {None}
        repeated = not known.isdisjoint(names)
        known |= names
        rows.append(
            {
                "external_id": entry.external_id,
                "external_uuid": entry.external_uuid,
                "name": entry.name,
                "name_key": key(entry.columns["name"]) if entry.columns else None,
                "columns": entry.columns,
                "reason": DUPLICATE if repeated else entry.reason,
            }
        )
    connection.execute(_ADD, {"entries": json.dumps(rows)})
    return bool(earlier)


def is_whole(connection: Connection) -> bool:
    """Return whether the pages held everything that the server has.

    They may not if the list changed meanwhile, or was ordered differently for each page: then an
    entry can move from an unread page to one that was read. Either the total has changed, or an
    entry came twice.
    """
    return connection.execute(_IS_WHOLE).scalar_one()


def missing(connection: Connection, limit: int) -> list[str]:
    """Return wger's ids of active exercises for which no entry is staged."""
    matching.match(connection)
    return list(connection.execute(_MISSING, {"source": SOURCE, "limit": limit}).scalars())


def note_phase(connection: Connection, phase: str) -> None:
    """Store what the import is doing."""
    connection.execute(text("UPDATE wger_import SET phase = :phase"), {"phase": phase})


def note_success(connection: Connection, report: dict[str, Any]) -> None:
    """Store the report of an import that was applied, and delete what was staged."""
    connection.execute(
        text(
            f"UPDATE wger_import SET phase = '{DONE}', report = CAST(:report AS jsonb), "
            "reading_since = NULL, ended_at = clock_timestamp(), succeeded_at = clock_timestamp()"
        ),
        {"report": json.dumps(report)},
    )
    connection.execute(text("DELETE FROM wger_entries"))


def note_failure(connection: Connection, error: str) -> None:
    """Store why the import failed."""
    connection.execute(
        text(
            f"UPDATE wger_import SET phase = '{FAILED}', error = :error, "
            "ended_at = clock_timestamp()"
        ),
        {"error": error},
    )


def status(connection: Connection) -> dict[str, Any]:
    """Return the progress of the import, or the outcome of the last one."""
    row = dict(connection.execute(_STATUS, {"lock": IMPORT_LOCK}).mappings().one())
    running = row.pop("is_held")
    phase = row.pop("phase")
    if phase in (READING, WRITING) and not running:
        phase = INTERRUPTED
    seconds = row["seconds"]
    return {**row, "state": phase, "seconds": None if seconds is None else round(seconds, 1)}


def is_due(connection: Connection, hours: float) -> bool:
    """Return whether the last successful import is so many hours old."""
    return connection.execute(
        text(
            """
            SELECT coalesce(succeeded_at < now() - make_interval(secs => :seconds), true)
                AND coalesce(began_at < now() - make_interval(mins => :pause), true)
            FROM wger_import
            """
        ),
        {"seconds": hours * 3600, "pause": FAILED_MINUTES},
    ).scalar_one()
