"""What tests of the workouts service share."""

import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.services.databases import address_of


@pytest.fixture
def run(system):
    """Run a statement in the database of the workouts service."""
    engine = create_engine(address_of(system, "workouts").url, poolclass=NullPool)

    def run(statement, **values):
        with engine.begin() as connection:
            return connection.execute(text(statement), values).all()

    return run
