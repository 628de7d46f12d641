"""A system of their own for the faults: what they leave behind is nobody else's trouble."""

import os

import pytest

from stack.layout import RUN_DIRECTORY, SERVICES
from stack.testing import running_system
from tests.faults import reporting


@pytest.fixture(scope="package")
def system():
    directory = RUN_DIRECTORY / f"test-{os.getpid()}-faults"
    with running_system(directory=directory) as running:
        yield running


@pytest.fixture(autouse=True)
def all_well(system):
    """Each fault meets a system that is whole, whatever the one before has done to it."""
    for name in system.supervisor.parts():
        system.resume(name)
    system.wait_ready([*system.own_servers, *SERVICES])


def pytest_terminal_summary(terminalreporter):
    if reporting.ROWS:
        terminalreporter.section("faults")
        terminalreporter.write_line(reporting.table())
