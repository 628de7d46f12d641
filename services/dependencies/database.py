"""The database of a service, as a dependency provider."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg2
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider
from psycopg2.extensions import set_wait_callback
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from schemas.errors import BeingMoved, DatabaseError, ServiceUnavailable, Unauthorized
from schemas.names import PUBLIC_NAMES
from services.dependencies.cells.states import BEING_MOVED, ELSEWHERE
from services.observability import metrics
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets
from services.process.settings import SETTINGS_KEY
from services.transport.postgres.engine import (
    Trust,
    autocommitting,
    make_engine,
    make_poolless_engine,
    wait_bounded,
)
from services.transport.postgres.replicas import Replicas
from services.transport.postgres.statements import Fetch, Statement, Together, run

log = get_logger(__name__)

Read = TypeVar("Read")

_GONE = ("08", "57P", "53", "25P03", "25006")
"""Prefixes of SQLSTATEs of an unavailable server: connection lost, shutting down, out of resources,
idle for too long in a transaction, takes no writes (any more)."""

_SLOW = ("57014", "55P03")
"""SQLSTATEs of a statement, or a wait for a lock, that took too long."""

ERASED = "GYM01"
"""The SQLSTATE of our own that refuses rows of a user who was erased."""

_PING = Statement("SELECT 1")


class Database(DependencyProvider):
    """A service's database: runs statements, each in a transaction or several in one.

    - :meth:`fetch` runs one prepared statement, which commits by itself, in one round trip. It is
      what a request uses.
    - :meth:`together` is one transaction of several statements, in as few round trips as there are
      results. Both run a :class:`Statement`, so functions that read and write take ``fetch`` and
      work in either.
    - :meth:`reading` runs a function that only reads, on a replica if the database has one that
      has all that is committed.
    - :meth:`transaction` gives SQLAlchemy's connection. It takes three times the CPU and a round
      trip each for BEGIN, statement and COMMIT, and is for what runs seldom and needs more of
      it, such as row counts or rows by name: the seed, the import from wger, the follower of the
      change feed.

    All raise the same errors (:meth:`transaction`).

    Args:
        name: the service whose database it is, as in the settings.
    """

    part = "database"
    optional = False

    def __init__(self, name: str):
        self.name = name
        self._outage = Outage("database", "every request tries it again", database=name)
        self._replicas = Replicas(())

    def setup(self) -> None:
        """Make the pool; it connects when it is first used."""
        # psycopg2 has one callback for the whole process; eventlet.monkey_patch() has set its own,
        # which waits without a limit
        set_wait_callback(wait_bounded)
        address = self.container.config[SETTINGS_KEY].databases[self.name]
        self.engine = make_engine(address, budgets.DATABASE_CONNECTIONS)
        self._sessions = make_poolless_engine(address)
        self._replicas = Replicas(address.replicas)
        self._trust = Trust(several=len(address.places) > 1)
        event.listen(self.engine, "checkout", self._trust.check)
        # Any: SQLAlchemy has these two on QueuePool, which it makes here, and not on Pool
        pool: Any = self.engine.pool
        metrics.watch_pool(pool.checkedout, pool.checkedin, budgets.DATABASE_CONNECTIONS)

    def stop(self) -> None:
        """Close the pools."""
        self.engine.dispose()
        self._replicas.stop()

    def ping(self) -> None:
        """Raise if the database does not respond."""
        self.fetch(_PING)

    def get_dependency(self, worker_ctx: WorkerContext) -> "Database":
        """Return the provider itself: transactions belong to the code that opens them."""
        return self

    def fetch(self, statement: Statement, **values: object) -> list[tuple]:
        """Run one statement in a transaction of its own, in one round trip, and return its rows.

        Args:
            statement: which one.
            values: its values, by their names.
        """
        with self._translated_errors(), autocommitting(self.engine) as connection:
            return run(connection, statement, values)

    def reading(self, read: Callable[[Fetch], Read]) -> Read:
        """Return what a function reads, which sees at least all that was committed before the call.

        Args:
            read: takes a ``fetch``, by which it runs statements that change and lock nothing; it
                is called again with another one if a replica fails.
        """
        return self._replicas.read(self.fetch, read)

    @contextmanager
    def together(self) -> Iterator[Together]:
        """Give a transaction that commits at the end; an exception in the block rolls it back."""
        with self._translated_errors(), autocommitting(self.engine) as connection:
            transaction = Together(connection)
            try:
                yield transaction
                transaction.commit()
            except BaseException:
                transaction.roll_back()
                raise

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give SQLAlchemy's connection inside a transaction that commits at the end.

        Raises:
            ServiceUnavailable: the database can't be reached, or is overloaded.
            Unauthorized: it was to insert rows of a user who was erased.
            DatabaseError: it refused a statement. An IntegrityError, of SQLAlchemy or of psycopg2,
                passes through, because only the caller knows what a duplicate means.
        """
        with self._translated_errors(), self.engine.begin() as connection:
            yield connection

    def connect_apart(self) -> Connection:
        """Return SQLAlchemy's connection that is a session of its own, for locks that it holds.

        It belongs to no pool, nor to a pooler; closing it ends the session.

        Raises:
            SQLAlchemyError: the database can't be reached.
        """
        return self._sessions.connect()

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, psycopg2.IntegrityError):
            raise
        except PoolTimeout as problem:
            raise self._too_slow(problem) from problem
        except (DBAPIError, psycopg2.Error) as problem:
            raise self._translated(problem) from problem
        except SQLAlchemyError as problem:
            raise self._failed(problem) from problem
        else:
            self._outage.end()

    def _translated(
        self, problem: DBAPIError | psycopg2.Error
    ) -> ServiceUnavailable | Unauthorized | DatabaseError:
        cause = problem.orig if isinstance(problem, DBAPIError) else problem
        if _has_code(cause, (ERASED,)):
            return Unauthorized("The account was deleted")
        if _has_code(cause, (BEING_MOVED, ELSEWHERE)):
            return BeingMoved.of(PUBLIC_NAMES[self.name])
        if _has_code(cause, _SLOW):
            return self._too_slow(problem)
        if getattr(problem, "connection_invalidated", False) or _is_gone(cause):
            # the other connections of the pool are most likely broken, too
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


def took_too_long(problem: Exception) -> bool:
    """Return whether an error of :class:`Database` is of a statement that PostgreSQL cancelled.

    For a request that is an outage as any other; but tried again, it may take as long again.
    """
    cause = problem.__cause__
    return _has_code(cause.orig if isinstance(cause, DBAPIError) else cause, _SLOW)


def _is_gone(problem: BaseException | None) -> bool:
    # psycopg2 itself noticed that the connection broke: then there is no SQLSTATE
    if getattr(problem, "pgcode", None) is None:
        return isinstance(problem, psycopg2.OperationalError | psycopg2.InterfaceError)
    return _has_code(problem, _GONE)


def _has_code(problem: BaseException | None, beginnings: tuple[str, ...]) -> bool:
    return (getattr(problem, "pgcode", None) or "").startswith(beginnings)


def _first_line(problem: Exception) -> str:
    # what follows may hold values of the statement
    return str(problem).split("\n")[0]
