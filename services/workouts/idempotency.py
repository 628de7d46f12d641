"""Idempotency keys: a request that is sent again creates nothing and gets the first result.

The key, the workout and the result are written in one transaction, so there is never one without
the others.
"""

import hashlib
import json
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from schemas.errors import BusinessRuleViolation, Conflict, InvalidParameter, fault
from schemas.idempotency import HOURS_KEPT, IDEMPOTENCY_KEY, LONGEST_KEY, is_idempotency_key
from services.transport.postgres.statements import Fetch, Send, Statement

_FIND = Statement(
    f"""
    SELECT body_hash, answer FROM idempotency_keys
    WHERE user_id = :user_id AND key = :key AND created_at > now() - interval '{HOURS_KEPT} hours'
    """
)
_CLAIM = Statement("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
_STORE = Statement(
    """
    INSERT INTO idempotency_keys (user_id, key, body_hash, answer)
    VALUES (:user_id, :key, :body, :answer)
    ON CONFLICT (user_id, key) DO UPDATE SET body_hash = excluded.body_hash,
        answer = excluded.answer, created_at = excluded.created_at
    """
)
_DELETE_EXPIRED = Statement(
    f"DELETE FROM idempotency_keys WHERE created_at <= now() - interval '{HOURS_KEPT} hours'"
)


class Key(NamedTuple):
    """An idempotency key, and the hash of the body that it came with."""

    value: str
    body: bytes


def check_key(key: object) -> None:
    """Refuse a key that is not 1 to 255 visible ASCII characters.

    Raises:
        InvalidParameter: it is not.
    """
    if is_idempotency_key(key):
        return
    raise InvalidParameter.of(
        fault(
            IDEMPOTENCY_KEY,
            f"{IDEMPOTENCY_KEY} must be 1 to {LONGEST_KEY} visible ASCII characters",
            "characters",
            max_length=LONGEST_KEY,
        )
    )


def body_hash(body: object) -> bytes:
    """Return a hash of a body as a JSON value: neither key order nor number spelling matters."""
    canonical = json.dumps(_canonical(body), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).digest()


def key_of(body: object, value: str) -> Key:
    """Return a key with the hash of its body."""
    return Key(value, body_hash(body))


def find_result(fetch: Fetch, user_id: int, key: Key) -> dict[str, Any] | None:
    """Return the result of the first request with a key, or None if there was none.

    Raises:
        BusinessRuleViolation: the key was used with another body.
    """
    rows = fetch(_FIND, user_id=user_id, key=key.value)
    if not rows:
        return None
    ((first_body, result),) = rows
    if bytes(first_body) != key.body:
        raise BusinessRuleViolation("This Idempotency-Key was used with another body")
    return result


def claim(fetch: Fetch, user_id: int, key: Key) -> None:
    """Hold a key until the end of the transaction.

    An advisory lock, and not a row: the second request must be refused at once, and not wait in an
    INSERT for the first one's transaction.

    Raises:
        Conflict: another request with this key is being processed.
    """
    ((free,),) = fetch(_CLAIM, name=f"{user_id}:{key.value}")
    if not free:
        raise Conflict("A request with this Idempotency-Key is still in work")


def store_result(send: Send, user_id: int, key: Key, result: dict[str, Any]) -> None:
    """Store the result of the first request with a key."""
    document = orjson.dumps(result).decode()
    send(_STORE, user_id=user_id, key=key.value, body=key.body, answer=document)


def delete_expired(fetch: Fetch) -> None:
    """Delete keys that were stored longer than :data:`HOURS_KEPT` ago."""
    fetch(_DELETE_EXPIRED)


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        # adding zero makes -0 the 0 that it is
        return {"number": format(Decimal(str(value)).normalize() + 0, "f")}
    return value
