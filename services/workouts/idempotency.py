"""Idempotency keys: the same request, sent again, gives the first answer again."""

import hashlib
import json
import re
from decimal import Decimal

from sqlalchemy import Connection, text

from schemas.errors import BusinessRuleViolation, Conflict, InvalidParameter, fault

LONGEST_KEY = 255
_KEY = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}")
HOURS_KEPT = 24


def check_key(key: object) -> None:
    """Refuse a key that is not 1 to 255 visible ASCII characters.

    Raises:
        InvalidParameter: it is not.
    """
    if isinstance(key, str) and _KEY.fullmatch(key):
        return
    raise InvalidParameter.of(
        fault(
            "Idempotency-Key",
            f"Idempotency-Key must be 1 to {LONGEST_KEY} visible ASCII characters",
            "characters",
            max_length=LONGEST_KEY,
        )
    )


def body_hash(body: object) -> bytes:
    """Return a hash of a body as a JSON value: neither key order nor number spelling matters."""
    canonical = json.dumps(_canonical(body), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).digest()


def find_answer(connection: Connection, user_id: int, key: str, body: bytes) -> dict | None:
    """Return the first answer to a request, or None if the key is new.

    Raises:
        BusinessRuleViolation: the key was used with another body.
    """
    row = connection.execute(
        text(
            "SELECT body_hash, answer FROM idempotency_keys "
            "WHERE user_id = :user_id AND key = :key "
            "AND created_at > now() - make_interval(hours => :hours)"
        ),
        {"user_id": user_id, "key": key, "hours": HOURS_KEPT},
    ).one_or_none()
    if row is None:
        return None
    if bytes(row.body_hash) != body:
        raise BusinessRuleViolation("This Idempotency-Key was used with another body")
    return row.answer


def claim(connection: Connection, user_id: int, key: str) -> None:
    """Hold a key until the end of the transaction.

    Raises:
        Conflict: another request with this key is still in work.
    """
    free = connection.execute(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"{user_id}:{key}"},
    ).scalar_one()
    if not free:
        raise Conflict("A request with this Idempotency-Key is still in work")


def keep_answer(connection: Connection, user_id: int, key: str, body: bytes, answer: dict) -> None:
    """Keep the first answer to a request."""
    connection.execute(
        text(
            "INSERT INTO idempotency_keys (user_id, key, body_hash, answer) "
            "VALUES (:user_id, :key, :body, CAST(:answer AS jsonb)) "
            "ON CONFLICT (user_id, key) DO UPDATE SET body_hash = excluded.body_hash, "
            "answer = excluded.answer, created_at = excluded.created_at"
        ),
        {"user_id": user_id, "key": key, "body": body, "answer": json.dumps(answer)},
    )


def forget_old(connection: Connection) -> int:
    """Forget keys whose time is over, and return how many."""
    return connection.execute(
        text(
            "DELETE FROM idempotency_keys "
            "WHERE created_at <= now() - make_interval(hours => :hours)"
        ),
        {"hours": HOURS_KEPT},
    ).rowcount


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        # adding zero makes -0 the 0 that it is
        return {"number": format(Decimal(str(value)).normalize() + 0, "f")}
    return value
