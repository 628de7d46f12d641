"""Removing what imports leave behind."""

from services.transport.postgres.statements import Fetch, Statement
from services.workouts.imports import records

HOURS_FOR_UPLOAD = 24
DAYS_FOR_PREVIEW = 30
ROWS_AT_ONCE = 5000
"""That one statement deletes, so that it ends long before PostgreSQL cancels it."""

# one import a statement, as its workouts go with it
_UNFINISHED = Statement(
    f"""
    DELETE FROM imports WHERE id = (
        SELECT id FROM imports i WHERE added = 0 AND updated = 0 AND (
            (status = '{records.RECEIVING}'
                AND changed_at < now() - interval '{HOURS_FOR_UPLOAD} hours')
            OR (status IN ('{records.PREVIEW}', '{records.FAILED}')
                AND changed_at < now() - interval '{DAYS_FOR_PREVIEW} days'
                AND NOT EXISTS (
                    SELECT FROM import_names n
                    WHERE n.import_id = i.id AND n.is_made AND n.exercise_id IS NOT NULL)))
        LIMIT 1)
    RETURNING id
    """
)
_OF_ENDED = f"""
    WHERE i.id = s.import_id
      AND i.status IN ('{records.APPLIED}', '{records.UNDONE}', '{records.FAILED}')
"""
_STAGED = Statement(
    f"""
    DELETE FROM import_workouts d USING (
        SELECT s.import_id, s.place FROM import_workouts s, imports i {_OF_ENDED}
        LIMIT {ROWS_AT_ONCE}) old
    WHERE d.import_id = old.import_id AND d.place = old.place
    RETURNING d.place
    """
)
_PIECES = Statement(f"DELETE FROM import_pieces s USING imports i {_OF_ENDED}")


def clean(fetch: Fetch) -> None:
    """Delete unfinished imports that are old, and what was staged by those that have ended."""
    while fetch(_UNFINISHED):
        pass
    fetch(_PIECES)
    while len(fetch(_STAGED)) == ROWS_AT_ONCE:
        pass
