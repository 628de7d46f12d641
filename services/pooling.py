"""Whether a service can use its pooler, such as PgBouncer in transaction mode."""

from collections.abc import Callable
from contextlib import closing

import psycopg2

from services.observability.logging import get_logger
from services.process.retrying import retry
from services.process.settings import CannotStart, DatabaseAddress
from services.transport.postgres.connecting import connect
from services.transport.postgres.sessions import missing_settings

RETRY_SECONDS = (0.2, 0.5, 1, 2, 5)
"""Pauses between tries to reach the pooler; the last one repeats."""


def wait_until_usable(pooler: DatabaseAddress) -> None:
    """Wait until a pooler gives a session, and look at its settings.

    Raises:
        CannotStart: it was begun before they were the defaults of the role, so nothing would bound
            its statements.
    """
    missing = retry(
        lambda: _missing_settings(pooler),
        psycopg2.OperationalError,
        RETRY_SECONDS,
        _reporting_once_each(f"{pooler.host}:{pooler.port}/{pooler.name}"),
    )
    if missing:
        raise CannotStart(
            f"a session of the pooler lacks settings of the role ({', '.join(missing)}): "
            f"have it connect to {pooler.name} again, in PgBouncer's console by RECONNECT"
        )


def _missing_settings(pooler: DatabaseAddress) -> list[str]:
    with closing(connect(pooler)) as connection:
        # a pooler ends the session of a client that leaves within a transaction
        connection.autocommit = True
        return missing_settings(connection)


def _reporting_once_each(place: str) -> Callable[[Exception], None]:
    told = ""

    def report(problem: Exception) -> None:
        nonlocal told
        reason = str(problem).strip().split("\n")[0]
        if reason != told:
            get_logger(__name__).warning("waiting for the pooler", pooler=place, reason=reason)
            told = reason

    return report
