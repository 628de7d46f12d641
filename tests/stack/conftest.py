"""What several files of these tests start once (tests/side_by_side.py keeps those together)."""

import os

import pytest

from stack.layout import RUN_DIRECTORY
from stack.testing import running_system
from tests.fakes.wger_server import WgerServer
from tests.stack import version_before
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


@pytest.fixture(scope="session")
def wger():
    """The wger server of the system of the version before, which has no entries at first."""
    with WgerServer([]) as server:
        yield server


@pytest.fixture(scope="session")
def system_before(tmp_path_factory, wger):
    """A system of the version before."""
    files = tmp_path_factory.mktemp("before")
    version_before.extract(files)
    with version_before.system_before(files, {"WGER_API_URL": wger.url}) as system:
        yield system


@pytest.fixture
def before(system_before):
    """The system of the version before, on which nothing of this version is running."""
    version_before.leave_only_before(system_before)
    return system_before
