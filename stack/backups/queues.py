"""Empties the queues of events: they tell of what a restored backup may not have.

An event of a workout that is lost would be counted, and one that asks to erase an account would be
obeyed, though the account is there again.
"""

import json
import sys
from pathlib import Path

import amqp

from stack.broker import connection_to
from stack.failures import Failure
from stack.layout import CHECKOUT

FILES = (
    CHECKOUT / "rabbitmq" / "definitions.json",
    # where pip puts it
    Path(sys.prefix) / "share" / "gym-tracker" / "rabbitmq" / "definitions.json",
)
SECONDS = 5
WAITING = "wait-"


def empty(amqp_uri: str) -> None:
    """Delete all events that have not been handled, those that were given up included.

    Raises:
        Failure: the broker does not answer, or does not let this user empty a queue.
    """
    connection = connection_to(amqp_uri, SECONDS)
    try:
        with connection:
            connection.connect()
            for name in _names():
                _purge(connection, name)
    except OSError as problem:
        raise Failure(f"RabbitMQ does not answer: {problem}") from None
    except amqp.AccessRefused as problem:
        said = " ".join(str(problem).split())
        raise Failure(f"AMQP_URI must name a user who may empty all queues: {said}") from None
    except amqp.AMQPError as problem:
        raise Failure(f"RabbitMQ refuses that: {' '.join(str(problem).split())}") from None


def _names() -> list[str]:
    """Return the queues: first those whose events go on into the others."""
    path = next(path for path in FILES if path.exists())
    names = [queue["name"] for queue in json.loads(path.read_text())["queues"]]
    return sorted(names, key=lambda name: not name.startswith(WAITING))


def _purge(connection: amqp.Connection, name: str) -> None:
    channel = connection.channel()
    try:
        channel.queue_purge(name)
    except amqp.NotFound:
        # nobody has declared it yet; the broker has closed the channel
        return
    channel.close()
