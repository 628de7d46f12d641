"""Accounts that were deleted: a backup from before must not bring them back.

Their tombstones are kept from the database that is replaced, if that is a later state of the one in
the backup, and put up again: in another installation the same ids are other people's. And everybody
who was ever deleted is erased again in all services, since the backup of one may be from before an
erasure, and that of users from after it.
"""

from collections.abc import Iterable

from services.transport.postgres.unpooled import Connection, run
from services.users.erasure.records import expected

KEPT = "kept_erasures"

_MAKE_KEPT = f"""
    CREATE TABLE IF NOT EXISTS {KEPT} (
        installation UUID NOT NULL,
        user_id BIGINT NOT NULL,
        receipt_hash BYTEA NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (installation, user_id)
    )
"""
# not in a database of the version before, nor in an empty one
_HAS_SOME = "SELECT to_regclass('public.installation') IS NOT NULL"
_KEEP = f"""
    INSERT INTO {KEPT} SELECT i.id, user_id, receipt_hash, requested_at
    FROM erasures, installation i ON CONFLICT DO NOTHING
"""
_ARE_KEPT = f"SELECT to_regclass('public.{KEPT}') IS NOT NULL"
_PUT_UP_AGAIN = f"""
    INSERT INTO erasures (user_id, receipt_hash, requested_at)
    SELECT user_id, receipt_hash, requested_at
    FROM {KEPT} k JOIN installation i ON i.id = k.installation
    ON CONFLICT DO NOTHING
"""
_EXPECT_RECEIPTS = """
    INSERT INTO erasure_receipts (user_id, service, asked_at)
    SELECT user_id, service, requested_at FROM erasures, unnest(%s) AS given (service)
    ON CONFLICT DO NOTHING
"""
_DELETED = "(SELECT u.email FROM users u JOIN erasures e ON e.user_id = u.id)"
_DELETE_ACCOUNTS = (
    f"DELETE FROM mails WHERE recipient IN {_DELETED}",
    f"DELETE FROM email_changes WHERE email IN {_DELETED}",
    "DELETE FROM users WHERE id IN (SELECT user_id FROM erasures)",
)
# as if each had just been asked for, so the services are asked as soon as they run
_AGAIN = (
    "UPDATE erasures SET completed_at = NULL",
    """
    UPDATE erasure_receipts r SET erased_at = NULL, asked_at = e.requested_at
    FROM erasures e WHERE e.user_id = r.user_id
    """,
)


def keep(connection: Connection) -> None:
    """Keep the tombstones of a database of users that is about to be emptied."""
    run(connection, _MAKE_KEPT)
    if run(connection, _HAS_SOME) == [(True,)]:
        run(connection, _KEEP)


def put_up_again(connection: Connection, cells: Iterable[str]) -> None:
    """Delete accounts again that were deleted after the backup, and have all erased again.

    Args:
        connection: to the database of users.
        cells: all but the first.
    """
    if run(connection, _ARE_KEPT) == [(True,)]:
        run(connection, _PUT_UP_AGAIN)
        run(connection, f"DROP TABLE {KEPT}")
    run(connection, _EXPECT_RECEIPTS, expected(cells))
    for statement in (*_DELETE_ACCOUNTS, *_AGAIN):
        run(connection, statement)
