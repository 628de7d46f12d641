"""Links to a new password in PostgreSQL.

All of them lock the account first, so that two requests of one account never wait for each other.
"""

from typing import NamedTuple

from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Send, Statement
from services.users.email_changes import rows as email_changes
from services.users.sessions import rows as sessions

ANY_NUMBER = 2**31 - 1

_LOCK = Statement(
    "SELECT id, email FROM users WHERE email = :email AND disabled_at IS NULL FOR NO KEY UPDATE"
)
_INSERT = Statement(
    f"""
    INSERT INTO password_resets (token_hash, user_id, expires_at)
    SELECT :token_hash, id, now() + make_interval(secs => :seconds) FROM users
    WHERE id = :user_id AND (
        SELECT count(*) FROM password_resets WHERE user_id = users.id AND expires_at > now()
    ) < :most
    RETURNING {instant("expires_at", fraction=False)}
    """
)
_OWNER = """
    SELECT users.id, users.email FROM password_resets JOIN users ON users.id = user_id
    WHERE token_hash = :token_hash AND expires_at > now() AND disabled_at IS NULL
"""
_FIND = Statement(_OWNER)
_LOCK_OWNER = Statement(f"{_OWNER} FOR NO KEY UPDATE OF users")
_USE = Statement("DELETE FROM password_resets WHERE token_hash = :token_hash RETURNING user_id")
_SET_PASSWORD = Statement(
    "UPDATE users SET password_hash = :password_hash, updated_at = now() WHERE id = :user_id"
)
_END_ALL = Statement("DELETE FROM password_resets WHERE user_id = :user_id")
_FORGET_OLD = Statement("DELETE FROM password_resets WHERE expires_at <= now()")


class Owner(NamedTuple):
    """An account: its id and its e-mail."""

    id: int
    email: str


def lock(fetch: Fetch, email: str) -> Owner | None:
    """Lock the account with an e-mail; None if there is none, or it is disabled."""
    return _owner(fetch(_LOCK, email=email))


def insert(
    fetch: Fetch, user_id: int, token_hash: bytes, seconds: int, most: int = ANY_NUMBER
) -> str | None:
    """Insert a link, and return until when it is good (``2025-02-16T18:30:00Z``).

    Args:
        fetch: runs the statement.
        user_id: whose; of nobody there is nothing to insert.
        token_hash: the hash of its token.
        seconds: for so long it is good.
        most: links that an account may have; if it has as many, nothing is inserted.
    """
    rows = fetch(_INSERT, user_id=user_id, token_hash=token_hash, seconds=seconds, most=most)
    return rows[0][0] if rows else None


def is_good(fetch: Fetch, token_hash: bytes) -> bool:
    """Return whether a token is good for a new password."""
    return bool(fetch(_FIND, token_hash=token_hash))


def use(fetch: Fetch, token_hash: bytes) -> Owner | None:
    """Lock the account that a token is for, and delete the token; None if it is not good."""
    owner = _owner(fetch(_LOCK_OWNER, token_hash=token_hash))
    # another request may have used it while this one waited for the lock
    return owner if owner and fetch(_USE, token_hash=token_hash) else None


def set_password(fetch: Fetch, user_id: int, password_hash: str) -> None:
    """Set a password, and end whatever was begun with another one."""
    fetch(_SET_PASSWORD, user_id=user_id, password_hash=password_hash)
    end_what_was_begun(fetch, user_id, None)


def end_what_was_begun(fetch: Fetch, user_id: int, kept: int | None) -> int:
    """End what was begun with the password of before, and return how many sessions there were.

    Whoever knew it may have asked for the links.

    Args:
        fetch: of the transaction that changes the password.
        user_id: whose account.
        kept: the session to keep; None for none.
    """
    end_all(fetch, user_id)
    email_changes.end(fetch, user_id)
    sessions.end_tokens_without_session(fetch, user_id)
    return sessions.end_others(fetch, user_id, kept)


def end_all(send: Send, user_id: int) -> None:
    """Delete all links of an account."""
    send(_END_ALL, user_id=user_id)


def forget_old(fetch: Fetch) -> None:
    """Delete links that are not good any more."""
    fetch(_FORGET_OLD)


def _owner(rows: list[tuple]) -> Owner | None:
    return Owner(*rows[0]) if rows else None
