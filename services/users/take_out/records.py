"""Take-outs as they are stored: asking for one, finding it, reading its zip, and its end."""

import base64
import json
from typing import Any

from schemas.errors import NotFound, RateLimitExceeded
from schemas.take_outs import READY, UNDER_WAY
from services.dependencies.database import Database
from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Statement

HOURS_KEPT = 24

MOST_A_DAY = 5
"""Take-outs that a user may begin within 24 hours."""

_DAY = 24 * 3600

_COLUMNS = f"""
    id, status, {instant("requested_at")}, {instant("ready_at")}, {instant("expires_at")}, bytes
"""
_MEMBERS = ("id", "status", "requested_at", "ready_at", "expires_at", "bytes")

_NOT_EXPIRED = "(expires_at IS NULL OR expires_at > now())"

_FIND = Statement(f"SELECT {_COLUMNS} FROM take_outs WHERE user_id = :user_id AND {_NOT_EXPIRED}")
_LOCK = Statement(
    f"""
    SELECT begun, ceil(extract(epoch FROM begun_since - now()))::integer + {_DAY}, {_COLUMNS}
    FROM take_outs WHERE user_id = :user_id FOR UPDATE
    """
)
# another row each time, so that whoever reads the zip of before gets no mixture of two
_DELETE = Statement(
    """
    DELETE FROM take_outs WHERE user_id = :user_id
    RETURNING begun_since::text
    """
)
_BEGIN = Statement(
    f"""
    INSERT INTO take_outs (user_id, begun, begun_since)
    SELECT id, :begun, coalesce(CAST(:since AS timestamptz), now()) FROM users WHERE id = :user_id
    ON CONFLICT (user_id) DO NOTHING RETURNING {_COLUMNS}
    """
)
_EXISTS = Statement("SELECT 1 FROM users WHERE id = :user_id")
_PIECE = Statement(
    f"""
    SELECT content, EXISTS (
        SELECT FROM take_out_pieces f
        WHERE f.take_out_id = p.take_out_id AND f.position = p.position + 1)
    FROM take_out_pieces p
    WHERE position = :position AND take_out_id = (
        SELECT id FROM take_outs
        WHERE id = :id AND user_id = :user_id AND status = '{READY}' AND {_NOT_EXPIRED})
    """
)
_EXPIRE = Statement(
    """
    DELETE FROM take_outs WHERE id = (
        SELECT id FROM take_outs WHERE expires_at <= now() LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
    """
)


def request(database: Database, user_id: int) -> dict[str, Any]:
    """Begin a take-out, unless one is under way, and return it.

    Raises:
        NotFound: there is no such user.
        RateLimitExceeded: they have begun :data:`MOST_A_DAY` within a day.
    """
    while True:
        with database.together() as transaction:
            begun = _request(transaction.fetch, user_id)
        if begun is not None:
            return begun
        # somebody has asked at the same moment
        if not database.fetch(_EXISTS, user_id=user_id):
            raise NotFound("There is no such user")


def find(fetch: Fetch, user_id: int) -> dict[str, Any]:
    """Return the take-out of a user.

    Raises:
        NotFound: they have asked for none, or it was deleted.
    """
    rows = fetch(_FIND, user_id=user_id)
    if not rows:
        raise _missing()
    return _described(rows[0])


def piece(fetch: Fetch, user_id: int, take_out_id: int, position: int) -> dict[str, Any]:
    """Return a piece of the zip in base64, and the position of the next; None after the last.

    Raises:
        NotFound: it is not ready, was deleted, or is somebody else's.
    """
    rows = fetch(_PIECE, user_id=user_id, id=take_out_id, position=position)
    if not rows:
        raise _missing()
    [(content, goes_on)] = rows
    text = base64.b64encode(content).decode()
    return {"content": text, "next": position + 1 if goes_on else None}


def expire(fetch: Fetch) -> None:
    """Delete take-outs that were kept for long enough."""
    while fetch(_EXPIRE):
        pass


def _request(fetch: Fetch, user_id: int) -> dict[str, Any] | None:
    count, since = 0, None
    if rows := fetch(_LOCK, user_id=user_id):
        begun, seconds_left, *columns = rows[0]
        found = _described(columns)
        if found["status"] == UNDER_WAY:
            return found
        [(begun_since,)] = fetch(_DELETE, user_id=user_id)
        if seconds_left > 0:
            count, since = begun, begun_since
        if count >= MOST_A_DAY:
            details = {"limit": f"{MOST_A_DAY} per 1 day", "retry_after": seconds_left}
            message = f"You may ask for your data {MOST_A_DAY} times a day"
            raise RateLimitExceeded(message, json.dumps(details))
    made = fetch(_BEGIN, user_id=user_id, begun=count + 1, since=since)
    return _described(made[0]) if made else None


def _described(row: Any) -> dict[str, Any]:
    return dict(zip(_MEMBERS, row, strict=True))


def _missing() -> NotFound:
    return NotFound("There is no copy of your data; ask for one first")
