"""Events that are dispatched together: which of them are settled."""

from types import SimpleNamespace

import pytest

from schemas.errors import ServiceUnavailable
from services.dependencies.events import (
    DISPATCHED_HEADER,
    EventDispatcher,
    UnconfirmedEventDispatcher,
)
from services.transport.amqp.connection import BrokerGone
from services.transport.amqp.publishing import Unroutable

EVENTS = [("record_set", {"n": n}) for n in range(4)]


class Publishing:
    """Sends some messages, and then none; has outcomes of those that it sent."""

    def __init__(self, outcomes):
        self.outcomes = outcomes
        self.sent = []

    def begin_confirmed(self, payload, exchange, routing_key, headers):
        assert (exchange, routing_key) == ("analytics.events", "record_set")
        assert DISPATCHED_HEADER in headers
        if len(self.sent) == len(self.outcomes):
            raise BrokerGone("away")
        self.sent.append(payload["n"])
        return payload["n"]

    def confirm(self, message):
        # all are sent before the first is waited for
        assert len(self.sent) == len(self.outcomes)
        if self.outcomes[message] is not None:
            raise self.outcomes[message]


class Plain:
    """Sends without a confirm, or can't."""

    def __init__(self, problem=None):
        self.problem = problem
        self.sent = []

    def send(self, payload, exchange, routing_key, headers):
        if self.problem:
            raise self.problem
        assert DISPATCHED_HEADER in headers
        self.sent.append((exchange, routing_key, payload))


@pytest.fixture
def unconfirmed():
    dispatcher = UnconfirmedEventDispatcher()
    dispatcher.container = SimpleNamespace(service_name="gateway", config={})
    return dispatcher


WORKER = SimpleNamespace(context_data={})


def test_no_confirm_is_waited_for(unconfirmed):
    unconfirmed.publishing = Plain()
    unconfirmed.get_dependency(WORKER)("workout_created", {"n": 1})
    assert unconfirmed.publishing.sent == [("gateway.events", "workout_created", {"n": 1})]


def test_what_could_not_be_sent_is_told(unconfirmed):
    unconfirmed.publishing = Plain(BrokerGone("away"))
    with pytest.raises(ServiceUnavailable):
        unconfirmed.get_dependency(WORKER)("workout_created", {"n": 1})


@pytest.fixture
def dispatcher():
    dispatcher = EventDispatcher()
    dispatcher.container = SimpleNamespace(service_name="analytics", config={})
    return dispatcher


@pytest.mark.parametrize(
    ("outcomes", "settled"),
    [
        ([None] * 4, [True] * 4),
        ([None, BrokerGone("refused"), None, None], [True, False, True, True]),
        # nobody wants it, now or later
        ([Unroutable("record_set"), None, None, None], [True] * 4),
        ([None, BrokerGone("lost")], [True, False]),
        ([], []),
    ],
)
def test_each_is_settled_for_itself(dispatcher, outcomes, settled):
    dispatcher.publishing = Publishing(outcomes)
    assert dispatcher.announce_all(EVENTS) == settled
    assert dispatcher.publishing.sent == list(range(len(outcomes)))
