"""Accounts that were deleted, and the receipts of the services, in PostgreSQL.

The row of ``erasures`` is the tombstone: ids are never given twice, and all other tables refer to
``users``, so nothing can be inserted for the account any more.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from services.process import cells
from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Send, Statement

SERVICES = ("exercises", "workouts", "analytics", "notifications")
"""Those that hold something of users, besides the users service itself."""

UNDER_WAY, COMPLETE = "under_way", "complete"

FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 300

_LOCK_ACCOUNT = Statement(
    "SELECT role, password_hash, disabled_at IS NULL FROM users WHERE id = :user_id FOR UPDATE"
)
_ACCOUNT = Statement(
    "SELECT role, password_hash, disabled_at IS NULL FROM users WHERE id = :user_id"
)
_NOTE = Statement(
    """
    INSERT INTO erasures (user_id, receipt_hash, requested_at)
    VALUES (:user_id, :receipt_hash, clock_timestamp())
    """
)
# that of notifications is there: a trigger expects it for the version before, too
_EXPECT_RECEIPTS = Statement(
    """
    INSERT INTO erasure_receipts (user_id, service, asked_at)
    SELECT :user_id, service, clock_timestamp()
    FROM unnest(CAST(:services AS text[])) AS given (service)
    ON CONFLICT (user_id, service) DO NOTHING
    """
)
_EMAIL = "(SELECT email FROM users WHERE id = :user_id)"
# also those of other accounts, which have asked for the address before it was registered
_DELETE_MAILS = Statement(f"DELETE FROM mails WHERE recipient = {_EMAIL}")
_DELETE_EMAIL_CHANGES = Statement(f"DELETE FROM email_changes WHERE email = {_EMAIL}")
_DELETE_ACCOUNT = Statement("DELETE FROM users WHERE id = :user_id")

# each pause is as long as the time that has passed up to the last question
_CLAIM_UNANSWERED = Statement(
    f"""
    UPDATE erasure_receipts r SET asked_at = clock_timestamp()
    FROM erasures e
    WHERE e.user_id = r.user_id AND r.erased_at IS NULL
      AND r.service = ANY(CAST(:services AS text[]))
      AND r.asked_at <= now() - least(interval '{LONGEST_PAUSE_SECONDS} seconds', greatest(
        interval '{FIRST_PAUSE_SECONDS} seconds', r.asked_at - e.requested_at))
    RETURNING r.user_id
    """
)
_NOTE_RECEIPT = Statement(
    """
    UPDATE erasure_receipts SET erased_at = now()
    WHERE user_id = :user_id AND service = :service AND erased_at IS NULL
    """
)
_IS_MISSING = """
    EXISTS (
        SELECT FROM erasure_receipts r WHERE r.user_id = e.user_id AND r.erased_at IS NULL
          AND r.service = ANY(CAST(:services AS text[])))
"""
_COMPLETE = Statement(
    f"""
    UPDATE erasures e SET completed_at = now()
    WHERE user_id = :user_id AND completed_at IS NULL AND NOT {_IS_MISSING}
    RETURNING user_id
    """
)
# of a cell that is there no more none comes, with which the erasure would be complete
_COMPLETE_WITHOUT = Statement(
    f"""
    UPDATE erasures e SET completed_at = now()
    WHERE completed_at IS NULL AND NOT {_IS_MISSING} AND user_id = ANY(ARRAY(
        SELECT user_id FROM erasure_receipts
        WHERE erased_at IS NULL AND service <> ALL(CAST(:services AS text[]))))
    RETURNING user_id
    """
)
# a service has erased the user when each of its cells has; no service has a _ in its name
_SHOWN = f"""
    SELECT json_build_object(
        'status', CASE WHEN e.completed_at IS NULL THEN '{UNDER_WAY}' ELSE '{COMPLETE}' END,
        'requested_at', {instant("e.requested_at")}, 'completed_at', {instant("e.completed_at")},
        'services', (
            SELECT json_agg(json_build_object('service', s.service,
                'erased_at', {instant("s.erased_at")}) ORDER BY s.service)
            FROM (
                SELECT split_part(r.service, '_', 1) AS service,
                    CASE WHEN every(r.erased_at IS NOT NULL) THEN max(r.erased_at) END AS erased_at
                FROM erasure_receipts r
                WHERE r.user_id = e.user_id AND (r.erased_at IS NOT NULL
                    OR r.service = ANY(CAST(:services AS text[])))
                GROUP BY 1) s))
    FROM erasures e
"""
_FIND = Statement(f"{_SHOWN} WHERE e.receipt_hash = :receipt_hash")


def expected(others: Iterable[str]) -> list[str]:
    """Return whose receipts are expected: those of a service that each cell has are one by cell.

    Args:
        others: all cells but the first.
    """
    all_cells = (cells.FIRST, *others)
    return [
        cells.address(service, cell)
        for service in SERVICES
        for cell in (all_cells if service in cells.SERVICES else (cells.FIRST,))
    ]


def account(fetch: Fetch, user_id: int, lock: bool = False) -> tuple[str, str, bool] | None:
    """Return role and password hash of an account, and whether it is enabled, or None."""
    rows = fetch(_LOCK_ACCOUNT if lock else _ACCOUNT, user_id=user_id)
    return tuple(rows[0]) if rows else None


def delete_account(send: Send, user_id: int, services: Sequence[str]) -> str:
    """Put up the tombstone of an account, delete it, and return the receipt.

    Args:
        send: runs a statement of a transaction.
        user_id: the account.
        services: whose receipts are :func:`expected`.
    """
    receipt = secrets.token_urlsafe(32)
    send(_NOTE, user_id=user_id, receipt_hash=_hash_of(receipt))
    send(_EXPECT_RECEIPTS, user_id=user_id, services=services)
    send(_DELETE_MAILS, user_id=user_id)
    send(_DELETE_EMAIL_CHANGES, user_id=user_id)
    send(_DELETE_ACCOUNT, user_id=user_id)
    return receipt


def find(fetch: Fetch, receipt: str, services: Sequence[str]) -> dict[str, Any] | None:
    """Return how far the erasure is that a receipt was given for, or None.

    Args:
        fetch: runs a statement.
        receipt: as from :func:`delete_account`.
        services: whose receipts are :func:`expected` now.
    """
    rows = fetch(_FIND, receipt_hash=_hash_of(receipt), services=services)
    return rows[0][0] if rows else None


def claim_unanswered(fetch: Fetch, services: Sequence[str]) -> list[int]:
    """Return the users for whom services are to be asked again, and note that they are asked.

    Args:
        fetch: runs a statement.
        services: whose receipts are :func:`expected` now; nobody else is asked.
    """
    return sorted({row[0] for row in fetch(_CLAIM_UNANSWERED, services=services)})


def complete_without_others(fetch: Fetch, services: Sequence[str]) -> list[int]:
    """Complete the erasures that lack but receipts of others, and return the users.

    Args:
        fetch: runs a statement.
        services: whose receipts are :func:`expected` now.
    """
    return sorted(user_id for (user_id,) in fetch(_COMPLETE_WITHOUT, services=services))


def note_receipt(fetch: Fetch, user_id: int, service: str, services: Sequence[str]) -> bool:
    """Note that a service has erased a user, and return whether it was the last one.

    Args:
        fetch: runs a statement.
        user_id: the user.
        service: one of those whose receipts are :func:`expected`.
        services: all of them.
    """
    fetch(_NOTE_RECEIPT, user_id=user_id, service=service)
    return bool(fetch(_COMPLETE, user_id=user_id, services=services))


def _hash_of(receipt: str) -> bytes:
    return hashlib.sha256(receipt.encode("utf-8", "surrogatepass")).digest()
