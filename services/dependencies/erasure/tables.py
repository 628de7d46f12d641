"""The tables of a service that hold something of users, and how their rows are deleted."""

from services.dependencies.database import Database
from services.dependencies.outbox import WAIT_FOR_OUTBOX
from services.transport.postgres.statements import Statement

AT_ONCE = 1000
"""Rows that one statement deletes: it ends long before PostgreSQL cancels it."""


class Held:
    """A table with rows of users.

    What hangs on it by a foreign key goes along (``ON DELETE CASCADE``).

    Args:
        table: its name.
        where: which rows are those of ``:user_id``.
        at_once: rows that are deleted in one statement; fewer where many hang on each.
        first: a statement that the same transaction runs before.
    """

    def __init__(
        self,
        table: str,
        where: str = "user_id = :user_id",
        at_once: int = AT_ONCE,
        first: Statement | None = None,
    ):
        self.table = table
        self._first = first
        # both conditions, as rows of different partitions may have the same ctid;
        # the number found and not the number deleted: a row may just have been updated
        self._delete = Statement(
            f"""
            WITH found AS MATERIALIZED (
                SELECT ctid FROM {table} WHERE {where} LIMIT {at_once}
            ), deleted AS (
                DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM found)) AND {where}
            )
            SELECT count(*) FROM found
            """
        )

    def delete_some(self, database: Database, user_id: int) -> bool:
        """Delete some rows of a user, and return whether there may be more."""
        with database.together() as transaction:
            if self._first is not None:
                transaction.send(self._first)
            [(found,)] = transaction.fetch(self._delete, user_id=user_id)
        return bool(found)


def outbox(table: str) -> Held:
    """Return an outbox: whoever dispatches its events has ended before they are deleted."""
    return Held(table, first=WAIT_FOR_OUTBOX)
