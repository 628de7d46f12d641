"""The database of a service, as a dependency provider."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from eventlet.hubs import trampoline
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider
from psycopg2.extensions import (
    POLL_OK,
    POLL_READ,
    POLL_WRITE,
    STATUS_SETUP,
    set_wait_callback,
)
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from schemas.errors import DatabaseError, ServiceUnavailable
from schemas.names import PUBLIC_NAMES
from services.observability import metrics
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets
from services.process.settings import SETTINGS_KEY, DatabaseAddress
from services.transport.postgres.statements import Statement, Together, run

log = get_logger(__name__)

GONE = ("08", "57P", "53", "25P03")
"""SQLSTATE beginnings: the database is away or takes nobody in, rather than a statement wrong."""

SLOW = ("57014", "55P03")
"""A statement, or its wait for a lock, took too long."""


def wait_bounded(connection: psycopg2.extensions.connection) -> None:
    """Let other greenthreads run while PostgreSQL works, and give up on a silent one.

    eventlet installs a callback of its own that waits for ever, so a paused database would hold
    its workers for good. psycopg2 closes a connection whose callback raises.
    """
    connecting = connection.status == STATUS_SETUP
    seconds = budgets.DATABASE_CONNECT_SECONDS if connecting else budgets.DATABASE_ANSWER_SECONDS
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
        address: where the database is.
        connections: how many connections the pool keeps, and the most it makes.
    """
    options = (
        f"-c statement_timeout={budgets.DATABASE_STATEMENT_SECONDS * 1000} "
        f"-c lock_timeout={budgets.DATABASE_STATEMENT_SECONDS * 1000} "
        "-c idle_in_transaction_session_timeout="
        f"{budgets.DATABASE_IDLE_TRANSACTION_SECONDS * 1000} "
        # a prepared statement is planned once, and not five times more; what is asked is short, so
        # that compiling it never pays
        "-c timezone=UTC -c plan_cache_mode=force_generic_plan -c jit=off"
    )
    engine = create_engine(
        address.url,
        pool_size=connections,
        max_overflow=0,
        # the same few connections are used again, which have prepared everything
        pool_use_lifo=True,
        pool_timeout=budgets.DATABASE_POOL_WAIT_SECONDS,
        # they would be told in errors, and so in the log
        hide_parameters=True,
        connect_args={
            "connect_timeout": budgets.DATABASE_CONNECT_SECONDS,
            "options": options,
        },
    )
    event.listen(engine, "checkin", _note_use)
    return engine


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


class _Trust:
    """Whether a connection of the pool may be used without having been tried.

    ``pool_pre_ping`` would try each one each time. One that worked a moment ago is used without
    another round trip: if it fails all the same, that one request is answered with a 503, and no
    other connection that is as old is trusted.
    """

    def __init__(self) -> None:
        self._lost_at = 0.0

    def lose(self) -> None:
        """Try every connection before it is used again."""
        self._lost_at = time.monotonic()

    def check(
        self, connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        """Take a connection out of the pool; one that does not work is made anew."""
        if connection.autocommit:
            connection.autocommit = False
        used_at = record.info.get("used_at")
        if used_at is None or used_at > self._begins_at():
            return
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            connection.rollback()
        except psycopg2.Error as problem:
            raise DisconnectionError from problem

    def _begins_at(self) -> float:
        return max(self._lost_at, time.monotonic() - budgets.DATABASE_TRUST_SECONDS)


class Database(DependencyProvider):
    """Gives workers transactions on their service's database.

    Args:
        name: the service whose database it is, as in the settings.
    """

    part = "database"
    optional = False

    def __init__(self, name: str):
        self.name = name
        self._outage = Outage("database", "every request tries it again", database=name)

    def setup(self) -> None:
        """Make the pool; it connects when it is first used."""
        set_wait_callback(wait_bounded)
        address = self.container.config[SETTINGS_KEY].databases[self.name]
        self.engine = make_engine(address, budgets.DATABASE_CONNECTIONS)
        self._trust = _Trust()
        event.listen(self.engine, "checkout", self._trust.check)
        pool = self.engine.pool
        metrics.watch_pool(pool.checkedout, pool.checkedin, budgets.DATABASE_CONNECTIONS)

    def stop(self) -> None:
        """Close the pool."""
        self.engine.dispose()

    def ping(self) -> None:
        """Raise if the database does not answer."""
        with self.transaction() as connection:
            connection.execute(text("SELECT 1"))

    def get_dependency(self, worker_ctx: WorkerContext) -> "Database":
        """Return the provider itself: transactions belong to the code that opens them."""
        return self

    def fetch(self, statement: Statement, **values: object) -> list[tuple]:
        """Run one statement in a transaction of its own, in one round trip, and return its rows.

        Args:
            statement: is prepared once a connection.
            values: its values, by their names.

        Raises:
            ServiceUnavailable, DatabaseError, IntegrityError: as for :meth:`transaction`.
        """
        with self._errors_told(), self._plain_connection() as connection:
            return run(connection, statement, values)

    @contextmanager
    def together(self) -> Iterator[Together]:
        """Give a transaction that commits at the end, and travels in as few trips as it can.

        Raises:
            ServiceUnavailable, DatabaseError, IntegrityError: as for :meth:`transaction`.
        """
        with self._errors_told(), self._plain_connection() as connection:
            transaction = Together(connection)
            try:
                yield transaction
                transaction.commit()
            except BaseException:
                transaction.roll_back()
                raise

    @contextmanager
    def _plain_connection(self) -> Iterator[PoolProxiedConnection]:
        """Give a connection on which every statement is a transaction."""
        connection = self.engine.raw_connection()
        try:
            connection.dbapi_connection.autocommit = True
            yield connection
        except BaseException:
            if connection.is_valid and connection.dbapi_connection.closed:
                connection.invalidate()
            raise
        finally:
            connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection inside a transaction that commits at the end.

        Raises:
            ServiceUnavailable: the database can't be reached or is overloaded.
            DatabaseError: it refused a statement. An IntegrityError, of SQLAlchemy or of psycopg2,
                passes through, because only the caller knows what a duplicate means.
        """
        with self._errors_told(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, psycopg2.IntegrityError):
            raise
        except PoolTimeout as problem:
            raise self._too_slow(problem) from problem
        except (DBAPIError, psycopg2.Error) as problem:
            raise self._told(problem) from problem
        except SQLAlchemyError as problem:
            raise self._failed(problem) from problem
        else:
            self._outage.end()

    def _told(self, problem: DBAPIError | psycopg2.Error) -> ServiceUnavailable | DatabaseError:
        cause = problem.orig if isinstance(problem, DBAPIError) else problem
        if _has_code(cause, SLOW):
            return self._too_slow(problem)
        if getattr(problem, "connection_invalidated", False) or _is_gone(cause):
            self._trust.lose()
            return self._gone(problem)
        return self._failed(problem)

    def _too_slow(self, problem: Exception) -> ServiceUnavailable:
        log.warning("database too slow", database=self.name, reason=_first_line(problem))
        return self._unavailable()

    def _gone(self, problem: Exception) -> ServiceUnavailable:
        self._outage.begin(_first_line(problem))
        return self._unavailable()

    def _unavailable(self) -> ServiceUnavailable:
        metrics.DATABASE_FAILURES.labels("unavailable").inc()
        return ServiceUnavailable.of(PUBLIC_NAMES[self.name], budgets.UNAVAILABLE_RETRY_AFTER)

    def _failed(self, problem: Exception) -> DatabaseError:
        metrics.DATABASE_FAILURES.labels("error").inc()
        log.error("statement failed", database=self.name, exc_info=problem)
        return DatabaseError("The database could not do that")


def _is_gone(problem: BaseException | None) -> bool:
    if getattr(problem, "pgcode", None) is None:
        return isinstance(problem, psycopg2.OperationalError | psycopg2.InterfaceError)
    return _has_code(problem, GONE)


def _has_code(problem: BaseException | None, beginnings: tuple[str, ...]) -> bool:
    return (getattr(problem, "pgcode", None) or "").startswith(beginnings)


def _first_line(problem: Exception) -> str:
    return str(problem).split("\n")[0]
