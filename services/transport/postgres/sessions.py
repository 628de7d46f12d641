"""Settings of sessions, which bound each statement and say how it is planned.

A service sends them when it connects. Through a pooler that shares sessions it can't: there they
are the defaults of the service's role in its database.
"""

from collections.abc import Mapping
from typing import Any

from services.process import budgets

_MILLISECONDS = 1000

SETTINGS = {
    "statement_timeout": str(budgets.DATABASE_STATEMENT_SECONDS * _MILLISECONDS),
    "lock_timeout": str(budgets.DATABASE_STATEMENT_SECONDS * _MILLISECONDS),
    "idle_in_transaction_session_timeout": str(
        budgets.DATABASE_IDLE_TRANSACTION_SECONDS * _MILLISECONDS
    ),
    "timezone": "UTC",
    # PostgreSQL would plan a prepared statement for its values five times before it settles for a
    # generic plan; and our queries are too short for compiling them (jit) to pay
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}

UNBOUNDED = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""For what takes as long as it takes, whatever the defaults of the role are."""

_CURRENT = "SELECT lower(name), setting FROM pg_settings WHERE lower(name) = ANY(%s)"


def as_options(settings: Mapping[str, str]) -> str:
    """Return settings as the ``options`` of a connection."""
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def missing_settings(connection: Any) -> list[str]:
    """Return the names of those :data:`SETTINGS` that a session has not.

    Args:
        connection: of psycopg2.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CURRENT, ([*SETTINGS],))
        current = dict(cursor.fetchall())
    return [name for name, value in SETTINGS.items() if current[name] != value]


def make_default(connection: Any) -> None:
    """Make :data:`SETTINGS` the defaults of the role that is connected, in this database alone.

    Args:
        connection: of psycopg2; the caller commits.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_database())")
        [(database,)] = cursor.fetchall()
        for name, value in SETTINGS.items():
            cursor.execute(f"ALTER ROLE CURRENT_USER IN DATABASE {database} SET {name} = '{value}'")
