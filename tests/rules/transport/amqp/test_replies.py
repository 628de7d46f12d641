"""Replies, sent again where nobody can tell whether they have arrived."""

import time
from functools import partial

import pytest

from services.process import budgets
from services.transport.amqp import replies
from services.transport.amqp.connection import BrokerGone
from services.transport.amqp.replies import Replies

CALLER = "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"


class Broker:
    """What is sent, unless nothing can be."""

    def __init__(self):
        self.is_down = False
        self.sent = []

    def send(self, payload, exchange, routing_key, **properties):
        if self.is_down:
            raise BrokerGone("down")
        assert (exchange, routing_key) == ("nameko-rpc", CALLER)
        self.sent.append(properties["correlation_id"])

    def taken(self):
        taken, self.sent = self.sent, []
        return taken


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def sender(broker):
    made = Replies()
    made.publishing, made._exchange = broker, "nameko-rpc"
    made.reply = partial(made.send, b"{}", CALLER)
    return made


def test_what_was_sent_last_is_sent_again_on_a_new_connection_and_on_each_after_it(sender, broker):
    for name in "abc":
        sender.reply(name)
    assert broker.taken() == ["a", "b", "c"]
    for _ in range(2):
        sender._send_again()
        assert broker.taken() == ["a", "b", "c"]


def test_what_could_not_be_sent_is_sent_as_soon_as_it_can_be(sender, broker):
    sender.reply("before")
    broker.is_down = True
    sender.reply("meanwhile")
    sender._send_again()
    assert broker.taken() == ["before"]
    broker.is_down = False
    sender._send_again()
    assert sorted(broker.taken()) == ["before", "meanwhile"]


def test_after_an_alarm_only_what_was_not_sent_is(sender, broker):
    sender.reply("before")
    broker.is_down = True
    sender.reply("meanwhile")
    broker.is_down = False
    sender._send_unsent()
    sender._send_unsent()
    assert broker.taken() == ["before", "meanwhile"]


def test_what_nobody_waits_for_any_more_is_forgotten(sender, broker, monkeypatch):
    sender.reply("old")
    later = time.monotonic() + budgets.RPC_SECONDS
    monkeypatch.setattr(replies.time, "monotonic", lambda: later)
    sender.reply("new")
    broker.taken()
    sender._send_again()
    assert broker.taken() == ["new"]


def test_they_are_bounded_in_number_and_in_bytes(sender, broker):
    for number in range(budgets.RECENT_REPLIES + 10):
        sender.reply(str(number))
    broker.taken()
    sender._send_again()
    assert broker.taken() == [str(number) for number in range(10, budgets.RECENT_REPLIES + 10)]
    large = b"x" * (budgets.RECENT_REPLY_BYTES // 2)
    for name in "abc":
        sender.send(large, CALLER, name)
    broker.taken()
    sender._send_again()
    assert broker.taken() == ["b", "c"]
