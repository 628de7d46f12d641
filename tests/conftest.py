"""One running system for all tests that need one: real servers, and the six services."""

import itertools
import os
import random

import hypothesis
import pytest
from nameko.standalone.rpc import ClusterRpcProxy

import schemas.errors  # noqa: F401 - lets the client raise the services' own errors
from stack import compose
from stack.testing import running_system
from tests import side_by_side
from tests.leaks import check_logs

RPC_SECONDS = 30
FAULTS = (
    "tests/faults/",
    "tests/security/test_exhaustion.py",
    "tests/stack/test_interrupted_up.py",
)
SCALE = ("tests/scale/",)
CONTAINERS = ("tests/compose/",)

# users of their own for each test: far from those that register, and from other runs
_user_ids = itertools.count(random.randrange(10**9, 2 * 10**9))

ALL_EXAMPLES, FEW_EXAMPLES = 100, 10
"""Inputs that Hypothesis makes up for a test, with the slow tests and without."""


def pytest_addoption(parser):
    parser.addoption(
        "--all", action="store_true", help="run the slow tests, too, and with more made-up inputs"
    )
    parser.addoption(
        "--faults", action="store_true", help="run all faults and attacks, and nothing else"
    )
    parser.addoption(
        "--scale", action="store_true", help="run backups and what is beyond one machine alone"
    )


def pytest_configure(config):
    # as in the containers; importing eventlet's own resolver is a quarter of a service's start
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    config.addinivalue_line("markers", "slow: runs with --all, or if its file or folder is named")
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        config.option.all = True
    # Deadline and health check measure the machine, on which another process of the suite may be at
    # work, and no test asks how long an example takes.
    hypothesis.settings.register_profile(
        "suite",
        max_examples=ALL_EXAMPLES if config.option.all else FEW_EXAMPLES,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("suite")
    if side_by_side.BESIDE in os.environ:
        side_by_side.take_own_ports(side_by_side.PARTS - 1)
    if is_worker(config):
        side_by_side.take_own_ports(side_by_side.number(config))
        side_by_side.begin_elsewhere(config)


def is_worker(config):
    """Return whether this is one of several processes of the suite."""
    return hasattr(config, "workerinput")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return side_by_side.Scheduler(config, log)


# before pytest brings those together that share a fixture, which starts from the order it finds
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    whole = config.getoption("--faults")
    scale = config.getoption("--scale")

    def is_wanted(item):
        if scale or item.nodeid.startswith(SCALE):
            return scale and item.nodeid.startswith(SCALE)
        if item.nodeid.startswith(CONTAINERS):
            return compose.ENABLED in os.environ
        if whole:
            return item.nodeid.startswith(FAULTS)
        return config.getoption("--all") or item.get_closest_marker("slow") is None

    unwanted = [item for item in items if not is_wanted(item)]
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if is_wanted(item)]
    if is_worker(config):
        side_by_side.arrange(items)


@pytest.fixture(scope="session")
def system():
    with running_system() as running:
        yield running
        # whatever the tests of this process were, and in whichever order
        check_logs(running)


@pytest.fixture(scope="session")
def rpc(system):
    """What ``n.rpc`` is in a nameko shell: Nameko's own client."""
    with ClusterRpcProxy(
        {"AMQP_URI": system.environment["AMQP_URI"]}, timeout=RPC_SECONDS
    ) as calls:
        yield calls


@pytest.fixture
def unheard(system):
    """Keep events for webhooks in their queues: the service that takes them is away."""
    system.stop("notifications")
    yield
    system.start("notifications")


@pytest.fixture
def fresh_user():
    return next(_user_ids)


@pytest.fixture(scope="session")
def gateway_url(system):
    return system.url
