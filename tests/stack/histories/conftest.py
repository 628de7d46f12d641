"""What the tests of ``./gym import`` and ``./gym export`` share."""

import pytest

from tests.stack.histories.command import Command


@pytest.fixture
def gym(system, rpc, tmp_path):
    return Command(system, rpc, tmp_path)
