"""The dead letters of a system."""

from stack import dead_letters


def fetch_letters(system):
    """Return all that are there."""
    with dead_letters.connected(system.environment["AMQP_URI"]) as queue:
        return queue.fetch()


def drop_letters(system):
    """Delete all."""
    with dead_letters.connected(system.environment["AMQP_URI"]) as queue:
        for letter in queue.fetch():
            queue.drop(letter)
