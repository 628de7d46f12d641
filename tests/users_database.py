"""The database of accounts, for tests that move what lies in it in time."""

from contextlib import contextmanager

import psycopg2


def query(system, statement, *values):
    """Run a statement on the database of a running system, and return its rows."""
    with transaction(system) as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


@contextmanager
def transaction(system):
    """Give a cursor in a transaction, which commits at the end."""
    fields = ("HOST", "PORT", "USER", "PASSWORD", "NAME")
    host, port, user, password, name = (system.environment[f"USERS_DB_{field}"] for field in fields)
    connection = psycopg2.connect(host=host, port=port, user=user, password=password, dbname=name)
    try:
        with connection:
            yield connection.cursor()
    finally:
        connection.close()
