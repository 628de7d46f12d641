"""Exchanging a refresh token for its successor."""

from typing import Any, NamedTuple

from schemas.accounts import REFRESH_TOKEN_DAYS as DAYS
from services.transport.postgres.statements import Fetch, Statement
from services.users.sessions import rows
from services.users.sessions.refresh_tokens import hash_of, successor_of

GRACE_SECONDS = 10
"""So long a used token is answered as before: two requests of one client may have sent it, or the
answer may have been lost."""

# only the session is locked, as whoever ends one locks it first, too. The token is read by a
# statement of its own, which sees what the transaction that held the lock has committed
_LOCK = Statement(
    """
    SELECT id FROM sessions
    WHERE id = (SELECT session_id FROM refresh_tokens WHERE token_hash = :token_hash)
    FOR UPDATE
    """
)
_READ = Statement(
    f"""
    SELECT s.id, s.user_id, extract(epoch FROM t.used_at),
        t.used_at < now() - interval '{GRACE_SECONDS} seconds',
        u.disabled_at IS NOT NULL OR t.issued_at < now() - interval '{DAYS} days'
    FROM refresh_tokens t
    JOIN sessions s ON s.id = t.session_id
    JOIN users u ON u.id = s.user_id
    WHERE t.token_hash = :token_hash
    """
)
_USE = Statement(
    """
    UPDATE refresh_tokens SET used_at = now() WHERE token_hash = :token_hash
    RETURNING extract(epoch FROM used_at)
    """
)


class Exchange(NamedTuple):
    """What became of a refresh token that somebody has a session for."""

    user_id: int
    session_id: int
    used_at: float
    """When it was first exchanged, as Unix time."""
    came_again: bool = False
    """Whether that was too long ago: its session was ended, as two have it."""


def exchange(fetch: Fetch, token: str, key: str, client: dict[str, Any] | None) -> Exchange | None:
    """Exchange a refresh token for :func:`successor_of` it.

    A used one that comes again is in the hands of two, and nobody can tell whose it is: that ends
    the session. Of requests with one token at the same moment the first exchanges it, and the
    others get the same.

    Args:
        fetch: of a transaction.
        token: any text.
        key: the secret key of access tokens.
        client: ``device`` and ``address`` of now, if they are known.

    Returns:
        None if there is no such token, it has expired or the account is disabled.
    """
    token_hash = hash_of(token)
    if not fetch(_LOCK, token_hash=token_hash):
        return None
    found = fetch(_READ, token_hash=token_hash)
    if not found:
        # it had expired, and was deleted between the two statements
        return None
    [(session_id, user_id, used_at, is_late, is_over)] = found
    if is_over:
        return None
    if is_late:
        rows.end(fetch, user_id, session_id)
        return Exchange(user_id, session_id, float(used_at), came_again=True)
    if used_at is None:
        [(used_at,)] = fetch(_USE, token_hash=token_hash)
        rows.add_token(fetch, session_id, hash_of(successor_of(token, key)))
        rows.forget_oldest_tokens(fetch, session_id)
        rows.go_on(fetch, session_id, client)
    return Exchange(user_id, session_id, float(used_at))
