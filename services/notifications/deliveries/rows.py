"""Deliveries in PostgreSQL.

``webhooks.due_at`` is when the next delivery of a webhook is due, so that finding work takes no
longer however many deliveries wait. Whoever adds one moves it to now; whoever has worked on a
webhook moves it to the first that is left, or to now if that is late: it waits behind all others
that are due. Both hold the webhook's row for that.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from schemas.webhooks import (
    DELIVERED,
    FAILED,
    FAILING,
    GONE,
    LARGEST_PAYLOADS,
    MOST_TESTS,
    MOST_WAITING,
    TEST,
    WAITING,
)
from services.notifications.rules.messages import Message
from services.notifications.rules.timetable import DAYS_BETWEEN_FAILURES, DAYS_OF_FAILURES
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

_SHOWN = f"""
    json_build_object('id', d.id, 'event_id', d.event_id, 'event_type', d.event_type,
        'status', d.status, 'attempts', d.attempts, 'created_at', {instant("d.created_at")},
        'last_attempt_at', {instant("d.last_attempt_at")},
        'next_attempt_at', CASE WHEN d.status = '{WAITING}'
            THEN {instant("d.next_attempt_at")} END,
        'response_status', d.response_status, 'problem', d.problem,
        'payload', CASE WHEN {{size}} <= {LARGEST_PAYLOADS} THEN d.body::json END)
"""
SHOWN = _SHOWN.format(size="octet_length(d.body)")
"""A delivery ``d``, whose payload is left out if it alone is too large for a page."""

# the ids first: of what is before the page no body is looked at
_LIST = Statement(
    f"""
    SELECT {_SHOWN.format(size="d.so_far")}
    FROM (
        SELECT deliveries.*, sum(octet_length(body)) OVER (ORDER BY id DESC) AS so_far
        FROM deliveries WHERE id = ANY(ARRAY(
            SELECT id FROM deliveries WHERE webhook_id = :webhook_id
            ORDER BY id DESC LIMIT :limit OFFSET :offset))
    ) d
    ORDER BY d.id DESC
    """
)
# by an index alone
_COUNT = Statement("SELECT count(*) FROM deliveries WHERE webhook_id = :webhook_id")
_COUNT_WAITING = Statement(
    f"""
    SELECT count(*) FROM (
        SELECT FROM deliveries WHERE webhook_id = :webhook_id AND status = '{WAITING}'
        LIMIT {MOST_WAITING}
    ) waiting
    """
)
_COUNT_TESTS = Statement(
    f"""
    SELECT count(*) FROM (
        SELECT FROM deliveries WHERE webhook_id = :webhook_id AND event_type = '{TEST}'
          AND created_at > now() - interval '1 day' LIMIT {MOST_TESTS}
    ) tests
    """
)
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
    WHERE d.webhook_id = :webhook_id AND d.id = :delivery_id
    RETURNING {SHOWN}
    """
)
# a statement of its own: one that held the row and looked for deliveries at once would not see
# those that were written by whoever held it before
_HOLD = Statement("SELECT FROM webhooks WHERE id = :webhook_id FOR NO KEY UPDATE")
_DUE_NOW = Statement("UPDATE webhooks SET due_at = now() WHERE id = :webhook_id")

# due again after a while, in case this process dies. An array: of a list of unknown length
# PostgreSQL expects so much that it reads all webhooks
_CLAIM_WEBHOOKS = Statement(
    f"""
    WITH due AS (
        SELECT id, user_id, due_at FROM webhooks
        WHERE is_enabled AND due_at <= now() AND (slowness > 0) = :is_slow
          AND id <> ALL(CAST(:busy AS bigint[])) AND user_id <> ALL(CAST(:busy_users AS bigint[]))
        ORDER BY due_at LIMIT :places FOR NO KEY UPDATE SKIP LOCKED
    ), numbered AS (
        SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY due_at, id) AS number FROM due
    )
    UPDATE webhooks SET due_at = now() + interval '{budgets.DELIVERY_LEASE_SECONDS} seconds'
    WHERE id = ANY(ARRAY(
        SELECT id FROM numbered WHERE number <= {budgets.DELIVERY_CLAIMS_OF_USER}))
    RETURNING id, user_id, url, slowness > 0,
        secret || ARRAY(
            SELECT previous.secret FROM (
                SELECT webhooks.previous_secret, webhooks.previous_until
                UNION ALL
                SELECT o.secret, o.holds_until FROM older_secrets o WHERE o.webhook_id = webhooks.id
            ) AS previous (secret, holds_until)
            WHERE holds_until > now() ORDER BY holds_until DESC)
    """
)
# An array: IN may become a nested loop, which asks the inner query for more rows whenever it has
# updated those that it found.
_CLAIM_DELIVERIES = Statement(
    f"""
    UPDATE deliveries SET attempts = attempts + 1, last_attempt_at = now(),
        next_attempt_at = now() + interval '{budgets.DELIVERY_LEASE_SECONDS} seconds'
    WHERE id = ANY(ARRAY(
        SELECT due.id
        FROM unnest(CAST(:webhook_ids AS bigint[])) AS w (id) CROSS JOIN LATERAL (
            SELECT id FROM deliveries
            WHERE webhook_id = w.id AND status = '{WAITING}' AND next_attempt_at <= now()
            ORDER BY next_attempt_at LIMIT {budgets.DELIVERIES_AT_ONCE}
            FOR UPDATE SKIP LOCKED) due))
    RETURNING webhook_id, id, event_id, event_type, body, attempts, last_attempt_at
    """
)
# what came of an attempt is of no meaning for another one: the delivery may have been asked for
# again meanwhile, or, if this process stood still for long, been attempted by another one
_OF_ATTEMPT = f"""
    id = :delivery_id AND status = '{WAITING}' AND attempts = :attempts
    AND last_attempt_at = :claimed_at
"""
_NOTE_DELIVERED = Statement(
    f"""
    UPDATE deliveries SET status = '{DELIVERED}', next_attempt_at = NULL,
        response_status = :response_status, problem = NULL
    WHERE {_OF_ATTEMPT}
    """
)
_NOTE_FAILED = Statement(
    f"""
    UPDATE deliveries SET
        status = CASE WHEN CAST(:seconds AS float8) IS NULL THEN '{FAILED}' ELSE status END,
        next_attempt_at = now() + make_interval(secs => CAST(:seconds AS float8)),
        response_status = :response_status, problem = :problem
    WHERE {_OF_ATTEMPT}
    """
)
# an address that was replaced meanwhile says nothing of the one that is there now
_NOTE_WELL = Statement(
    """
    UPDATE webhooks SET failing_since = NULL
    WHERE id = :webhook_id AND url = :url AND failing_since IS NOT NULL
    """
)
_FAILING_SINCE = f"""
    CASE WHEN last_failed_at > now() - interval '{DAYS_BETWEEN_FAILURES} days'
        THEN coalesce(failing_since, now()) ELSE now() END
"""
_HAS_FAILED_LONG = f"{_FAILING_SINCE} <= now() - interval '{DAYS_OF_FAILURES} days'"
_NOTE_ILL = Statement(
    f"""
    UPDATE webhooks SET failing_since = {_FAILING_SINCE}, last_failed_at = now(),
        is_enabled = NOT (:is_gone OR {_HAS_FAILED_LONG}),
        disabled_reason = CASE WHEN :is_gone THEN '{GONE}'
            WHEN {_HAS_FAILED_LONG} THEN '{FAILING}' ELSE disabled_reason END
    WHERE id = :webhook_id AND url = :url AND is_enabled
      AND EXISTS (SELECT FROM deliveries WHERE {_OF_ATTEMPT})
    RETURNING is_enabled
    """
)
_RELEASE = Statement(
    f"""
    UPDATE webhooks SET
        due_at = (
            SELECT greatest(next_attempt_at, now()) FROM deliveries
            WHERE webhook_id = :webhook_id AND status = '{WAITING}'
            ORDER BY next_attempt_at LIMIT 1),
        slowness = CASE WHEN :is_slow THEN {budgets.SLOW_FOR_BATCHES}
            ELSE greatest(slowness - 1, 0) END
    WHERE id = :webhook_id
    """
)
# those that are slow wait for each other, and delay nobody else
_LATE = Statement(
    """
    SELECT coalesce(extract(epoch FROM now() - min(due_at))::float8, 0) FROM webhooks
    WHERE is_enabled AND due_at <= now() AND slowness = 0
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
        is_slow: whether attempts took long lately.
        keys: its secrets, the newest first.
    """

    id: int
    user_id: int
    url: str
    is_slow: bool
    keys: tuple[bytes, ...]


class ClaimedDelivery(NamedTuple):
    """A delivery that this process attempts.

    Attributes:
        attempts: how often it was attempted, this time included.
        claimed_at: when this process has claimed it.
    """

    id: int
    event_id: str
    event_type: str
    body: str
    attempts: int
    claimed_at: datetime


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


def again(send: Send, fetch: Fetch, webhook_id: int, delivery_id: int) -> dict[str, Any] | None:
    """Let a delivery be attempted as if it were new, and return it, or None."""
    found = fetch(_AGAIN, webhook_id=webhook_id, delivery_id=delivery_id)
    send(_DUE_NOW, webhook_id=webhook_id)
    return found[0][0] if found else None


def count_waiting(fetch: Fetch, webhook_id: int) -> int:
    """Return how many deliveries wait for a webhook, or ``MOST_WAITING`` if these are more."""
    [(count,)] = fetch(_COUNT_WAITING, webhook_id=webhook_id)
    return int(count)


def count_tests(fetch: Fetch, webhook_id: int) -> int:
    """Return how many tests of a webhook there were within a day, or ``MOST_TESTS`` if more."""
    [(count,)] = fetch(_COUNT_TESTS, webhook_id=webhook_id)
    return int(count)


def hold(send: Send, webhook_id: int) -> None:
    """Hold a webhook until the transaction ends."""
    send(_HOLD, webhook_id=webhook_id)


def list_page(fetch: Fetch, webhook_id: int, page: int, limit: int) -> dict[str, Any]:
    """Return a page of the deliveries of a webhook, the newest first."""
    found = fetch(_LIST, limit=limit, offset=(page - 1) * limit, webhook_id=webhook_id)
    [(total,)] = fetch(_COUNT, webhook_id=webhook_id)
    return {"items": [row[0] for row in found], "total": total}


def claim_webhooks(
    fetch: Fetch, is_slow: bool, places: int, busy: Collection[int], busy_users: Collection[int]
) -> list[ClaimedWebhook]:
    """Return webhooks that are due, those first that have been for longest.

    Args:
        fetch: runs a statement.
        is_slow: those that are slow, or all others.
        places: at most so many.
        busy: webhooks that have all their places in this process.
        busy_users: users who may have no more.
    """
    found = fetch(
        _CLAIM_WEBHOOKS,
        is_slow=is_slow,
        places=places,
        busy=[*busy],
        busy_users=[*busy_users],
    )
    return [
        ClaimedWebhook(key, user_id, url, slow, tuple(bytes(secret) for secret in secrets))
        for key, user_id, url, slow, secrets in found
    ]


def claim_deliveries(
    fetch: Fetch, webhook_ids: Collection[int]
) -> dict[int, list[ClaimedDelivery]]:
    """Return some due deliveries of each webhook; no other process attempts them."""
    found: dict[int, list[ClaimedDelivery]] = {}
    for webhook_id, *delivery in fetch(_CLAIM_DELIVERIES, webhook_ids=[*webhook_ids]):
        found.setdefault(webhook_id, []).append(ClaimedDelivery(*delivery))
    return found


def note_delivered(
    send: Send, webhook: ClaimedWebhook, delivery: ClaimedDelivery, status: int | None
) -> None:
    """Note that a receiver has accepted a delivery; :func:`hold` the webhook before."""
    send(_NOTE_WELL, webhook_id=webhook.id, url=webhook.url)
    send(_NOTE_DELIVERED, response_status=status, **_attempt(delivery))


def note_failed(
    send: Send,
    fetch: Fetch,
    webhook: ClaimedWebhook,
    delivery: ClaimedDelivery,
    seconds: float | None,
    status: int | None,
    problem: str,
    is_gone: bool,
) -> bool:
    """Note that an attempt failed, and return whether that has disabled the webhook.

    Args:
        send: runs a statement of a transaction that :func:`hold` s the webhook.
        fetch: the same.
        webhook: the webhook.
        delivery: which was attempted.
        seconds: until the next attempt; None if there is none.
        status: of the response, if there was one.
        problem: what went wrong, in a sentence.
        is_gone: whether the receiver wants nothing any more.
    """
    attempt = _attempt(delivery)
    ill = fetch(_NOTE_ILL, webhook_id=webhook.id, url=webhook.url, is_gone=is_gone, **attempt)
    send(_NOTE_FAILED, seconds=seconds, response_status=status, problem=problem, **attempt)
    return bool(ill) and not ill[0][0]


def release(send: Send, webhook_id: int, is_slow: bool) -> None:
    """Note when the next delivery of a webhook is due; :func:`hold` it before.

    Args:
        send: runs a statement of a transaction.
        webhook_id: which one.
        is_slow: whether an attempt took long.
    """
    send(_RELEASE, webhook_id=webhook_id, is_slow=is_slow)


def late_seconds(fetch: Fetch) -> float:
    """Return how long the webhook that waits longest has been due, of those that are not slow."""
    [(seconds,)] = fetch(_LATE)
    return float(seconds)


def clean(fetch: Fetch) -> bool:
    """Delete some old deliveries, and return whether there may be more."""
    [(count,)] = fetch(_CLEAN)
    return count == CLEANED_AT_ONCE


def _attempt(delivery: ClaimedDelivery) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "attempts": delivery.attempts,
        "claimed_at": delivery.claimed_at,
    }
