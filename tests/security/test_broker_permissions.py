"""What a service's own password of the broker opens, asked of a running broker."""

import uuid

import amqp
import pytest

from stack.broker import connection_to
from stack.environment import make_environment

SECONDS = 10
ACCESS_REFUSED = 403


@pytest.fixture
def channel_of(system):
    """Open a channel as a service's user, on which the broker confirms what it takes."""
    opened = []

    def make(user):
        uri = make_environment(system.state, user)["AMQP_URI"]
        connection = connection_to(uri, SECONDS)
        connection.connect()
        opened.append(connection)
        channel = connection.channel()
        channel.confirm_select()
        return channel

    yield make
    for connection in opened:
        connection.close()


def ask(channel, method):
    request = amqp.Message(
        # no method takes these, so none is run
        '{"args": [], "kwargs": {"nothing": 0}}',
        content_type="application/json",
        content_encoding="utf-8",
        reply_to=str(uuid.uuid4()),
    )
    channel.basic_publish(request, "nameko-rpc", method)
    channel.wait(amqp.spec.Basic.Ack)


def test_a_method_that_a_service_calls_may_be_asked_for(channel_of):
    channel = channel_of("analytics")
    for method in ("workouts.changes", "workouts.get_many", "workouts.list", "exercises.get"):
        ask(channel, method)
    # of another cell, too
    ask(channel, "workouts_b.changes")


@pytest.mark.parametrize(
    ("user", "method"),
    [
        ("analytics", "workouts.delete"),
        ("analytics", "workouts.create"),
        ("analytics", "users.get"),
        ("analytics", "workouts_b.delete"),
        ("analytics", "workouts_B.changes"),
        ("workouts", "exercises.list"),
        ("gateway", "analytics.rebuild"),
        ("gateway", "exercises.import_from_wger"),
        ("users", "workouts.get"),
    ],
)
def test_any_other_is_refused(channel_of, user, method):
    channel = channel_of(user)
    with pytest.raises(amqp.AccessRefused) as refused:
        ask(channel, method)
    assert refused.value.reply_code == ACCESS_REFUSED
