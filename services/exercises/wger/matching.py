"""Which of the imported exercises an entry is: by wger's uuid, and by its id where that fails.

An exercise has one uuid on all servers. Its id is given by each server, and another one when the
entry is made anew there.
"""

from sqlalchemy import Connection, text

from services.exercises.wger.entries import SOURCE

# pages that the version before has read have their uuid in the columns alone
_UUID = "coalesce(s.external_uuid, CAST(s.columns ->> 'external_uuid' AS uuid))"

_BY_UUID = text(
    f"""
    UPDATE wger_entries s SET known_as = (
        SELECT e.id FROM exercises e
        WHERE e.external_source = :source AND e.external_uuid = {_UUID}
        ORDER BY e.is_active DESC, e.id LIMIT 1)
    """
)
"""Versions before could make two exercises of one entry; the one in use goes on."""

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
"""Under an id another server has another exercise, whose history must not become this one's."""


def match(connection: Connection) -> None:
    """Note of everything that was read which exercise it is (``known_as``), if it is one.

    Entries that are skipped are noted, too: their exercises are not gone.
    """
    connection.execute(_BY_UUID, {"source": SOURCE})
    connection.execute(_BY_ID, {"source": SOURCE})
