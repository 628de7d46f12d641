"""A system that is backed up, and another one for what is restored."""

import os

import pytest

from stack.layout import RUN_DIRECTORY
from stack.testing import SETTINGS, running_system

# as on a new machine that has the settings of the old one
SAME = SETTINGS | {"JWT_SECRET": "the secret of both systems, of which one replaces the other"}


def directory(name):
    return RUN_DIRECTORY / f"test-{os.getpid()}-{name}"


@pytest.fixture(scope="package")
def source():
    with running_system(settings=SAME, directory=directory("source")) as system:
        yield system


@pytest.fixture(scope="package")
def target():
    """Servers of their own, on which no service has run yet."""
    with running_system((), settings=SAME, directory=directory("target")) as system:
        yield system
