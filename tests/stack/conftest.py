"""What several files of these tests start once (tests/side_by_side.py keeps those together)."""

import os

import pytest

from stack.layout import RUN_DIRECTORY
from stack.testing import running_system
from tests.stack.checkouts import copied


@pytest.fixture(scope="session")
def running_checkout(tmp_path_factory):
    """A copy of this checkout, in which ``gym up`` was run."""
    with copied(tmp_path_factory.mktemp("checkout"), is_installed=True) as made:
        made.gym("up")
        yield made


@pytest.fixture(scope="session")
def servers():
    """Servers on which no service has run yet."""
    directory = RUN_DIRECTORY / f"test-{os.getpid()}-servers"
    with running_system(services=(), directory=directory) as system:
        yield system
