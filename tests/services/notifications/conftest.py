"""A receiver, a user's webhooks that lead to it, and events."""

import json

import pytest
from kombu import Connection

from schemas.webhooks import EVENTS
from tests.fakes.webhook_receiver import WebhookReceiver


@pytest.fixture
def receiver():
    with WebhookReceiver() as running:
        yield running


@pytest.fixture
def make_webhook(rpc, receiver, fresh_user):
    """Make a webhook of a user, which leads to the receiver."""
    made = []

    def make(user_id=fresh_user, url=None, events=EVENTS, **fields):
        body = {"url": url or receiver.url, "events": [*events], **fields}
        made.append((user_id, rpc.notifications.create_webhook(user_id, body)))
        return made[-1][1]

    yield make
    # nothing goes on trying a receiver that is gone
    for user_id, webhook in made:
        if any(one["id"] == webhook["id"] for one in rpc.notifications.list_webhooks(user_id)):
            rpc.notifications.delete_webhook(user_id, webhook["id"])


@pytest.fixture
def publish(system):
    """Dispatch events of analytics, as its outbox does."""

    def send(*events, event_type="record_set"):
        with Connection(system.environment["AMQP_URI"]) as connection:
            producer = connection.Producer()
            for event in events:
                producer.publish(
                    json.dumps(event),
                    exchange="analytics.events",
                    routing_key=event_type,
                    content_type="application/json",
                    delivery_mode=2,
                )

    return send
