"""Migrates the databases of services: ``python -m services.migrate workouts analytics``.

The migrations of a service are in ``services/<name>/migrations/versions``. Several instances of a
service may start at once: an advisory lock lets one migrate, while the others wait.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from schemas.names import PUBLIC_NAMES
from services import revisions
from services.observability import logging
from services.observability.logging import get_logger
from services.process.retrying import with_last_repeated
from services.process.settings import BadSettings, CannotStart, DatabaseAddress, Settings
from services.restoring import marks
from services.transport.postgres.connecting import connect
from services.transport.postgres.sessions import UNBOUNDED, as_options, make_default

NAMES = ("users", "exercises", "workouts", "analytics", "notifications")
LATEST = "head"

LOCK = 7_306_000
"""Key of the advisory lock; advisory locks are local to a database."""

LOCK_SECONDS = 0.1
"""Between two tries to take the lock."""

RETRY_SECONDS = (0.2, 0.5, 1, 2, 5)
"""Pauses between tries to reach the database; the last one repeats."""


def migrate(name: str, address: DatabaseAddress, is_restored: bool = False) -> None:
    """Upgrade a database to the latest revision; wait until it is reachable.

    A database that a newer version has migrated is left unchanged.

    Args:
        name: the service.
        address: of the service's database.
        is_restored: whether it is the restore itself that migrates.

    Raises:
        CannotStart: the database is being restored.
    """

    def upgrade(connection: Connection) -> None:
        if not is_restored and connection.scalar(text(marks.IS_MARKED)):
            raise CannotStart(
                f"{address.name} is being restored; if nobody is at it, run the restore again"
            )
        # ends the transaction of this read; otherwise all migrations would run within it
        connection.rollback()
        config = _config(name, connection)
        if newer := _unknown_revisions(config, connection):
            # a process of the version before, restarted during an upgrade, must start all the same
            _log().warning("the database is of a newer version", revisions=newer)
        else:
            command.upgrade(config, LATEST)
        if address.pooler:
            make_default(connection.connection)
            connection.commit()

    _when_reachable(address, upgrade)


def downgrade(name: str, address: DatabaseAddress, revision: str) -> None:
    """Downgrade a database.

    Args:
        name: the service.
        address: of the service's database.
        revision: the last migration to keep; ``base`` keeps none.
    """
    _when_reachable(
        address, lambda connection: command.downgrade(_config(name, connection), revision)
    )


def _log() -> Any:
    # not once for all: a logger keeps the name of the service whose configuration it saw first
    return get_logger(__name__)


def _config(name: str, connection: Connection) -> Config:
    config = Config()
    for option, value in {
        "script_location": str(revisions.SERVICES / "migrations_environment"),
        "version_locations": str(revisions.directory(name)),
        # the default separator splits at spaces, which a path may contain
        "path_separator": "newline",
    }.items():
        config.set_main_option(option, value.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _unknown_revisions(config: Config, connection: Connection) -> list[str]:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    heads = MigrationContext.configure(connection).get_current_heads()
    # ends the transaction of this read; otherwise all migrations would run within it
    connection.rollback()
    return [revision for revision in heads if revision not in known]


def _when_reachable(address: DatabaseAddress, change: Callable[[Connection], None]) -> None:
    """Make a change under the lock; retry it if the connection is refused or breaks."""
    engine = create_engine(
        "postgresql+psycopg2://",
        creator=lambda: connect(address, options=as_options(UNBOUNDED)),
        poolclass=NullPool,
    )
    place = f"{address.host}:{address.port}/{address.name}"
    began, told = time.monotonic(), None
    for pause in with_last_repeated(RETRY_SECONDS):
        try:
            with _locked(engine) as connection:
                change(connection)
        except DBAPIError as problem:
            if not _is_unreachable(problem):
                raise
            reason = _first_line(problem)
            if reason != told:
                _log().warning("waiting for the database", database=place, reason=reason)
                told = reason
            time.sleep(pause)
        else:
            waited = round(time.monotonic() - began, 1)
            _log().info("database migrated", database=place, seconds=waited)
            return


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that holds the lock; PostgreSQL releases it with the session."""
    with engine.connect() as connection:
        # not pg_advisory_lock: CREATE INDEX CONCURRENTLY waits for every statement that has begun,
        # so a process that waits inside of one and the one that migrates would wait for each other
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}):
            connection.rollback()
            time.sleep(LOCK_SECONDS)
        # Alembic begins a transaction per migration only if none is open
        connection.commit()
        yield connection


def _is_unreachable(problem: DBAPIError) -> bool:
    # without a SQLSTATE, psycopg2 has failed to connect
    never_made = (
        isinstance(problem, OperationalError) and getattr(problem.orig, "pgcode", None) is None
    )
    return never_made or problem.connection_invalidated


def _first_line(problem: Exception) -> str:
    return str(getattr(problem, "orig", problem)).strip().split("\n")[0]


def main(arguments: list[str] | None = None) -> int:
    """Migrate as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.migrate", description=__doc__)
    listed = ", ".join(NAMES)
    parser.add_argument("services", nargs="+", choices=NAMES, metavar="SERVICE", help=listed)
    parser.add_argument("--down-to", metavar="REVISION", help="go back, for example to base")
    options = parser.parse_args(arguments)
    if options.down_to and len(options.services) > 1:
        parser.error("--down-to takes one service: each has revisions of its own")
    # one after the other ends at the first that fails
    return next(filter(None, (_run(name, options.down_to) for name in options.services)), 0)


def _run(name: str, down_to: str | None) -> int:
    try:
        settings = Settings.from_environment(service=name)
    except BadSettings as problem:
        logging.report_no_start(PUBLIC_NAMES[name], "can't migrate", problem)
        return 2
    logging.configure(settings, PUBLIC_NAMES[name])
    address = settings.databases[name]
    try:
        if down_to:
            downgrade(name, address, down_to)
        else:
            migrate(name, address)
    except (CannotStart, CommandError, DBAPIError) as problem:
        _log().error("migration failed", reason=_first_line(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
