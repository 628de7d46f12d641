"""The database of accounts, for tests that move what lies in it in time."""

import psycopg2


def query(system, statement, *values):
    """Run a statement on the database of a running system, and return its rows."""
    fields = ("HOST", "PORT", "USER", "PASSWORD", "NAME")
    host, port, user, password, name = (system.environment[f"USERS_DB_{field}"] for field in fields)
    with psycopg2.connect(
        host=host, port=port, user=user, password=password, dbname=name
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        found = cursor.fetchall() if cursor.description else None
    connection.close()
    return found
