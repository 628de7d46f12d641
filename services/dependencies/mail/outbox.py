"""The table of a service in which mails wait until they are handed over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.process import budgets
from services.transport.postgres.statements import Fetch, Statement

FORGOTTEN_AT_ONCE = 5000
"""Rows that one statement deletes, so that it ends long before PostgreSQL cancels it."""


class Waiting(NamedTuple):
    """A mail of an outbox that this process tries.

    Attributes:
        user_id: whose account it is about.
        tries: how often it was tried, this time included.
        columns: what it is made of.
    """

    id: int
    user_id: int
    created_at: datetime
    tries: int
    columns: tuple[Any, ...]

    @property
    def known(self) -> dict[str, int]:
        """What log lines say of it: no address, and nothing of what is in it."""
        return {"mail_id": self.id, "user_id": self.user_id, "tries": self.tries}


class Outbox:
    """A table of mails; more than one process may empty it.

    Args:
        table: with ``id``, ``user_id``, ``created_at``, ``tries``, ``next_try_at`` and
            ``give_up_at``.
        columns: what mails are made of.
        once_done: what becomes of the row of ``:mail_id`` once nothing is left to do; by default it
            is deleted.
    """

    def __init__(self, table: str, columns: Sequence[str], once_done: str | None = None):
        # The row is not locked while the mail is sent: its next try is so late that no other
        # process takes it meanwhile, and early enough if this one dies.
        self._lease = Statement(
            f"""
            UPDATE {table} SET tries = tries + 1,
                next_try_at = now() + interval '{budgets.MAIL_LEASE_SECONDS} seconds'
            WHERE id = (
                SELECT id FROM {table} WHERE next_try_at <= now() AND give_up_at > now()
                ORDER BY next_try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            RETURNING id, user_id, created_at, tries, {", ".join(columns)}
            """
        )
        self._postpone = Statement(
            f"""
            UPDATE {table} SET next_try_at = now() + make_interval(secs => :seconds)
            WHERE id = :mail_id AND give_up_at > now() + make_interval(secs => :seconds)
            RETURNING id
            """
        )
        self._forget = Statement(once_done or f"DELETE FROM {table} WHERE id = :mail_id")
        self._forget_old = Statement(
            f"""
            DELETE FROM {table} WHERE id = ANY(ARRAY(
                SELECT id FROM {table} WHERE give_up_at <= now() LIMIT {FORGOTTEN_AT_ONCE}
                FOR UPDATE SKIP LOCKED))
            RETURNING id
            """
        )

    def lease(self, fetch: Fetch) -> Waiting | None:
        """Take the mail that is due for the longest time, and keep others from it for a while.

        Whoever has taken it calls :meth:`forget` or :meth:`postpone`.
        """
        rows = fetch(self._lease)
        if not rows:
            return None
        mail_id, user_id, created_at, tries, *columns = rows[0]
        return Waiting(mail_id, user_id, created_at, tries, tuple(columns))

    def postpone(self, fetch: Fetch, mail: Waiting) -> bool:
        """Have a mail tried again after a pause; return False if it is of no use by then."""
        return bool(fetch(self._postpone, mail_id=mail.id, seconds=pause(mail.tries)))

    def forget(self, fetch: Fetch, mail: Waiting) -> None:
        """Be done with a mail: it was handed over, or never will be."""
        fetch(self._forget, mail_id=mail.id)

    def forget_old(self, fetch: Fetch) -> None:
        """Delete mails that are of no use any more."""
        while len(fetch(self._forget_old)) == FORGOTTEN_AT_ONCE:
            pass


def pause(tries: int, pauses: Sequence[int] = budgets.MAIL_RETRY_SECONDS) -> int:
    """Return the seconds until the next try after so many."""
    return pauses[min(tries, len(pauses)) - 1]
