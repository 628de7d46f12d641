"""The rules of webhooks."""

from schemas.fields import Flag, SomeOf, Text, about, identifier_parameter
from schemas.loading import Body, Parameters

WORKOUT_CREATED = "workout.created"
WORKOUT_UPDATED = "workout.updated"
WORKOUT_DELETED = "workout.deleted"
RECORD_SET = "record.set"
RECORD_REVOKED = "record.revoked"
IMPORT_COMPLETED = "import.completed"
WEEKLY_SUMMARY = "summary.weekly"

EVENTS = (
    WORKOUT_CREATED,
    WORKOUT_UPDATED,
    WORKOUT_DELETED,
    RECORD_SET,
    RECORD_REVOKED,
    IMPORT_COMPLETED,
    WEEKLY_SUMMARY,
)

TEST = "webhook.test"
"""The event of ``POST /api/webhooks/:id/test``, which every webhook gets."""

MOST_WEBHOOKS = 10
"""Of a user."""

MOST_SECRETS = 10
"""Of a webhook at a time: the one that it has, and those that still hold."""

MOST_WAITING = 1000
"""Deliveries that may wait for a webhook when it is to be sent a test or a redelivery."""

MOST_TESTS = 100
"""Of a webhook within a day."""

LARGEST_PAYLOADS = 1024 * 1024
"""Bytes of the payloads in a page of deliveries; those beyond are left out."""

LONGEST_URL = 2000
SECRET_PREFIX = "whsec_"

GONE, FAILING = "gone", "failing"
WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"

ABOUT_URL = (
    "Where events are sent with POST: https on a public address, port 443 or 80. Whoever runs the "
    "system may allow others."
)
ABOUT_EVENTS = "What it is told."


class _WebhookBody(Body):
    read_only = frozenset(
        {
            *("id", "secret", "previous_secret_until", "disabled_reason", "failing_since"),
            *("created_at", "updated_at"),
        }
    )


class NewWebhook(_WebhookBody):
    """Body of a new webhook."""

    url = Text(required=True, min_length=1, max_length=LONGEST_URL, metadata=about(ABOUT_URL))
    description = Text(max_length=200, load_default=None, metadata=about("For oneself."))
    events = SomeOf(EVENTS, required=True, metadata=about(ABOUT_EVENTS))


class WebhookChanges(_WebhookBody):
    """Body of a change of a webhook: the fields that are given. Null clears one."""

    null_clears = True

    url = Text(min_length=1, max_length=LONGEST_URL, allow_none=False, metadata=about(ABOUT_URL))
    description = Text(max_length=200, metadata=about("For oneself."))
    events = SomeOf(EVENTS, allow_none=False, metadata=about(ABOUT_EVENTS))
    is_enabled = Flag(
        allow_none=False,
        metadata=about(
            "False ends all deliveries; what happens then is not told later. True takes them up "
            "again, with those that were waiting."
        ),
    )


class DeliveryInPath(Parameters):
    """A webhook and one of its deliveries in a path."""

    id = identifier_parameter(required=True)
    delivery = identifier_parameter(required=True)
