"""Personal access tokens in PostgreSQL, which has the SHA-256 of each."""

from datetime import datetime
from typing import Any

from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Statement

_FIELDS = ("id", "name", "scopes", "created_at", "expires_at", "last_used_at")
_COLUMNS = f"""
    id, name, scopes,
    {instant("created_at")}, {instant("expires_at")}, {instant("last_used_at")}
"""
# of two requests at once the second counts the token of the first
_LOCK = Statement("SELECT id FROM users WHERE id = :user_id FOR NO KEY UPDATE")
_FORGET_EXPIRED = Statement(
    "DELETE FROM personal_tokens WHERE user_id = :user_id AND expires_at <= now() RETURNING id"
)
_COUNT = Statement("SELECT count(*) FROM personal_tokens WHERE user_id = :user_id")
_INSERT = Statement(
    f"""
    INSERT INTO personal_tokens (user_id, name, token_hash, scopes, expires_at)
    VALUES (:user_id, :name, :token_hash, :scopes, :expires_at)
    RETURNING {_COLUMNS}
    """
)
_LIST = Statement(
    f"SELECT {_COLUMNS} FROM personal_tokens WHERE user_id = :user_id ORDER BY personal_tokens.id"
)
_DELETE = Statement(
    "DELETE FROM personal_tokens WHERE user_id = :user_id AND id = :token_id RETURNING id"
)


def count_for_another(fetch: Fetch, user_id: int) -> int | None:
    """Return how many tokens a user has, after deleting what has expired.

    No other is added before the end of the transaction.

    Args:
        fetch: of a transaction.
        user_id: the user.

    Returns:
        None if there is no such user.
    """
    if not fetch(_LOCK, user_id=user_id):
        return None
    fetch(_FORGET_EXPIRED, user_id=user_id)
    [(count,)] = fetch(_COUNT, user_id=user_id)
    return int(count)


def insert(
    fetch: Fetch,
    user_id: int,
    name: str,
    token_hash: bytes,
    scopes: list[str],
    expires_at: datetime | None,
) -> dict[str, Any]:
    """Insert a token, and return what is shown of it."""
    [row] = fetch(
        _INSERT,
        user_id=user_id,
        name=name,
        token_hash=token_hash,
        scopes=scopes,
        expires_at=expires_at,
    )
    return _shown(row)


def list_all(fetch: Fetch, user_id: int) -> list[dict[str, Any]]:
    """Return a user's tokens in the order in which they were made."""
    return [_shown(row) for row in fetch(_LIST, user_id=user_id)]


def delete(fetch: Fetch, user_id: int, token_id: int) -> bool:
    """Delete a token, and return whether the user had it."""
    return bool(fetch(_DELETE, user_id=user_id, token_id=token_id))


def _shown(row: tuple) -> dict[str, Any]:
    return dict(zip(_FIELDS, row, strict=True))
