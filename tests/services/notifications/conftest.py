"""A receiver, a user's webhooks that lead to it, and events."""

import json

import pytest
from kombu import Connection

from schemas.webhooks import EVENTS
from tests.erasing import run
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.waiting import eventually


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


@pytest.fixture
def webhooks(rpc):
    return rpc.notifications


@pytest.fixture
def only(webhooks, fresh_user):
    """Return the only delivery of a webhook, once it is in a state."""

    def find(webhook, **state):
        def is_there():
            found = webhooks.list_deliveries(fresh_user, webhook["id"])
            assert found["total"] == 1
            assert state.items() <= found["items"][0].items()
            return found["items"][0]

        return eventually(is_there)

    return find


@pytest.fixture
def soon(system):
    """Let all that waits for a webhook be due now."""

    def make(webhook):
        key = webhook["id"]
        now = "UPDATE deliveries SET next_attempt_at = now() WHERE webhook_id = :id"
        run(system, "notifications", f"{now} AND status = 'waiting'", id=key)
        run(system, "notifications", "UPDATE webhooks SET due_at = now() WHERE id = :id", id=key)

    return make
