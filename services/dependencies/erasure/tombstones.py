"""Tombstones: which users a service has erased, or is erasing, and who does it.

All of it is in the table ``erased_users``. A row stays for ever: it is what refuses rows of the
user (:mod:`services.dependencies.erasure.fence`).
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from services.transport.postgres.statements import Fetch, Statement

LEASE_SECONDS = 10
"""After which a process that shows no progress is taken to be dead."""

RETRY_SECONDS = 1
SECOND_LOOK_SECONDS = 20 * 60
"""When it is looked once more: by then no event waits any more for its last retry, and no request
of the user can be under way."""

_PUT_UP = Statement(
    "INSERT INTO erased_users (user_id) VALUES (:user_id) ON CONFLICT (user_id) DO NOTHING"
)
_IS_ERASED = Statement("SELECT erased_at IS NOT NULL FROM erased_users WHERE user_id = :user_id")

# running_until is the id of a transaction that begins after the tombstone was committed
_CLAIM = Statement(
    f"""
    UPDATE erased_users SET look_at = now() + interval '{LEASE_SECONDS} seconds',
        running_until = coalesce(running_until, pg_current_xact_id())
    WHERE user_id = (
        SELECT user_id FROM erased_users WHERE look_at <= now()
        ORDER BY look_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING user_id, erased_at IS NOT NULL
    """
)
_RENEW = Statement(
    f"""
    UPDATE erased_users SET look_at = now() + interval '{LEASE_SECONDS} seconds'
    WHERE user_id = :user_id
    """
)
_IS_FENCED = Statement(
    """
    SELECT running_until <= pg_snapshot_xmin(pg_current_snapshot())
    FROM erased_users WHERE user_id = :user_id
    """
)
_LATER = Statement(
    f"""
    UPDATE erased_users SET look_at = now() + interval '{RETRY_SECONDS} seconds'
    WHERE user_id = :user_id
    """
)
_DONE = Statement(
    f"""
    UPDATE erased_users SET erased_at = coalesce(erased_at, now()),
        look_at = CASE WHEN erased_at IS NULL
            THEN now() + interval '{SECOND_LOOK_SECONDS} seconds' END
    WHERE user_id = :user_id
    """
)
_AMONG = Statement(
    "SELECT user_id FROM erased_users WHERE user_id = ANY(CAST(:user_ids AS bigint[]))"
)


class Claim(NamedTuple):
    """The right to erase a user."""

    user_id: int
    is_second_look: bool


def put_up(fetch: Fetch, user_id: int) -> bool:
    """Put up the tombstone of a user, unless it is there; return whether they are erased."""
    fetch(_PUT_UP, user_id=user_id)
    [(is_erased,)] = fetch(_IS_ERASED, user_id=user_id)
    return bool(is_erased)


def claim(fetch: Fetch) -> Claim | None:
    """Return somebody who is to be erased, and whom no other process erases."""
    rows = fetch(_CLAIM)
    return Claim(*rows[0]) if rows else None


def renew(fetch: Fetch, user_id: int) -> None:
    """Show that this process is alive."""
    fetch(_RENEW, user_id=user_id)


def is_fenced(fetch: Fetch, user_id: int) -> bool:
    """Return whether all transactions have ended that may not have seen the tombstone."""
    [(is_so,)] = fetch(_IS_FENCED, user_id=user_id)
    return bool(is_so)


def try_later(fetch: Fetch, user_id: int) -> None:
    """Let any process go on after a pause."""
    fetch(_LATER, user_id=user_id)


def note_done(fetch: Fetch, user_id: int) -> None:
    """Note that nothing is left of a user."""
    fetch(_DONE, user_id=user_id)


def among(fetch: Fetch, user_ids: Collection[Any]) -> set[int]:
    """Return those of some users who have a tombstone."""
    if not user_ids:
        return set()
    return {row[0] for row in fetch(_AMONG, user_ids=[*user_ids])}
