"""One running system for all tests that need one: real servers, and the five services."""

import itertools
import random

import pytest
from nameko.standalone.rpc import ClusterRpcProxy

import schemas.errors  # noqa: F401 - lets the client raise the services' own errors
from stack.testing import running_system

RPC_SECONDS = 30

# users of their own for each test: far from those that register, and from other runs
_user_ids = itertools.count(random.randrange(10**9, 2 * 10**9))


@pytest.fixture(scope="session")
def system():
    with running_system() as running:
        yield running


@pytest.fixture(scope="session")
def rpc(system):
    """What ``n.rpc`` is in a nameko shell: Nameko's own client."""
    with ClusterRpcProxy({"AMQP_URI": system.environment["AMQP_URI"]}, timeout=RPC_SECONDS) as calls:
        yield calls


@pytest.fixture
def fresh_user():
    return next(_user_ids)


@pytest.fixture(scope="session")
def gateway_url(system):
    return system.url
