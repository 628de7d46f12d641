"""Removing sessions and tokens that nobody can use any more."""

from schemas.accounts import REFRESH_TOKEN_DAYS as DAYS
from services.transport.postgres.statements import Fetch, Statement
from services.users.sessions.known_devices import DAYS as DEVICE_DAYS

MOST_SESSIONS = 1000
"""Of a user; beyond them the sessions that were not used for longest end."""

ROWS_AT_ONCE = 5000
"""That one statement deletes, so that it ends long before PostgreSQL cancels it."""


# Rows that somebody else is deleting are left to them: each could wait for what the other holds. An
# array, as IN may become a nested loop, which asks for more rows whenever these are deleted.
def _deletion(table: str, key: str, condition: str) -> Statement:
    return Statement(
        f"""
        DELETE FROM {table} WHERE {key} = ANY(ARRAY(
            SELECT {key} FROM {table} WHERE {condition} LIMIT {ROWS_AT_ONCE}
            FOR UPDATE SKIP LOCKED))
        RETURNING {key}
        """
    )


# the tokens first: they go with their sessions, of which one could have very many
_EXPIRED = (
    _deletion("refresh_tokens", "token_hash", f"issued_at < now() - interval '{DAYS} days'"),
    _deletion("sessions", "id", "expires_at < now()"),
    _deletion("revoked_tokens", "token_id", "expires_at < now()"),
    _deletion("known_devices", "ctid", f"last_used_at < now() - interval '{DEVICE_DAYS} days'"),
)
_TOO_MANY = Statement(
    f"""
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE id IN (
            SELECT id FROM (
                SELECT id, row_number() OVER (
                    PARTITION BY user_id ORDER BY last_used_at DESC, id DESC) AS place
                FROM sessions WHERE user_id IN (
                    SELECT user_id FROM sessions GROUP BY user_id
                    HAVING count(*) > {MOST_SESSIONS})
            ) ranked
            WHERE place > {MOST_SESSIONS} LIMIT {ROWS_AT_ONCE})
        FOR UPDATE SKIP LOCKED)
    RETURNING user_id
    """
)


def delete_expired(fetch: Fetch) -> None:
    """Delete sessions, refresh tokens, revocations and known devices that have expired."""
    for statement in _EXPIRED:
        while len(fetch(statement)) == ROWS_AT_ONCE:
            pass


def end_sessions_beyond_the_limit(fetch: Fetch) -> set[int]:
    """End the sessions that users have beyond :data:`MOST_SESSIONS`.

    Returns:
        the ids of those users.
    """
    users: set[int] = set()
    while ended := fetch(_TOO_MANY):
        users.update(user_id for (user_id,) in ended)
    return users
