"""Changes of e-mails in PostgreSQL.

A request for one stays for a day after its end, so that those of an account can be counted. All
statements lock the account first.
"""

from typing import NamedTuple

from services.transport.postgres.statements import Fetch, Send, Statement

_CREDENTIALS = Statement("SELECT email, password_hash FROM users WHERE id = :user_id")
_LOCK = Statement(
    """
    SELECT id FROM users WHERE id = :user_id AND password_hash = :password_hash
    FOR NO KEY UPDATE
    """
)
_OWNER_OF = Statement("SELECT id FROM users WHERE email = :email")
_COUNT = Statement(
    """
    SELECT count(*),
        coalesce(ceil(extract(epoch FROM min(requested_at) + interval '1 day' - now())), 0)::int
    FROM email_changes WHERE user_id = :user_id AND requested_at > now() - interval '1 day'
    """
)
_END = Statement(
    "UPDATE email_changes SET ended_at = now() WHERE user_id = :user_id AND ended_at IS NULL"
)
_INSERT = Statement(
    """
    INSERT INTO email_changes (token_hash, user_id, email, expires_at, ended_at)
    VALUES (:token_hash, :user_id, :email, now() + make_interval(secs => :seconds),
            CASE WHEN :has_ended THEN now() END)
    """
)
_LOCK_OWNER = Statement(
    """
    SELECT users.id, users.email, email_changes.email
    FROM email_changes JOIN users ON users.id = user_id
    WHERE token_hash = :token_hash AND expires_at > now() AND ended_at IS NULL
        AND disabled_at IS NULL
    FOR NO KEY UPDATE OF users
    """
)
_USE = Statement(
    """
    UPDATE email_changes SET ended_at = now()
    WHERE token_hash = :token_hash AND ended_at IS NULL RETURNING user_id
    """
)
# a statement that fails stands in PostgreSQL's log with its values, so this one succeeds
_SET = Statement(
    """
    UPDATE users SET email = :email, updated_at = now()
    WHERE id = :user_id AND NOT EXISTS (
        SELECT FROM users other WHERE other.email = :email AND other.id <> :user_id)
    RETURNING id
    """
)
_FORGET_OLD = Statement(
    """
    DELETE FROM email_changes
    WHERE requested_at <= now() - interval '1 day' AND expires_at <= now()
    """
)


class Confirmed(NamedTuple):
    """A change whose token has been used."""

    user_id: int
    old: str
    new: str


def credentials(fetch: Fetch, user_id: int) -> tuple[str, str] | None:
    """Return e-mail and password hash of an account."""
    rows = fetch(_CREDENTIALS, user_id=user_id)
    return rows[0] if rows else None


def lock(fetch: Fetch, user_id: int, password_hash: str) -> bool:
    """Lock an account; return whether it is there and still has the password of the request."""
    return bool(fetch(_LOCK, user_id=user_id, password_hash=password_hash))


def owner_of(fetch: Fetch, email: str) -> int | None:
    """Return whose account an e-mail belongs to."""
    rows = fetch(_OWNER_OF, email=email)
    return rows[0][0] if rows else None


def count(fetch: Fetch, user_id: int) -> tuple[int, int]:
    """Return how many changes were requested in a day, and the seconds until the first is older."""
    return fetch(_COUNT, user_id=user_id)[0]


def end(send: Send, user_id: int) -> None:
    """End the change that waits to be confirmed."""
    send(_END, user_id=user_id)


def insert(
    send: Send, user_id: int, email: str, token_hash: bytes, seconds: int, has_ended: bool
) -> None:
    """Insert a request, which ends those before it; one that has ended is counted only."""
    end(send, user_id)
    send(
        _INSERT,
        user_id=user_id,
        email=email,
        token_hash=token_hash,
        seconds=seconds,
        has_ended=has_ended,
    )


def use(fetch: Fetch, token_hash: bytes) -> Confirmed | None:
    """Lock the account that a token is for, and use the token; None if it is not good."""
    rows = fetch(_LOCK_OWNER, token_hash=token_hash)
    # another request may have used it while this one waited for the lock
    if not rows or not fetch(_USE, token_hash=token_hash):
        return None
    return Confirmed(*rows[0])


def set_email(fetch: Fetch, user_id: int, email: str) -> bool:
    """Give a locked account an e-mail, and return whether it is no other account's.

    Raises:
        IntegrityError: another account gets it at the same moment.
    """
    return bool(fetch(_SET, user_id=user_id, email=email))


def forget_old(fetch: Fetch) -> None:
    """Delete requests that are not counted any more."""
    fetch(_FORGET_OLD)
