"""Who works on an import: a process at a time, and another one if it dies."""

import time
import uuid
from typing import Any

from services.dependencies.database import Database
from services.process import cells
from services.transport.postgres.statements import Statement, Together
from services.workouts.imports.records import COLUMNS, WORKING_SQL, Import

SECONDS = 10
"""After which a process that shows no progress is taken to be dead."""

_RENEWED_AFTER = SECONDS / 5
_LONGEST_PAUSE = 60
_OUTAGE_PAUSE = 10

# Of one user's imports the one that was asked for first is worked on, and no other. Of several
# users' the one that has waited longest.
_CLAIM = Statement(
    f"""
    UPDATE imports i SET lease = :lease, leased_until = now() + interval '{SECONDS} seconds'
    WHERE i.id = (
        SELECT w.id FROM imports w
        WHERE w.status IN ({WORKING_SQL}) AND coalesce(w.leased_until, '-infinity') < now()
          AND NOT EXISTS (
            SELECT FROM imports o
            WHERE o.user_id = w.user_id AND o.id <> w.id AND o.status IN ({WORKING_SQL})
              AND ((o.queued_at, o.id) < (w.queued_at, w.id) OR o.leased_until > now()))
          AND NOT EXISTS (
            SELECT FROM bucket_states b
            WHERE b.bucket = mod(w.user_id, {cells.BUCKETS}) AND b.state <> '{cells.HERE}')
        ORDER BY w.changed_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING {COLUMNS}
    """
)
_RENEW = Statement(
    f"""
    UPDATE imports SET leased_until = now() + interval '{SECONDS} seconds'
    WHERE id = :id AND lease = :lease RETURNING id
    """
)
_HOLD = Statement(
    """
    SELECT position FROM imports
    WHERE id = :id AND lease = :lease AND status = :status FOR UPDATE
    """
)
_RELEASE = Statement(
    """
    UPDATE imports SET lease = NULL, leased_until = NULL, changed_at = clock_timestamp()
    WHERE id = :id AND lease = :lease
    """
)
_PAUSE = Statement(
    f"""
    UPDATE imports SET lease = NULL, changed_at = clock_timestamp(),
        leased_until = now() + interval '{_OUTAGE_PAUSE} seconds'
    WHERE id = :id AND lease = :lease
    """
)
_FAIL = Statement(
    f"""
    UPDATE imports SET lease = NULL, failures = failures + 1, changed_at = clock_timestamp(),
        leased_until = now() + make_interval(secs => least({_LONGEST_PAUSE}, power(2, failures)))
    WHERE id = :id AND lease = :lease RETURNING failures
    """
)


class LeaseLost(Exception):
    """Another process has taken the import over, or it is gone."""


class Lease:
    """The right to work on an import.

    Args:
        database: where it is.
        of: the import.
        token: as the import has it.
    """

    def __init__(self, database: Database, of: Import, token: str):
        self._database = database
        self.of = of
        self._names = {"id": of.id, "lease": token}
        self._renewed = time.monotonic()

    def renew(self) -> None:
        """Show that this process is alive.

        Raises:
            LeaseLost: the lease is another's.
        """
        if time.monotonic() - self._renewed < _RENEWED_AFTER:
            return
        if not self._database.fetch(_RENEW, **self._names):
            raise LeaseLost
        self._renewed = time.monotonic()

    def hold(self, transaction: Together) -> int:
        """Lock the import in a transaction that works on it, and return its position.

        Raises:
            LeaseLost: the lease is another's.
        """
        rows: list[tuple[Any, ...]] = transaction.fetch(_HOLD, **self._names, status=self.of.status)
        if not rows:
            raise LeaseLost
        position: int = rows[0][0]
        return position

    def release(self) -> None:
        """Let any process go on."""
        self._database.fetch(_RELEASE, **self._names)

    def pause(self) -> None:
        """Let any process go on after a pause, in which a service may come back."""
        self._database.fetch(_PAUSE, **self._names)

    def fail(self) -> int:
        """Let any process try again after a pause, and return how often it failed in a row."""
        rows = self._database.fetch(_FAIL, **self._names)
        return rows[0][0] if rows else 0


def claim(database: Database) -> Lease | None:
    """Return the lease of an import that there is something to do for, if there is one."""
    token = uuid.uuid4().hex
    rows = database.fetch(_CLAIM, lease=token)
    return Lease(database, Import(*rows[0]), token) if rows else None
