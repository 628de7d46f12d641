"""Who works on a take-out: a process at a time, and another one if it dies."""

import time
import uuid

from schemas.take_outs import UNDER_WAY
from services.dependencies.database import Database
from services.transport.postgres.statements import Statement, Together

SECONDS = 10
"""After which a process that shows no progress is taken to be dead."""

_RENEWED_AFTER = SECONDS / 5
_LONGEST_PAUSE = 30

_UNTIL = f"now() + interval '{SECONDS} seconds'"

_CLAIM = Statement(
    f"""
    UPDATE take_outs SET lease = :lease, leased_until = {_UNTIL} WHERE id = (
        SELECT id FROM take_outs
        WHERE status = '{UNDER_WAY}' AND coalesce(leased_until, '-infinity') < now()
        ORDER BY leased_until NULLS FIRST, requested_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, user_id
    """
)
_RENEW = Statement(
    f"UPDATE take_outs SET leased_until = {_UNTIL} WHERE id = :id AND lease = :lease RETURNING id"
)
_HOLD = Statement("SELECT id FROM take_outs WHERE id = :id AND lease = :lease FOR UPDATE")
# it has its turn after all others that wait
_RELEASE = Statement(
    """
    UPDATE take_outs SET lease = NULL, leased_until = clock_timestamp()
    WHERE id = :id AND lease = :lease
    """
)
_PAUSE = Statement(
    f"""
    UPDATE take_outs SET lease = NULL, failures = failures + 1,
        leased_until = now() + make_interval(secs => least({_LONGEST_PAUSE}, power(2, failures)))
    WHERE id = :id AND lease = :lease
    """
)
_NOTE_PROGRESS = Statement("UPDATE take_outs SET failures = 0 WHERE id = :id AND failures > 0")


class LeaseLost(Exception):
    """Another process has taken the take-out over, or the user is gone."""


class Lease:
    """The right to work on a take-out.

    Args:
        database: where it is.
        take_out_id: of the take-out.
        user_id: whose it is.
        token: as the take-out has it.
    """

    def __init__(self, database: Database, take_out_id: int, user_id: int, token: str):
        self.database = database
        self.id = take_out_id
        self.user_id = user_id
        self._names = {"id": take_out_id, "lease": token}
        self._renewed = time.monotonic()

    def renew(self) -> None:
        """Show that this process is alive.

        Raises:
            LeaseLost: the lease is another's.
        """
        if time.monotonic() - self._renewed < _RENEWED_AFTER:
            return
        if not self.database.fetch(_RENEW, **self._names):
            raise LeaseLost
        self._renewed = time.monotonic()

    def hold(self, transaction: Together) -> None:
        """Lock the take-out in a transaction that works on it.

        Raises:
            LeaseLost: the lease is another's.
        """
        if not transaction.fetch(_HOLD, **self._names):
            raise LeaseLost

    def note_progress(self, transaction: Together) -> None:
        """Make the next pause a short one."""
        transaction.send(_NOTE_PROGRESS, id=self.id)

    def release(self) -> None:
        """Let any process go on."""
        self.database.fetch(_RELEASE, **self._names)

    def pause(self) -> None:
        """Let any process go on after a pause, which is the longer the more there were in a row."""
        self.database.fetch(_PAUSE, **self._names)


def claim(database: Database) -> Lease | None:
    """Return the lease of a take-out that there is something to do for, if there is one."""
    token = str(uuid.uuid4())
    rows = database.fetch(_CLAIM, lease=token)
    if not rows:
        return None
    take_out_id, user_id = rows[0]
    return Lease(database, take_out_id, user_id, token)
