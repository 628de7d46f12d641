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
# Ids come first: by them an inserted row is known as the one that was given. A client's id is taken
# along if nothing has it, or what had it was deleted; that is judged by what the statement saw when
# it began, so another request that takes the id meanwhile keeps it.
_INSERT = Statement(
    f"""
    WITH new AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('workouts', 'id')) AS id, document, client_id,
            {_COLUMNS}
        FROM json_array_elements(CAST(:workouts AS json)) document
        CROSS JOIN LATERAL json_populate_record(NULL::workouts, document) given
    ), claimed AS (
        INSERT INTO client_ids AS c (user_id, client_id, workout_id)
        SELECT DISTINCT ON (client_id) CAST(:user_id AS bigint), client_id, id
        FROM new WHERE client_id IS NOT NULL ORDER BY client_id, id
        ON CONFLICT (user_id, client_id) DO UPDATE SET workout_id = excluded.workout_id
        WHERE EXISTS (
            SELECT FROM client_ids seen
            WHERE seen.user_id = c.user_id AND seen.client_id = c.client_id
              AND seen.workout_id = c.workout_id
              AND NOT EXISTS (
                  SELECT FROM workouts before
                  WHERE before.user_id = seen.user_id AND before.id = seen.workout_id))
        RETURNING workout_id
    ), w AS (
        INSERT INTO workouts (id, user_id, client_id, {_COLUMNS}) OVERRIDING SYSTEM VALUE
        SELECT id, :user_id, CASE WHEN id IN (SELECT workout_id FROM claimed) THEN client_id END,
            {_COLUMNS}
        FROM new
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


def as_new(
    plan: Plan, identity: bytes, content: bytes, client_id: str | None = None
) -> dict[str, Any]:
    """Return a workout as :func:`insert` inserts it.

    Args:
        plan: the workout.
        identity: by which it is known in a file.
        content: the hash of what was done.
        client_id: that a client has given it, if one has.
    """
    exercises = writes.stored_exercises(plan)
    known = {"identity": identity.hex(), "content": content.hex(), "client_id": client_id}
    return {**plan.columns, **known, "exercises": exercises}


def insert(send: Send, user_id: int, import_id: int, workouts: list[dict[str, Any]]) -> None:
    """Insert workouts, and note that an import has brought them."""
    if workouts:
        given = writes.to_json(workouts)
        send(_INSERT, user_id=user_id, import_id=import_id, workouts=given)
