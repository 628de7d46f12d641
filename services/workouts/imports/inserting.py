"""Inserting many workouts of an import in one statement."""

from typing import Any

from services.transport.postgres.statements import Send, Statement
from services.workouts import writes
from services.workouts.rules import Plan

_COLUMNS = ", ".join(writes.COLUMNS)
_GIVEN = """
    SELECT new.id AS workout_id, item, (item ->> 'order_index')::integer AS order_index
    FROM new CROSS JOIN LATERAL json_array_elements(new.document -> 'exercises') item
"""
_EXERCISES = writes.insert_exercises(
    _GIVEN, of="w JOIN given ON given.workout_id = w.id", key="workout_id, order_index"
)
# ids come first: by them an inserted row is known as the one that was given
_INSERT = Statement(
    f"""
    WITH new AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('workouts', 'id')) AS id, document, {_COLUMNS}
        FROM json_array_elements(CAST(:workouts AS json)) document
        CROSS JOIN LATERAL json_populate_record(NULL::workouts, document) given
    ), w AS (
        INSERT INTO workouts (id, user_id, {_COLUMNS}) OVERRIDING SYSTEM VALUE
        SELECT id, :user_id, {_COLUMNS} FROM new
        RETURNING id, user_id, version
    ), {_EXERCISES}, noted AS (
        INSERT INTO imported_workouts AS m
            (user_id, identity, workout_id, content, version, import_id)
        SELECT w.user_id, decode(document ->> 'identity', 'hex'), w.id,
               decode(document ->> 'content', 'hex'), w.version, :import_id
        FROM w JOIN new USING (id)
        ON CONFLICT (user_id, identity) DO UPDATE SET workout_id = excluded.workout_id,
            content = excluded.content, version = excluded.version, import_id = excluded.import_id,
            restored_from = CASE WHEN m.import_id = excluded.import_id THEN m.restored_from
                            ELSE coalesce(m.restored_from, m.import_id) END
    )
    SELECT count(*) FROM sets
    """
)


def as_new(plan: Plan, identity: bytes, content: bytes) -> dict[str, Any]:
    """Return a workout as :func:`insert` inserts it.

    Args:
        plan: the workout.
        identity: by which it is known in a file.
        content: the hash of what was done.
    """
    exercises = writes.stored_exercises(plan)
    known = {"identity": identity.hex(), "content": content.hex()}
    return {**plan.columns, **known, "exercises": exercises}


def insert(send: Send, user_id: int, import_id: int, workouts: list[dict[str, Any]]) -> None:
    """Insert workouts, and note that an import has brought them."""
    if workouts:
        given = writes.to_json(workouts)
        send(_INSERT, user_id=user_id, import_id=import_id, workouts=given)
