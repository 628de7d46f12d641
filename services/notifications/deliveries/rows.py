"""Deliveries in PostgreSQL.

``webhooks.due_at`` is when the next delivery of a webhook is due, so that finding work takes no
longer however many deliveries wait. Whoever adds one moves it to now; whoever has worked on a
webhook moves it to the first that is left. Both hold the webhook's row for that.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import orjson

from schemas.webhooks import DELIVERED, FAILED, FAILING, GONE, WAITING
from services.notifications.rules.messages import Message
from services.notifications.rules.timetable import DAYS_OF_FAILURES
from services.process import budgets
from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Send, Statement

KEPT_DAYS = 30
"""An older event is told no more: nobody would know any longer that it was told before."""

CLEANED_AT_ONCE = 1000

_MESSAGES = """
    json_to_recordset(CAST(:messages AS json)) AS m (event_id text, user_id bigint,
        event_type text, happened_at timestamptz, body text)
"""
# a webhook that is deleted meanwhile is left out, as its row is waited for
_WRITE = Statement(
    f"""
    WITH told AS (
        SELECT w.id, w.user_id, m.event_id, m.event_type, m.body
        FROM {_MESSAGES} JOIN webhooks w ON w.user_id = m.user_id
        WHERE w.is_enabled AND m.event_type = ANY(w.events) AND w.created_at <= m.happened_at
          AND m.happened_at > now() - interval '{KEPT_DAYS} days'
        ORDER BY w.id
        FOR NO KEY UPDATE OF w
    )
    INSERT INTO deliveries (webhook_id, user_id, event_id, event_type, body)
    SELECT id, user_id, event_id, event_type, body FROM told
    ON CONFLICT (webhook_id, event_id) DO NOTHING
    RETURNING webhook_id
    """
)
# a statement of its own: of a webhook that it has updated the one above would lock no further row
_ALL_DUE_NOW = Statement(
    "UPDATE webhooks SET due_at = now() WHERE id = ANY(CAST(:webhook_ids AS bigint[]))"
)

SHOWN = f"""
    json_build_object('id', d.id, 'event_id', d.event_id, 'event_type', d.event_type,
        'status', d.status, 'attempts', d.attempts, 'created_at', {instant("d.created_at")},
        'last_attempt_at', {instant("d.last_attempt_at")},
        'next_attempt_at', CASE WHEN d.status = '{WAITING}'
            THEN {instant("d.next_attempt_at")} END,
        'response_status', d.response_status, 'problem', d.problem, 'payload', d.body::json)
"""
_OF_WEBHOOK = "d.user_id = :user_id AND d.webhook_id = :webhook_id"
_LIST = Statement(
    f"""
    SELECT {SHOWN} FROM deliveries d WHERE {_OF_WEBHOOK}
    ORDER BY d.id DESC LIMIT :limit OFFSET :offset
    """
)
_COUNT = Statement(f"SELECT count(*) FROM deliveries d WHERE {_OF_WEBHOOK}")
_PUT = Statement(
    f"""
    INSERT INTO deliveries AS d (webhook_id, user_id, event_id, event_type, body)
    VALUES (:webhook_id, :user_id, :event_id, :event_type, :body)
    RETURNING {SHOWN}
    """
)
_AGAIN = Statement(
    f"""
    UPDATE deliveries AS d SET status = '{WAITING}', attempts = 0, next_attempt_at = now()
    WHERE {_OF_WEBHOOK} AND d.id = :delivery_id
    RETURNING {SHOWN}
    """
)
# a statement of its own: one that held the row and looked for deliveries at once would not see
# those that were written by whoever held it before
_HOLD = Statement("SELECT FROM webhooks WHERE id = :webhook_id FOR NO KEY UPDATE")
_DUE_NOW = Statement("UPDATE webhooks SET due_at = now() WHERE id = :webhook_id")

# due again after a while, in case this process dies
_CLAIM_WEBHOOKS = Statement(
    f"""
    UPDATE webhooks SET due_at = now() + interval '{budgets.DELIVERY_LEASE_SECONDS} seconds'
    WHERE id IN (
        SELECT id FROM webhooks
        WHERE is_enabled AND due_at <= now() AND id <> ALL(CAST(:busy AS bigint[]))
          AND (failing_since IS NULL OR :with_failing)
        ORDER BY due_at LIMIT :places FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id, user_id, url, secret,
        CASE WHEN previous_until > now() THEN previous_secret END, failing_since IS NOT NULL
    """
)
_CLAIM_DELIVERIES = Statement(
    f"""
    UPDATE deliveries SET attempts = attempts + 1, last_attempt_at = now(),
        next_attempt_at = now() + interval '{budgets.DELIVERY_LEASE_SECONDS} seconds'
    WHERE id IN (
        SELECT due.id
        FROM unnest(CAST(:webhook_ids AS bigint[])) AS w (id) CROSS JOIN LATERAL (
            SELECT id FROM deliveries
            WHERE webhook_id = w.id AND status = '{WAITING}' AND next_attempt_at <= now()
            ORDER BY next_attempt_at, id LIMIT {budgets.DELIVERIES_AT_ONCE}
            FOR UPDATE SKIP LOCKED) due)
    RETURNING webhook_id, id, event_id, event_type, body, attempts
    """
)
_NOTE_DELIVERED = Statement(
    f"""
    UPDATE deliveries SET status = '{DELIVERED}', next_attempt_at = NULL,
        response_status = :response_status, problem = NULL
    WHERE id = :delivery_id
    """
)
_NOTE_WELL = Statement(
    "UPDATE webhooks SET failing_since = NULL WHERE id = :webhook_id AND failing_since IS NOT NULL"
)
_NOTE_FAILED = Statement(
    f"""
    UPDATE deliveries SET
        status = CASE WHEN CAST(:seconds AS float8) IS NULL THEN '{FAILED}' ELSE status END,
        next_attempt_at = now() + make_interval(secs => CAST(:seconds AS float8)),
        response_status = :response_status, problem = :problem
    WHERE id = :delivery_id
    """
)
_NOTE_ILL = Statement(
    f"""
    UPDATE webhooks SET failing_since = coalesce(failing_since, now()),
        is_enabled = is_enabled AND NOT (:is_gone OR coalesce(
            failing_since <= now() - interval '{DAYS_OF_FAILURES} days', false)),
        disabled_reason = CASE WHEN :is_gone THEN '{GONE}'
            WHEN failing_since <= now() - interval '{DAYS_OF_FAILURES} days' THEN '{FAILING}'
            ELSE disabled_reason END
    WHERE id = :webhook_id AND is_enabled
    RETURNING is_enabled
    """
)
_RELEASE = Statement(
    f"""
    UPDATE webhooks SET due_at = (
        SELECT min(next_attempt_at) FROM deliveries
        WHERE webhook_id = :webhook_id AND status = '{WAITING}')
    WHERE id = :webhook_id
    """
)
# those that fail wait for each other, and delay nobody else
_LATE = Statement(
    """
    SELECT coalesce(extract(epoch FROM now() - min(due_at))::float8, 0) FROM webhooks
    WHERE is_enabled AND due_at <= now() AND failing_since IS NULL
    """
)
_CLEAN = Statement(
    f"""
    WITH found AS (
        SELECT id FROM deliveries WHERE created_at < now() - interval '{KEPT_DAYS} days'
        ORDER BY created_at LIMIT {CLEANED_AT_ONCE} FOR UPDATE SKIP LOCKED
    ), deleted AS (
        DELETE FROM deliveries WHERE id IN (SELECT id FROM found)
    )
    SELECT count(*) FROM found
    """
)


class ClaimedWebhook(NamedTuple):
    """A webhook that this process works on.

    Attributes:
        keys: its secrets, the newest first.
    """

    id: int
    user_id: int
    url: str
    keys: tuple[bytes, ...]
    is_failing: bool


class ClaimedDelivery(NamedTuple):
    """A delivery that this process attempts.

    Attributes:
        attempts: how often it was attempted, this time included.
    """

    id: int
    event_id: str
    event_type: str
    body: str
    attempts: int


def write(send: Send, fetch: Fetch, messages: Collection[Message]) -> bool:
    """Write a delivery of each message for each webhook that is to be told of it, once.

    Args:
        send: runs a statement of a transaction.
        fetch: the same.
        messages: of any users.

    Returns:
        Whether any was written.

    Raises:
        Unauthorized: a user was erased.
    """
    if not messages:
        return False
    given = [message._asdict() for message in messages]
    found = fetch(_WRITE, messages=orjson.dumps(given).decode())
    if found:
        send(_ALL_DUE_NOW, webhook_ids=sorted({webhook_id for (webhook_id,) in found}))
    return bool(found)


def put(send: Send, fetch: Fetch, webhook_id: int, message: Message) -> dict[str, Any]:
    """Write a delivery for one webhook, whatever it is told of, and return it."""
    values = {
        name: getattr(message, name) for name in ("user_id", "event_id", "event_type", "body")
    }
    [(shown,)] = fetch(_PUT, webhook_id=webhook_id, **values)
    send(_DUE_NOW, webhook_id=webhook_id)
    return shown


def again(
    send: Send, fetch: Fetch, user_id: int, webhook_id: int, delivery_id: int
) -> dict[str, Any] | None:
    """Let a delivery be attempted as if it were new, and return it, or None."""
    found = fetch(_AGAIN, user_id=user_id, webhook_id=webhook_id, delivery_id=delivery_id)
    send(_DUE_NOW, webhook_id=webhook_id)
    return found[0][0] if found else None


def hold(send: Send, webhook_id: int) -> None:
    """Hold a webhook until the transaction ends."""
    send(_HOLD, webhook_id=webhook_id)


def list_page(fetch: Fetch, user_id: int, webhook_id: int, page: int, limit: int) -> dict[str, Any]:
    """Return a page of the deliveries of a webhook, the newest first."""
    of_webhook = {"user_id": user_id, "webhook_id": webhook_id}
    found = fetch(_LIST, limit=limit, offset=(page - 1) * limit, **of_webhook)
    [(total,)] = fetch(_COUNT, **of_webhook)
    return {"items": [row[0] for row in found], "total": total}


def claim_webhooks(
    fetch: Fetch, busy: Collection[int], places: int, with_failing: bool
) -> list[ClaimedWebhook]:
    """Return webhooks that are due, those first that have been for longest.

    Args:
        fetch: runs a statement.
        busy: those that this process works on.
        places: at most so many.
        with_failing: also those of which the last attempt failed.
    """
    found = fetch(_CLAIM_WEBHOOKS, busy=[*busy], places=places, with_failing=with_failing)
    return [
        ClaimedWebhook(key, user_id, url, _keys(secret, previous), is_failing)
        for key, user_id, url, secret, previous, is_failing in found
    ]


def claim_deliveries(
    fetch: Fetch, webhook_ids: Collection[int]
) -> dict[int, list[ClaimedDelivery]]:
    """Return some due deliveries of each webhook; no other process attempts them."""
    found: dict[int, list[ClaimedDelivery]] = {}
    for webhook_id, *delivery in fetch(_CLAIM_DELIVERIES, webhook_ids=[*webhook_ids]):
        found.setdefault(webhook_id, []).append(ClaimedDelivery(*delivery))
    return found


def note_delivered(send: Send, webhook_id: int, delivery_id: int, status: int | None) -> None:
    """Note that a receiver has accepted a delivery."""
    send(_NOTE_WELL, webhook_id=webhook_id)
    send(_NOTE_DELIVERED, delivery_id=delivery_id, response_status=status)


def note_failed(
    send: Send,
    fetch: Fetch,
    webhook_id: int,
    delivery: ClaimedDelivery,
    seconds: float | None,
    status: int | None,
    problem: str,
    is_gone: bool,
) -> bool:
    """Note that an attempt failed, and return whether that has disabled the webhook.

    Args:
        send: runs a statement of a transaction.
        fetch: the same.
        webhook_id: the webhook.
        delivery: which was attempted.
        seconds: until the next attempt; None if there is none.
        status: of the response, if there was one.
        problem: what went wrong, in a sentence.
        is_gone: whether the receiver wants nothing any more.
    """
    ill = fetch(_NOTE_ILL, webhook_id=webhook_id, is_gone=is_gone)
    send(
        _NOTE_FAILED,
        delivery_id=delivery.id,
        seconds=seconds,
        response_status=status,
        problem=problem,
    )
    return bool(ill) and not ill[0][0]


def release(send: Send, webhook_id: int) -> None:
    """Note when the next delivery of a webhook is due; :func:`hold` it before."""
    send(_RELEASE, webhook_id=webhook_id)


def late_seconds(fetch: Fetch) -> float:
    """Return how long the webhook that waits longest has been due; those that fail don't count."""
    [(seconds,)] = fetch(_LATE)
    return float(seconds)


def clean(fetch: Fetch) -> bool:
    """Delete some old deliveries, and return whether there may be more."""
    [(count,)] = fetch(_CLEAN)
    return count == CLEANED_AT_ONCE


def _keys(secret: Any, previous: Any) -> tuple[bytes, ...]:
    return tuple(bytes(key) for key in (secret, previous) if key is not None)
