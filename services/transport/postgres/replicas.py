"""Reading from replicas that have all that is committed.

A read asks the primary how far its write-ahead log (WAL) is, which costs a fraction of the read
itself; reads that begin while such a question is under way share the next one. A replica that has
replayed as much shows everything that was committed before the read began, as the primary would: so
who has just written sees it, and what is cached is no older than if the primary had been asked. The
replica is asked in a statement of its own, as the next one takes its snapshot after that.

Nothing is remembered of writes, and no clock is compared. A replica that is behind, stands still or
is away costs a look now and then, and the primary answers.

A position says which WAL it is of. A server of another cluster, or one that was left behind on the
timeline of a primary that is lost, may have replayed more bytes and not what was written: it is not
used, nor one that was promoted. docs/decisions/replicas.md has the alternatives.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import psycopg2
from eventlet.event import Event
from eventlet.semaphore import Semaphore
from sqlalchemy.exc import SQLAlchemyError

from services.observability import metrics
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets
from services.process.settings import DatabaseAddress
from services.transport.postgres.engine import autocommitting, make_replica_engine
from services.transport.postgres.statements import Fetch, Pooled, Statement, run

log = get_logger(__name__)

Read = TypeVar("Read")

# What is flushed has all that was acknowledged, and nothing that a replica can't have yet; with
# asynchronous commits there is more to see. A server that takes no writes has no position.
_POSITION = Statement(
    """
    SELECT (SELECT system_identifier FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_flush_lsn()), 8),
        CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
            ELSE pg_current_wal_flush_lsn() END::text
    WHERE NOT pg_is_in_recovery()
    """
)

# The receiver of WAL knows a new timeline at once, but shows it only to roles with
# pg_read_all_stats; the control file knows it after the next restartpoint, at the latest.
_REPLAYED = Statement(
    """
    SELECT pg_is_in_recovery()
        AND (SELECT system_identifier FROM pg_control_system()) = CAST(:cluster AS bigint)
        AND CAST(:timeline AS integer) IN (
            (SELECT received_tli FROM pg_stat_wal_receiver),
            (SELECT min_recovery_end_timeline FROM pg_control_recovery())),
        pg_wal_lsn_diff(CAST(:lsn AS pg_lsn), coalesce(pg_last_wal_replay_lsn(), '0/0'))::bigint
    """
)


class Position(NamedTuple):
    """How far the WAL of a primary is."""

    cluster: int
    timeline: int
    lsn: str


class _Positions:
    """Asks for positions of the primary, one question at a time.

    Whoever comes while one is under way shares the next one: the answer to this one may be of
    before they came.
    """

    def __init__(self) -> None:
        self._is_asking = Semaphore()
        self._next: Event | None = None

    def ask(self, fetch: Fetch) -> Position | None:
        """Return the position of the primary, or None if the server takes no writes.

        None is returned, too, to those who share a question that failed; who asked it gets the
        error.

        Args:
            fetch: runs a statement on the primary.
        """
        if self._next is not None:
            return self._next.wait()  # type: ignore[no-any-return]
        shared = self._next = Event()
        position = None
        try:
            with self._is_asking:
                self._next = None
                position = _position(fetch)
        finally:
            if self._next is shared:
                self._next = None
            shared.send(position)
        return position


class _Behind(Exception):
    """A replica has not replayed everything yet."""


class _Failed(Exception):
    """A replica could not be read from."""


class _NotFollowing(Exception):
    """A server is no replica of the primary, or not any more."""


class Replicas:
    """The replicas of a database.

    Args:
        addresses: where they are; there may be none.
    """

    def __init__(self, addresses: Sequence[DatabaseAddress]):
        self._replicas = [_Replica(address) for address in addresses]
        self._positions = _Positions()

    def read(self, fetch: Fetch, read: Callable[[Fetch], Read]) -> Read:
        """Return what a function reads, from a replica or else from the primary.

        Args:
            fetch: runs a statement on the primary.
            read: reads, by the ``fetch`` that it is given; its own exceptions pass through.
        """
        if not self._replicas:
            return read(fetch)
        usable = [replica for replica in self._replicas if replica.is_usable()]
        position = self._positions.ask(fetch) if usable else None
        if position is not None:
            for replica in usable:
                try:
                    found = replica.read(position, read)
                except _Behind:
                    continue
                except _Failed:
                    # the request may have waited for it
                    break
                self._take_turns()
                metrics.READ_FROM_REPLICA.inc()
                return found
        metrics.READ_FROM_PRIMARY.inc()
        return read(fetch)

    def stop(self) -> None:
        """Close all connections."""
        for replica in self._replicas:
            replica.stop()

    def _take_turns(self) -> None:
        self._replicas.append(self._replicas.pop(0))


class _Replica:
    """One replica, which is left alone for a while when it failed, or was behind.

    Args:
        address: where it is.
    """

    def __init__(self, address: DatabaseAddress):
        ((host, port),) = address.places
        self._place = f"{host}:{port}"
        self._engine = make_replica_engine(address, budgets.DATABASE_CONNECTIONS)
        self._outage = Outage(
            "replica", "the primary answers", database=address.name, replica=self._place
        )
        self._left_alone_until = 0.0
        self._times_behind = 0
        metrics.REPLICA_USED.labels(self._place).set(1)

    def is_usable(self) -> bool:
        """Return whether it may be tried, which after a failure one caller at a time does."""
        if time.monotonic() < self._left_alone_until:
            return False
        if self._outage.since is not None:
            self._leave_alone(budgets.REPLICA_PAUSE_SECONDS)
        return True

    def read(self, position: Position, read: Callable[[Fetch], Read]) -> Read:
        """Return what a function reads here.

        Raises:
            _Behind: this replica has not replayed the WAL up to the position yet.
            _Failed: it is away or too slow, had to cancel a statement, or does not follow.
        """
        try:
            with autocommitting(self._engine) as connection:
                self._check(connection, position)
                return read(partial(_fetch, connection))
        except (psycopg2.Error, SQLAlchemyError, _NotFollowing) as problem:
            self._fail(problem)
            raise _Failed from problem

    def stop(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def _check(self, connection: Pooled, position: Position) -> None:
        [(follows, behind)] = run(connection, _REPLAYED, position._asdict())
        if not follows:
            raise _NotFollowing("it does not follow the primary")
        metrics.REPLICA_BEHIND.labels(self._place).set(max(behind, 0))
        self._end_outage()
        if behind > 0:
            self._note_behind()
            raise _Behind
        self._times_behind = 0

    def _note_behind(self) -> None:
        first, longest = budgets.REPLICA_BEHIND_SECONDS
        self._leave_alone(min(first * 2**self._times_behind, longest))
        self._times_behind = min(self._times_behind + 1, 10)

    def _fail(self, problem: Exception) -> None:
        self._leave_alone(budgets.REPLICA_PAUSE_SECONDS)
        # what follows the first line may hold values of the statement
        self._outage.begin(str(problem).split("\n")[0])
        metrics.REPLICA_USED.labels(self._place).set(0)
        # the other connections are most likely broken, too
        self._engine.dispose()

    def _end_outage(self) -> None:
        if self._outage.since is not None:
            self._left_alone_until = 0.0
            self._outage.end()
            metrics.REPLICA_USED.labels(self._place).set(1)

    def _leave_alone(self, seconds: float) -> None:
        self._left_alone_until = time.monotonic() + seconds


def _position(fetch: Fetch) -> Position | None:
    rows = fetch(_POSITION)
    if not rows:
        return None
    [(cluster, timeline, lsn)] = rows
    return Position(cluster, int(timeline, 16), lsn)


def _fetch(connection: Pooled, statement: Statement, **values: Any) -> list[tuple[Any, ...]]:
    return run(connection, statement, values)
