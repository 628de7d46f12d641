"""Messages that are taken out of a queue on a real broker; the others stay as they are."""

import uuid

import pytest
from kombu import Connection, Queue

from services.transport.amqp import sieving

MANY = 300


@pytest.fixture
def queue(system):
    """A queue of a test's own, of the type of those for events."""
    name = f"evt-sieved-{uuid.uuid4().hex}"
    # a message is counted once it is confirmed
    confirmed = {"confirm_publish": True}
    with Connection(system.environment["AMQP_URI"], transport_options=confirmed) as connection:
        declared = Queue(name, durable=True, queue_arguments={"x-queue-type": "quorum"})
        declared = declared(connection.default_channel)
        declared.declare()
        yield declared
        declared.delete()


def fill(queue, bodies, **properties):
    with queue.channel.connection.client.Producer() as producer:
        for body in bodies:
            producer.publish(body, routing_key=queue.name, delivery_mode=2, **properties)


def bodies_of(queue):
    found = []
    while message := queue.get():
        found.append(message.body)
    queue.channel.basic_recover(requeue=True)
    return [body.encode() if isinstance(body, str) else body for body in found]


def test_the_others_keep_their_order(system, queue):
    numbers = [str(number) for number in range(MANY)]
    fill(queue, numbers)
    uri = system.environment["AMQP_URI"]
    taken = sieving.take_out(uri, [queue.name], lambda body, _: body.endswith(b"7"))
    assert taken == MANY / 10
    left = [number.encode() for number in numbers if number[-1] != "7"]
    assert sieving.take_out(uri, [queue.name], lambda body, _: body == b"12") == 1
    left.remove(b"12")
    assert bodies_of(queue) == left


@pytest.mark.slow
def test_more_messages_than_a_channel_can_have(system, queue, monkeypatch):
    monkeypatch.setattr(sieving, "MOST_UNSETTLED", 40)
    numbers = [str(number) for number in range(MANY)]
    fill(queue, numbers)
    uri = system.environment["AMQP_URI"]
    assert sieving.take_out(uri, [queue.name], lambda body, _: body == b"299") == 1
    assert bodies_of(queue) == [number.encode() for number in numbers[:-1]]


def test_who_dies_while_it_looks_takes_nothing_away(system, queue):
    numbers = [str(number) for number in range(MANY)]
    fill(queue, numbers)

    def fails(body, _headers):
        if body == b"250":
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        sieving.take_out(system.environment["AMQP_URI"], [queue.name], fails)
    assert bodies_of(queue) == [number.encode() for number in numbers]


def test_a_queue_that_is_not_there_has_nothing(system):
    assert sieving.take_out(system.environment["AMQP_URI"], ["nobody's"], lambda *_: True) == 0
