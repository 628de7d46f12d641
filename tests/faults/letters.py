"""The dead letters of a system."""

from stack import dead_letters
from tests.waiting import eventually


def fetch_letters(system):
    """Return all that are there."""
    with dead_letters.connected(system.environment["AMQP_URI"]) as queue:
        return queue.fetch()


def drop_letters(system):
    """Delete all.

    What another connection has looked at is back in the queue a moment after that is closed.
    """
    eventually(lambda: _drop_those_there(system) == 0 and _count(system) == 0, seconds=20)


def _drop_those_there(system):
    with dead_letters.connected(system.environment["AMQP_URI"]) as queue:
        letters = queue.fetch()
        for letter in letters:
            queue.drop(letter)
    return len(letters)


def _count(system):
    lines = system.rabbitmqctl("list_queues", "--vhost", "gym", "name", "messages").splitlines()
    (count,) = (line.split()[1] for line in lines if line.split()[:1] == [dead_letters.QUEUE])
    return int(count)
