"""Databases of a test's own, beside that of a service."""

import random
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import create_engine, text

from services.process.settings import Settings


def address_of(system, service):
    """Return where the database of a service is."""
    return Settings.from_environment(system.environment).databases[service]


@contextmanager
def new_database(beside, template="template1"):
    """Make a database, give its address, and drop it in the end.

    Args:
        beside: the address of another one of the same server.
        template: name of the one that it is a copy of, to which nobody is connected; by default an
            empty one.
    """
    name = f"of_a_test_{random.randrange(10**9)}"
    administration = create_engine(beside.url, isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield replace(beside, name=name)
    finally:
        with administration.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        administration.dispose()


def empty_database(beside):
    """Make an empty database, as :func:`new_database` does."""
    return new_database(beside)
