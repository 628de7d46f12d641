"""What the tests of imports share."""

import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.services.databases import address_of
from tests.services.workouts.imports.files import Imports
from tests.services.workouts.test_workouts import User


@pytest.fixture
def imports(rpc, fresh_user):
    return Imports(rpc, fresh_user)


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


@pytest.fixture
def run(system):
    """Run a statement in the database of the workouts service."""
    engine = create_engine(address_of(system, "workouts").url, poolclass=NullPool)

    def run(statement, **values):
        with engine.begin() as connection:
            return connection.execute(text(statement), values).all()

    return run
