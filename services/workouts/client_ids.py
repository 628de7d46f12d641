"""Ids that clients give to workouts, by which a workout is made once and never again.

Each is in ``client_ids`` for good, with the hash of the body that the workout was made from: also
when that was changed since, or deleted. It is written by the statement that inserts the workout
(:mod:`services.workouts.writes`), so there is never one without the other.
"""

import json
from typing import Any, NamedTuple

from orjson import Fragment

from schemas.errors import Conflict, Gone
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.idempotency import body_hash
from services.workouts.tables import workout_json

_FIND = Statement(
    f"""
    SELECT c.workout_id, c.body_hash, w.version,
           CASE WHEN w.id IS NOT NULL THEN ({workout_json(owner=":user_id")})::text END
    FROM client_ids c LEFT JOIN workouts w ON w.user_id = :user_id AND w.id = c.workout_id
    WHERE c.user_id = :user_id AND c.client_id = CAST(:client_id AS uuid)
    """
)


class ClientId(NamedTuple):
    """An id that a client gives to a new workout, and the hash of the rest of the body."""

    value: str
    body: bytes


def given(body: dict[str, Any], value: str) -> ClientId:
    """Return the id of a new workout.

    Args:
        body: as it came.
        value: the id in it, as loaded; it may be spelt in another way when it comes again.
    """
    rest = {name: each for name, each in body.items() if name != "client_id"}
    return ClientId(value, body_hash(rest))


def find(fetch: Fetch, user_id: int, client: ClientId) -> Any:
    """Return the workout with a client's id as clients see it, or None if there never was one.

    Any body will do for one that an import has brought, as none is known of it.

    Raises:
        Conflict: it was made from another body.
        Gone: it was deleted.
    """
    rows = fetch(_FIND, user_id=user_id, client_id=client.value)
    if not rows:
        return None
    ((workout_id, first_body, version, workout),) = rows
    if workout is None:
        message = "The workout with this client_id was deleted"
        raise Gone(message, json.dumps({"workout_id": workout_id}))
    if first_body is not None and bytes(first_body) != client.body:
        message = "There is a workout with this client_id, which was made from another body"
        raise Conflict(message, json.dumps({"workout_id": workout_id, "current_version": version}))
    return Fragment(workout)
