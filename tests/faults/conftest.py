"""A system of their own for the faults: what they leave behind is nobody else's trouble."""

import os

import pytest
from nameko.standalone.rpc import ClusterRpcProxy

from stack.layout import RUN_DIRECTORY, SERVERS, SERVICES
from stack.programs import LOGS
from stack.testing import running_system
from tests.faults import reporting


@pytest.fixture(scope="package")
def system():
    directory = RUN_DIRECTORY / f"test-{os.getpid()}-faults"
    with running_system(directory=directory) as running:
        yield running


@pytest.fixture
def rpc(system):
    with ClusterRpcProxy({"AMQP_URI": system.environment["AMQP_URI"]}, timeout=30) as calls:
        yield calls


@pytest.fixture(scope="module")
def other(system):
    """The URL of a second gateway."""
    address = system.start_another("gateway", "other-gateway")
    yield f"http://{address}"
    system.stop("other-gateway")


@pytest.fixture(autouse=True)
def all_well(system):
    """Each fault meets a whole system, and leaves no traceback that an operator must read."""
    for name in system.supervisor.parts():
        system.resume(name)
    for name in [*system.own_servers, *SERVICES]:
        # one that failed may have left it stopped
        system.supervisor.start_part(name)
    system.wait_ready([*system.own_servers, *SERVICES])
    before = tracebacks(system)
    yield
    fresh = tracebacks(system)[len(before) :]
    assert not fresh, fresh[0]


def tracebacks(system):
    """Return the lines of the services' logs with tracebacks, but for those made on purpose."""
    logs = [path for path in (system.directory / LOGS).glob("*.log") if path.stem not in SERVERS]
    return [
        f"{path.stem}: {line}"
        for path in sorted(logs)
        for line in path.read_text(errors="replace").splitlines()
        if "Traceback" in line and "on purpose" not in line
    ]


def pytest_terminal_summary(terminalreporter):
    if reporting.ROWS:
        terminalreporter.section("faults")
        terminalreporter.write_line(reporting.table())
