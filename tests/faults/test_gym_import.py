"""``./gym import`` while what it calls goes away."""

import pytest

from tests.services.clients import connected
from tests.services.shell.terminal import at_terminal
from tests.stack.histories.command import Command, strong_days
from tests.waiting import eventually

pytestmark = pytest.mark.slow

MANY = 1500
GIVEN = ["--weight-unit", "kg", "--time-zone", "UTC"]


# the service tries again after pauses of up to a minute
@pytest.mark.timeout(300)
def test_a_command_goes_on_when_the_broker_is_back(system, tmp_path):
    with connected(system) as rpc:
        gym = Command(system, rpc, tmp_path)
    line = gym.line("import", gym.write(strong_days(MANY)), *GIVEN)
    with at_terminal(line, gym.environment) as terminal:
        terminal.read_until("Import this? [Y/n] ")
        terminal.type("\n")
        terminal.read_until(f"/{MANY}")
        system.kill_for_good("rabbitmq")
        try:
            terminal.read_until("gym: RabbitMQ does not answer: ")
        finally:
            system.start("rabbitmq")
        terminal.read_until(f"Added {MANY:,} workouts.")
        assert terminal.process.wait(30) == 0
    with connected(system) as rpc:
        eventually(lambda: rpc.workouts.list(gym.user_id)["total"] == MANY)
