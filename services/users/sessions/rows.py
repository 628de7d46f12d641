"""Sessions and their refresh tokens in PostgreSQL."""

from typing import Any

from schemas.accounts import REFRESH_TOKEN_DAYS as DAYS
from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Send, Statement

MOST_TOKENS = 1000
"""Of a session, which can then be deleted in one statement, however often it was refreshed. An
older one that comes again is refused as an unknown one is, and ends nothing."""

LONGEST_DEVICE = 200
LONGEST_ADDRESS = 45

# the row of the account is locked: a log-in whose password is changed meanwhile begins no session
_BEGIN = Statement(
    f"""
    INSERT INTO sessions (user_id, device, address, expires_at)
    SELECT id, :device, :address, now() + interval '{DAYS} days'
    FROM users
    WHERE id = :user_id AND password_hash = :password_hash AND disabled_at IS NULL
    FOR SHARE
    RETURNING id
    """
)
_ADD_TOKEN = Statement(
    "INSERT INTO refresh_tokens (token_hash, session_id) VALUES (:token_hash, :session_id)"
)
_FORGET_OLDEST = Statement(
    f"""
    DELETE FROM refresh_tokens WHERE token_hash IN (
        SELECT token_hash FROM refresh_tokens WHERE session_id = :session_id
        ORDER BY issued_at DESC OFFSET {MOST_TOKENS})
    """
)
_GO_ON = Statement(
    f"""
    UPDATE sessions SET last_used_at = now(), expires_at = now() + interval '{DAYS} days',
        device = coalesce(:device, device), address = coalesce(:address, address)
    WHERE id = :session_id
    """
)
_FIELDS = ("id", "device", "address", "created_at", "last_used_at", "expires_at")
_PAGE = Statement(
    f"""
    SELECT id, device, address,
        {instant("created_at")}, {instant("last_used_at")}, {instant("expires_at")}
    FROM sessions WHERE user_id = :user_id AND expires_at > now()
    ORDER BY sessions.last_used_at DESC, id DESC
    LIMIT :limit OFFSET :skipped
    """
)
_COUNT = Statement("SELECT count(*) FROM sessions WHERE user_id = :user_id AND expires_at > now()")
_END = Statement("DELETE FROM sessions WHERE user_id = :user_id AND id = :session_id RETURNING id")
_END_OTHERS = Statement(
    """
    DELETE FROM sessions WHERE user_id = :user_id AND id IS DISTINCT FROM CAST(:kept AS BIGINT)
    RETURNING id
    """
)
_END_TOKENS = Statement("UPDATE users SET sessions_ended_at = now() WHERE id = :user_id")
# a token of nobody is good for nothing
_REVOKE = Statement(
    """
    INSERT INTO revoked_tokens (token_id, user_id, expires_at)
    SELECT :token_id, id, now() + make_interval(secs => :seconds) FROM users WHERE id = :user_id
    ON CONFLICT (token_id) DO NOTHING
    """
)


def begin(
    fetch: Fetch,
    user_id: int,
    password_hash: str,
    token_hash: bytes,
    client: dict[str, Any] | None,
) -> int | None:
    """Begin a session and return its id.

    Args:
        fetch: of a transaction.
        user_id: whose session it is.
        password_hash: of the account, as it was when the password was compared.
        token_hash: of its first refresh token.
        client: ``device`` and ``address``, if they are known.

    Returns:
        None if the account is disabled, or has another password by now.
    """
    found = fetch(_BEGIN, user_id=user_id, password_hash=password_hash, **columns_of(client))
    if not found:
        return None
    session_id: int = found[0][0]
    add_token(fetch, session_id, token_hash)
    return session_id


def add_token(send: Send, session_id: int, token_hash: bytes) -> None:
    """Add the refresh token that a session goes on with."""
    send(_ADD_TOKEN, session_id=session_id, token_hash=token_hash)


def forget_oldest_tokens(send: Send, session_id: int) -> None:
    """Delete the used tokens of a session beyond the latest :data:`MOST_TOKENS`."""
    send(_FORGET_OLDEST, session_id=session_id)


def go_on(send: Send, session_id: int, client: dict[str, Any] | None) -> None:
    """Have a session last for another 60 days.

    Args:
        send: runs a statement.
        session_id: which one.
        client: see :func:`begin`; what is not known stays as it is.
    """
    send(_GO_ON, session_id=session_id, **columns_of(client))


def list_page(fetch: Fetch, user_id: int, page: int, limit: int) -> dict[str, Any]:
    """Return a page of a user's sessions, the last used first."""
    rows = fetch(_PAGE, user_id=user_id, limit=limit, skipped=(page - 1) * limit)
    [(total,)] = fetch(_COUNT, user_id=user_id)
    return {"items": [dict(zip(_FIELDS, row, strict=True)) for row in rows], "total": total}


def end(fetch: Fetch, user_id: int, session_id: int) -> bool:
    """End a session, and return whether the user had it."""
    return bool(fetch(_END, user_id=user_id, session_id=session_id))


def end_others(fetch: Fetch, user_id: int, kept: int | None) -> int:
    """End a user's sessions but one, and return how many there were.

    Args:
        fetch: runs a statement.
        user_id: whose sessions.
        kept: the one to keep; None for none.
    """
    return len(fetch(_END_OTHERS, user_id=user_id, kept=kept))


def end_tokens_without_session(send: Send, user_id: int) -> None:
    """End the tokens of the version before, which belong to no session."""
    send(_END_TOKENS, user_id=user_id)


def revoke(send: Send, token_id: str, user_id: int, seconds: int) -> None:
    """Keep for so many seconds that a token which belongs to no session was revoked."""
    send(_REVOKE, token_id=token_id, user_id=user_id, seconds=seconds)


def columns_of(client: dict[str, Any] | None) -> dict[str, str | None]:
    """Return what is stored of a client: ``device`` and ``address``, None where it is not known."""
    known = client or {}
    return {
        "device": _shortened(known.get("device"), LONGEST_DEVICE),
        "address": _shortened(known.get("address"), LONGEST_ADDRESS),
    }


def _shortened(text: object, most: int) -> str | None:
    if not isinstance(text, str):
        return None
    # what a client says of itself may hold what the database can't store
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:most] or None
