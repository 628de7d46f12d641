"""Matches staged entries with imported exercises: by wger's uuid, or else by its id.

An exercise has the same uuid on all servers. Its id is each server's own, and a new one when the
entry is created again there.
"""

from sqlalchemy import Connection, text

from services.exercises.wger.entries import SOURCE

# pages staged by the version before have their uuid in columns only
_UUID = "coalesce(s.external_uuid, CAST(s.columns ->> 'external_uuid' AS uuid))"

_BY_UUID = text(
    f"""
    UPDATE wger_entries s SET known_as = (
        SELECT e.id FROM exercises e
        WHERE e.external_source = :source AND e.external_uuid = {_UUID}
        ORDER BY e.is_active DESC, e.id LIMIT 1)
    """
)
"""Earlier versions could make two exercises of one entry; the active one is matched."""

_BY_ID = text(
    f"""
    UPDATE wger_entries s SET known_as = e.id
    FROM exercises e
    WHERE s.known_as IS NULL
        AND e.external_source = :source AND e.external_id = s.external_id
        AND ({_UUID} IS NULL OR e.external_uuid IS NULL OR e.name_key = s.name_key)
        AND NOT EXISTS (SELECT FROM wger_entries other WHERE other.known_as = e.id)
    """
)
"""Another server has another exercise under the same id, which must not inherit this one's history.
So where both have uuids, which are different ones then, the name must be the same, too."""


def match(connection: Connection) -> None:
    """Set ``known_as`` of all staged entries to the id of their exercise, if there is one.

    Also of skipped entries: their exercises are still in wger's list, and stay active.
    """
    connection.execute(_BY_UUID, {"source": SOURCE})
    connection.execute(_BY_ID, {"source": SOURCE})
