"""Messages whose connection has ended: the broker has them back."""

from types import SimpleNamespace

import pytest
from amqp import serialization

from services.dependencies.rpc import SafeRpc
from services.transport.amqp import methods
from services.transport.amqp.deliveries import Delivery
from services.transport.amqp.frames import Content


@pytest.fixture
def socket():
    return SimpleNamespace(closed=False, write=lambda frame: None)


@pytest.fixture
def delivery(socket):
    arguments = serialization.dumps("sLbss", ["consumer", 7, False, "ex", "workouts.get"])
    return Delivery(Content(1, methods.DELIVER, arguments, b"{}", {}, b"", 2), socket, no_ack=False)


@pytest.mark.parametrize("is_settled", [False, True])
def test_a_message_is_lost_with_its_connection_unless_it_was_settled(socket, delivery, is_settled):
    if is_settled:
        delivery.ack()
    assert not delivery.is_lost
    socket.closed = True
    assert delivery.is_lost is not is_settled


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_request_that_waited_for_a_worker_meanwhile_is_not_begun(socket, delivery, is_closed):
    """Another process of the service may have it, and would do the same a second time."""
    begun = []

    def spawn_worker(*given, **more):
        begun.append(given)
        return SimpleNamespace()

    method = SafeRpc()
    method.container = SimpleNamespace(spawn_worker=spawn_worker)
    socket.closed = is_closed
    method._begin([1], {}, {}, delivery, None)
    assert len(begun) == (0 if is_closed else 1)
