"""Empties the databases of services, so that a backup can be copied into them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from services.process import cells
from services.process.settings import DatabaseAddress
from services.restoring import erasures, marks
from services.restoring.connecting import CannotRestore, connected
from services.transport.postgres.unpooled import Connection, run

SESSIONS_SECONDS = 5.0
"""How long services that were just stopped may take to be gone from the server."""

_PAUSE_SECONDS = 0.1

_KEPT = (marks.MARK, erasures.KEPT)
_NOT_OF_AN_EXTENSION = """
    NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e'
        AND d.classid = '{catalog}'::regclass AND d.objid = o.oid)
"""
_RELATIONS = f"""
    FROM pg_class o WHERE relnamespace = 'public'::regnamespace
      AND relname NOT IN ({", ".join(f"'{name}'" for name in _KEPT)})
      AND {_NOT_OF_AN_EXTENSION.format(catalog="pg_class")}
"""
_HOLDS_SOMETHING = f"SELECT EXISTS (SELECT {_RELATIONS} AND relkind IN ('r', 'p', 'v', 'm'))"

# not DROP SCHEMA: a new one would have other rights, and what an administrator has put into it,
# such as an extension, may not be dropped by the service's own role
_EMPTY = f"""
    DO $$
    DECLARE
        dropped text;
    BEGIN
        FOR dropped IN
            SELECT format('DROP %s IF EXISTS public.%I CASCADE', CASE relkind
                WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relname)
            {_RELATIONS} AND relkind IN ('r', 'p', 'v', 'm', 'S')
            -- those of tables go with these, and not without
            ORDER BY relkind = 'S'
        LOOP
            EXECUTE dropped;
        END LOOP;
        FOR dropped IN
            SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure)
            FROM pg_proc o WHERE pronamespace = 'public'::regnamespace
              AND {_NOT_OF_AN_EXTENSION.format(catalog="pg_proc")}
        LOOP
            EXECUTE dropped;
        END LOOP;
    END $$
"""
_HAS_STATES = "SELECT to_regclass('public.bucket_states') IS NOT NULL"
_ARE_ELSEWHERE = f"SELECT EXISTS (SELECT FROM bucket_states WHERE state <> '{cells.HERE}')"
_SESSIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""


def check(addresses: Mapping[str, DatabaseAddress], replace: bool) -> None:
    """Check whether databases may be emptied, as far as that can be known while they are in use.

    Raises:
        CannotRestore: one can't be reached, is not empty, or has users in other cells.
    """
    with _all_connected(addresses) as connections:
        _look(addresses, connections, replace)


def empty(addresses: Mapping[str, DatabaseAddress], replace: bool) -> None:
    """Mark databases and empty them; all of them or, if one may not be, none.

    Args:
        addresses: of the databases, by service.
        replace: whether what is in them may be deleted. What an unfinished restore has put there
            always may.

    Raises:
        CannotRestore: one can't be reached, is not empty, or is in use.
    """
    with _all_connected(addresses) as connections:
        marked = _look(addresses, connections, replace)
        for connection in connections.values():
            run(connection, marks.PUT_UP)
        try:
            for name, connection in connections.items():
                _wait_until_unused(addresses[name], connection)
        except CannotRestore:
            for name, connection in connections.items():
                if not marked[name]:
                    run(connection, marks.TAKE_DOWN)
            raise
        if "users" in connections:
            erasures.keep(connections["users"])
        for connection in connections.values():
            run(connection, _EMPTY)


@contextmanager
def _all_connected(addresses: Mapping[str, DatabaseAddress]) -> Iterator[dict[str, Connection]]:
    with ExitStack() as connections:
        yield {
            name: connections.enter_context(connected(address))
            for name, address in addresses.items()
        }


def _look(
    addresses: Mapping[str, DatabaseAddress], connections: Mapping[str, Connection], replace: bool
) -> dict[str, bool]:
    """Return which are marked; refuse those that are not, hold something and may not lose it."""
    marked = {name: _is(each, marks.IS_MARKED) for name, each in connections.items()}
    filled = [
        addresses[name].name
        for name, connection in connections.items()
        if not (replace or marked[name]) and _is(connection, _HOLDS_SOMETHING)
    ]
    if any(_is(each, _HAS_STATES) and _is(each, _ARE_ELSEWHERE) for each in connections.values()):
        raise CannotRestore(
            "users are in other cells, and a restore would bring them back here (docs/backup.md)"
        )
    if filled:
        raise CannotRestore(f"not empty: {', '.join(filled)}; --replace deletes what is there")
    return marked


def _wait_until_unused(address: DatabaseAddress, connection: Connection) -> None:
    end = time.monotonic() + SESSIONS_SECONDS
    while count := run(connection, _SESSIONS)[0][0]:
        if time.monotonic() > end:
            users = "all services and their pooler" if address.pooler else "all services"
            raise CannotRestore(
                f"{address.name}: in use by {count} other sessions; stop {users} first"
            )
        time.sleep(_PAUSE_SECONDS)


def _is(connection: Connection, question: str) -> bool:
    [(answer,)] = run(connection, question)
    return bool(answer)
