"""What the tests of imports share."""

import pytest

from tests.services.workouts.imports.files import Imports
from tests.services.workouts.test_workouts import User


@pytest.fixture
def imports(rpc, fresh_user):
    return Imports(rpc, fresh_user)


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)
