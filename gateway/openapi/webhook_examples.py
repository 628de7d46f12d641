"""Examples of webhooks."""

from typing import Any

from marshmallow import Schema

from schemas import responses
from schemas.webhooks import NewWebhook, WebhookChanges

NEW_WEBHOOK = {
    "url": "https://example.com/gym",
    "description": "The garage's display",
    "events": ["record.set", "record.revoked"],
}
WEBHOOK = {
    "id": 4,
    **NEW_WEBHOOK,
    "is_enabled": True,
    "disabled_reason": None,
    "failing_since": None,
    "previous_secret_until": None,
    "created_at": "2025-02-16T17:02:11.402518Z",
    "updated_at": "2025-02-16T17:02:11.402518Z",
}
DELIVERY = {
    "id": 19,
    "event_id": "evt_0b6c2b1e-8d53-4c9a-9d3e-7f7d5d1c2a10",
    "event_type": "webhook.test",
    "status": "waiting",
    "attempts": 0,
    "created_at": "2025-02-16T17:02:11.498044Z",
    "last_attempt_at": None,
    "next_attempt_at": "2025-02-16T17:02:11.498044Z",
    "response_status": None,
    "problem": None,
    "payload": {
        "type": "webhook.test",
        "timestamp": "2025-02-16T17:02:11.490112Z",
        "data": {"webhook_id": 4},
    },
}

WEBHOOK_EXAMPLES: dict[type[Schema], dict[str, Any]] = {
    NewWebhook: NEW_WEBHOOK,
    WebhookChanges: {"is_enabled": True},
    responses.Webhook: WEBHOOK,
    responses.NewlyMadeWebhook: {
        **WEBHOOK,
        "secret": "whsec_0Z5wQ1nN0oWlq8c9Xh2rKxvM1m7oT3yB4uE6gJpSdCA=",
    },
    responses.DeletedWebhook: {"id": 4, "deleted": True},
    responses.Delivery: DELIVERY,
}
