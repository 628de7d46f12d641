"""Responses about webhooks."""

from marshmallow import fields
from marshmallow.validate import OneOf

from schemas.responses.base import (
    ResponseSchema,
    always_true,
    choice,
    count,
    flag,
    identifier,
    list_of,
    options,
    text,
    timestamp,
)
from schemas.webhooks import DELIVERED, EVENTS, FAILED, FAILING, GONE, TEST, WAITING


class Webhook(ResponseSchema):
    """Where events are sent, without the secret."""

    id = identifier()
    url = text()
    description = text(null=True)
    events = list_of(fields.String(validate=OneOf(EVENTS)), "What it is told.")
    is_enabled = flag()
    disabled_reason = choice(
        [GONE, FAILING],
        "Why the system has disabled it: the receiver answered 410, or accepted nothing for a "
        "week.",
        null=True,
    )
    failing_since = timestamp("Null if the last attempt went well.", null=True)
    previous_secret_until = timestamp(
        "Until when messages are signed by the secret of before, too; null without one.", null=True
    )
    created_at = timestamp()
    updated_at = timestamp()


class NewlyMadeWebhook(Webhook):
    """A webhook with its secret, which is shown only now."""

    secret = text("Begins with `whsec_`; a library of Standard Webhooks takes it as it is.")


class DeletedWebhook(ResponseSchema):
    """The end of a webhook."""

    id = identifier()
    deleted = always_true()


class Message(ResponseSchema):
    """What is sent."""

    type = choice([*EVENTS, TEST])
    timestamp = timestamp("When it happened.")
    data = fields.Dict(**options("What happened; see the guide to webhooks.", null=False))


class Delivery(ResponseSchema):
    """An event, and what came of telling a webhook of it."""

    id = identifier()
    event_id = text("The header `webhook-id`, the same for all attempts.")
    event_type = choice([*EVENTS, TEST])
    status = choice([WAITING, DELIVERED, FAILED])
    attempts = count()
    created_at = timestamp()
    last_attempt_at = timestamp(null=True)
    next_attempt_at = timestamp("Null unless it waits.", null=True)
    response_status = count("Of the last attempt; null without a response.", null=True)
    problem = text("Of the last attempt, if it failed.", null=True)
    payload = fields.Nested(
        Message,
        **options("Null if the payloads of the page are over 1 MiB with it.", null=True),
    )
