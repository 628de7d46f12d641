"""Connections to a database that may have several hosts, of which one takes writes.

libpq can try several by itself, but bounds each only where it waits itself: in the event loop a
host that is gone without a word would take the whole time, and the next would never be tried.
"""

from typing import Any

import psycopg2

from services.process import budgets
from services.process.settings import DatabaseAddress

_latest: dict[DatabaseAddress, int] = {}
"""Which host took writes last, by its place."""


def connect(address: DatabaseAddress, **options: Any) -> Any:
    """Connect to the host that takes writes; of several the one that took them last is tried first.

    Args:
        address: of the database.
        options: further ones of libpq, or of psycopg2.

    Raises:
        psycopg2.OperationalError: none can be reached, or takes writes; it is what the last said.
    """
    places = address.places
    first = _latest.get(address, 0)
    if len(places) > 1:
        # a standby takes connections, but no writes
        options["target_session_attrs"] = "read-write"
    for number in range(len(places)):
        place = (first + number) % len(places)
        host, port = places[place]
        try:
            connection = psycopg2.connect(
                host=host,
                port=port,
                user=address.user,
                password=address.password,
                dbname=address.name,
                connect_timeout=budgets.DATABASE_CONNECT_SECONDS,
                **options,
            )
        except psycopg2.OperationalError:
            if number == len(places) - 1:
                raise
        else:
            _latest[address] = place
            return connection
    raise AssertionError("an address has a host")
