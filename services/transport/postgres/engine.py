"""The engine of a database: a pool of connections whose every wait is bounded."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from eventlet.hubs import trampoline
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE, STATUS_SETUP
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolProxiedConnection

from services.process import budgets
from services.process.settings import DatabaseAddress
from services.transport.postgres.connecting import connect
from services.transport.postgres.sessions import SETTINGS, as_options
from services.transport.postgres.statements import SHARED_KEY, Pooled

_OF_REPLICA = SETTINGS | {
    "statement_timeout": str(budgets.REPLICA_SECONDS * 1000),
    # one that was promoted by mistake would take writes
    "default_transaction_read_only": "on",
}


class _ReplicaConnection(psycopg2.extensions.connection):  # type: ignore[misc]
    """A connection that is waited for no longer than the primary then has time to answer."""

    patience = budgets.REPLICA_SECONDS


def wait_bounded(connection: psycopg2.extensions.connection) -> None:
    """Wait for PostgreSQL in the event loop, and no longer than the budgets allow.

    It is psycopg2's wait callback. The one that ``eventlet.monkey_patch()`` installs waits without
    a limit, so a frozen server would hold its workers for good (tests/faults/test_databases.py).
    psycopg2 closes a connection whose callback raises.
    """
    if isinstance(connection, _ReplicaConnection):
        seconds: float = connection.patience
    elif connection.status == STATUS_SETUP:
        seconds = budgets.DATABASE_CONNECT_SECONDS
    else:
        seconds = budgets.DATABASE_ANSWER_SECONDS
    silent = psycopg2.OperationalError(f"no answer for {seconds} seconds")
    while (state := connection.poll()) != POLL_OK:
        trampoline(
            connection.fileno(),
            read=state == POLL_READ,
            write=state == POLL_WRITE,
            timeout=seconds,
            timeout_exc=silent,
        )


def make_engine(address: DatabaseAddress, connections: int) -> Engine:
    """Make an engine whose every wait is bounded.

    Args:
        address: where the database is; its pooler is used if it has one.
        connections: how many connections the pool keeps, and the most it makes.
    """
    engine = _make_pooled(lambda: _connect(address), connections)
    event.listen(engine, "checkin", _note_use)
    if address.pooler:
        event.listen(engine, "connect", _note_that_it_is_shared)
    return engine


def make_replica_engine(address: DatabaseAddress, connections: int) -> Engine:
    """Make an engine of a replica, which is waited for ``REPLICA_SECONDS`` and takes no writes.

    Args:
        address: where the replica is.
        connections: how many connections the pool keeps, and the most it makes.
    """
    options = {"options": as_options(_OF_REPLICA), "connection_factory": _ReplicaConnection}
    return _make_pooled(lambda: connect(address, **options), connections)


def make_poolless_engine(address: DatabaseAddress) -> Engine:
    """Make an engine whose connections are sessions of the server, each closed after its use.

    Args:
        address: where the database is; its pooler is not used.
    """
    return create_engine(
        "postgresql+psycopg2://",
        creator=lambda: connect(address, options=as_options(SETTINGS)),
        poolclass=NullPool,
        hide_parameters=True,
    )


@contextmanager
def autocommitting(engine: Engine) -> Iterator[Pooled]:
    """Give a connection of a pool on which every statement is a transaction.

    Without autocommit psycopg2 sends a BEGIN before the first statement, a round trip of its own.
    SQLAlchemy does not expect it: the pool's :class:`Trust` switches it off again.
    """
    connection: Pooled = engine.raw_connection()
    try:
        connection.dbapi_connection.autocommit = True
        yield connection
    except BaseException:
        # SQLAlchemy invalidates closed connections only where it runs the statement itself; back
        # in the pool, the next request would fail with this one
        if connection.is_valid and connection.dbapi_connection.closed:
            connection.invalidate()
        raise
    finally:
        connection.close()


def _make_pooled(connect: Callable[[], Any], connections: int) -> Engine:
    return create_engine(
        "postgresql+psycopg2://",
        creator=connect,
        pool_size=connections,
        max_overflow=0,
        # first the connection that was used last: it has most statements prepared, and is trusted
        pool_use_lifo=True,
        pool_timeout=budgets.DATABASE_POOL_WAIT_SECONDS,
        # SQLAlchemy would write them into its exceptions, and so into the log
        hide_parameters=True,
    )


def _connect(address: DatabaseAddress) -> Any:
    # poolers refuse options, or forget them (services/transport/postgres/sessions.py)
    pooler = address.pooler
    return connect(pooler) if pooler else connect(address, options=as_options(SETTINGS))


def _note_that_it_is_shared(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[SHARED_KEY] = True


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


class Trust:
    """Whether a connection of the pool may be used without having been tried.

    SQLAlchemy's ``pool_pre_ping`` would try each one each time, a round trip more for each
    statement. One that was used within ``DATABASE_TRUST_SECONDS`` is taken as it is: if it is
    broken all the same, that one request is answered with a 503, and no connection that was used
    before that is trusted any more.

    A server that takes no writes any more, as it was demoted, closes its connections if it is
    PostgreSQL that restarts; where that is done in another way, or by a proxy, they stay open.

    Args:
        several: whether the database has several hosts; a connection to one that takes no writes
            is then as good as broken.
    """

    def __init__(self, several: bool = False) -> None:
        self._lost_at = 0.0
        self._several = several

    def lose(self) -> None:
        """Have every connection tried before it is used again."""
        self._lost_at = time.monotonic()

    def check(
        self, connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        """Try a connection that leaves the pool, unless it is trusted.

        Raises:
            DisconnectionError: it is broken, or another host takes the writes; SQLAlchemy then
                connects again.
        """
        # Database.fetch has left it on; SQLAlchemy's own transactions rely on psycopg2's BEGIN
        if connection.autocommit:
            connection.autocommit = False
        used_at = record.info.get("used_at")
        if used_at is None or used_at > self._begins_at():
            return
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW transaction_read_only")
                [(read_only,)] = cursor.fetchall()
            connection.rollback()
        except psycopg2.Error as problem:
            raise DisconnectionError from problem
        if self._several and read_only == "on":
            raise DisconnectionError("it takes no writes")

    def _begins_at(self) -> float:
        return max(self._lost_at, time.monotonic() - budgets.DATABASE_TRUST_SECONDS)
