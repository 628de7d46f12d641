"""Webhooks in PostgreSQL."""

from collections.abc import Iterable
from typing import Any

from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Send, Statement

PREVIOUS_SECRET_HOURS = 24
"""For so long messages are also signed by a secret that was replaced."""

SHOWN = f"""
    json_build_object('id', w.id, 'url', w.url, 'description', w.description, 'events', w.events,
        'is_enabled', w.is_enabled, 'disabled_reason', w.disabled_reason,
        'failing_since', {instant("w.failing_since")},
        'previous_secret_until', CASE WHEN w.previous_until > now()
            THEN {instant("w.previous_until")} END,
        'created_at', {instant("w.created_at")}, 'updated_at', {instant("w.updated_at")})
"""

# 7307 is a class of locks of ours: of two requests at once the second counts the row of the first
_HOLD_USER = Statement(
    "SELECT pg_advisory_xact_lock(7307, CAST(mod(CAST(:user_id AS bigint), 2147483647) AS integer))"
)
_COUNT = Statement("SELECT count(*) FROM webhooks WHERE user_id = :user_id")
_INSERT = Statement(
    f"""
    INSERT INTO webhooks AS w (user_id, url, description, events, secret)
    VALUES (:user_id, :url, :description, :events, :secret)
    RETURNING {SHOWN}
    """
)
_LISTENERS = Statement(
    """
    SELECT DISTINCT user_id FROM webhooks
    WHERE user_id = ANY(CAST(:user_ids AS bigint[])) AND is_enabled
    """
)
_LIST = Statement(f"SELECT {SHOWN} FROM webhooks w WHERE w.user_id = :user_id ORDER BY w.id")
_GET_TEXT = f"SELECT {SHOWN} FROM webhooks w WHERE w.user_id = :user_id AND w.id = :webhook_id"
_GET = Statement(_GET_TEXT)
_HOLD = Statement(f"{_GET_TEXT} FOR NO KEY UPDATE")
# one that is enabled again begins anew, with what was waiting for it
_UPDATE = Statement(
    f"""
    UPDATE webhooks AS w SET
        url = coalesce(CAST(:url AS text), url),
        description = CASE WHEN :sets_description
            THEN CAST(:description AS varchar) ELSE description END,
        events = coalesce(CAST(:events AS text[]), events),
        is_enabled = coalesce(CAST(:is_enabled AS boolean), is_enabled),
        disabled_reason = CASE WHEN CAST(:is_enabled AS boolean) THEN NULL ELSE disabled_reason END,
        failing_since = CASE WHEN CAST(:is_enabled AS boolean) THEN NULL ELSE failing_since END,
        due_at = CASE WHEN CAST(:is_enabled AS boolean) THEN now() ELSE due_at END,
        updated_at = now()
    WHERE user_id = :user_id AND id = :webhook_id
    RETURNING {SHOWN}
    """
)
_DELETE = Statement(
    "DELETE FROM webhooks WHERE user_id = :user_id AND id = :webhook_id RETURNING id"
)
# one that is replaced still holds, and so do those before it for what is left of their time
_COUNT_PREVIOUS = Statement(
    """
    SELECT count(*) FROM (
        SELECT previous_until FROM webhooks WHERE id = :webhook_id
        UNION ALL SELECT holds_until FROM older_secrets WHERE webhook_id = :webhook_id
    ) AS previous (holds_until) WHERE holds_until > now()
    """
)
_KEEP_PREVIOUS = Statement(
    """
    INSERT INTO older_secrets (webhook_id, secret, holds_until)
    SELECT id, previous_secret, previous_until FROM webhooks
    WHERE user_id = :user_id AND id = :webhook_id AND previous_until > now()
    """
)
_ROTATE = Statement(
    f"""
    UPDATE webhooks AS w SET secret = :secret, previous_secret = secret,
        previous_until = now() + interval '{PREVIOUS_SECRET_HOURS} hours', updated_at = now()
    WHERE user_id = :user_id AND id = :webhook_id
    RETURNING {SHOWN}
    """
)
_FORGET_SECRETS = Statement(
    "UPDATE webhooks SET previous_secret = NULL, previous_until = NULL"
    " WHERE previous_until <= now()"
)
_FORGET_OLDER_SECRETS = Statement("DELETE FROM older_secrets WHERE holds_until <= now()")


def count_for_another(send: Send, fetch: Fetch, user_id: int) -> int:
    """Return how many webhooks a user has; no other is added before the transaction ends."""
    send(_HOLD_USER, user_id=user_id)
    [(count,)] = fetch(_COUNT, user_id=user_id)
    return int(count)


def insert(fetch: Fetch, user_id: int, values: dict[str, Any], secret: bytes) -> dict[str, Any]:
    """Insert a webhook, and return what is shown of it."""
    [(shown,)] = fetch(_INSERT, user_id=user_id, secret=secret, **values)
    return shown


def list_all(fetch: Fetch, user_id: int) -> list[dict[str, Any]]:
    """Return a user's webhooks, the oldest first."""
    return [row[0] for row in fetch(_LIST, user_id=user_id)]


def listeners(fetch: Fetch, user_ids: Iterable[int]) -> set[int]:
    """Return those of some users who have a webhook that is not disabled.

    Nobody else need be told of an event that is over: a webhook that is made later is not.
    """
    return {user_id for (user_id,) in fetch(_LISTENERS, user_ids=[*user_ids])}


def get(fetch: Fetch, user_id: int, webhook_id: int) -> dict[str, Any] | None:
    """Return a webhook, or None."""
    return _only(fetch(_GET, user_id=user_id, webhook_id=webhook_id))


def hold(fetch: Fetch, user_id: int, webhook_id: int) -> dict[str, Any] | None:
    """Return a webhook, or None; nobody else changes it before the transaction ends."""
    return _only(fetch(_HOLD, user_id=user_id, webhook_id=webhook_id))


def update(
    fetch: Fetch, user_id: int, webhook_id: int, changes: dict[str, Any]
) -> dict[str, Any] | None:
    """Change the fields that are given, and return the webhook, or None."""
    values = {name: changes.get(name) for name in ("url", "description", "events", "is_enabled")}
    return _only(
        fetch(
            _UPDATE,
            user_id=user_id,
            webhook_id=webhook_id,
            sets_description="description" in changes,
            **values,
        )
    )


def delete(fetch: Fetch, user_id: int, webhook_id: int) -> bool:
    """Delete a webhook with its deliveries, and return whether the user had it."""
    return bool(fetch(_DELETE, user_id=user_id, webhook_id=webhook_id))


def count_previous_secrets(fetch: Fetch, webhook_id: int) -> int:
    """Return how many secrets that were replaced still hold."""
    [(count,)] = fetch(_COUNT_PREVIOUS, webhook_id=webhook_id)
    return int(count)


def rotate(
    send: Send, fetch: Fetch, user_id: int, webhook_id: int, secret: bytes
) -> dict[str, Any] | None:
    """Give a webhook another secret, and return it, or None; :func:`hold` it before.

    Those that it had hold for the time that was promised for each.
    """
    send(_KEEP_PREVIOUS, user_id=user_id, webhook_id=webhook_id)
    return _only(fetch(_ROTATE, user_id=user_id, webhook_id=webhook_id, secret=secret))


def forget_previous_secrets(send: Send) -> None:
    """Delete the secrets that hold no longer."""
    send(_FORGET_SECRETS)
    send(_FORGET_OLDER_SECRETS)


def _only(rows: list[tuple[Any, ...]]) -> dict[str, Any] | None:
    return rows[0][0] if rows else None
