"""What webhooks are told of an event."""

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from schemas import webhooks

_CHANGES = {
    "created": webhooks.WORKOUT_CREATED,
    "updated": webhooks.WORKOUT_UPDATED,
    "deleted": webhooks.WORKOUT_DELETED,
}
_TOLD_OF_CHANGES = ("workout_id", "user_id", "version", "date")

# the names of ours begin with it; made at random, once
_NAMESPACE = uuid.UUID("6b1f4e0a-6f0e-4a52-9b5c-0d6f6a2c1a57")


class Message(NamedTuple):
    """An event as webhooks are told of it.

    Attributes:
        event_id: the same whenever the same event comes again.
        user_id: whose webhooks are told.
        happened_at: ISO 8601 in UTC; webhooks that were made later are not told.
        body: JSON, ``{"type", "timestamp", "data"}``.
    """

    event_id: str
    user_id: int
    event_type: str
    happened_at: str
    body: str


def of_change(change: Mapping[str, Any]) -> Message | None:
    """Return the message of a change of the workouts' feed; None if webhooks are not told of it.

    What an import does is told once, by ``import.completed``.
    """
    if change.get("imported"):
        return None
    # the moment, too: after workout_db was restored from a backup its ids come again
    key = f"workouts {change['id']} {change['changed_at']}"
    return _message(
        _CHANGES[change["kind"]],
        str(uuid.uuid5(_NAMESPACE, key)),
        change["user_id"],
        change["changed_at"],
        {name: change[name] for name in _TOLD_OF_CHANGES},
    )


def of_event(event_type: str, event: Mapping[str, Any]) -> Message:
    """Return the message of an event from an outbox.

    Args:
        event_type: one of :data:`schemas.webhooks.EVENTS`.
        event: with ``id``, ``user_id`` and ``happened_at``; what else is in it is told as it is.
    """
    data = {name: value for name, value in event.items() if name not in ("id", "happened_at")}
    return _message(event_type, event["id"], event["user_id"], event["happened_at"], data)


def of_test(webhook_id: int, user_id: int, now: str) -> Message:
    """Return the message of a test."""
    return _message(webhooks.TEST, str(uuid.uuid4()), user_id, now, {"webhook_id": webhook_id})


def _message(
    event_type: str, key: str, user_id: int, happened_at: str, data: Mapping[str, Any]
) -> Message:
    body = orjson.dumps({"type": event_type, "timestamp": happened_at, "data": data}).decode()
    return Message(f"evt_{key}", user_id, event_type, happened_at, body)
