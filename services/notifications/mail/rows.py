"""Mails in PostgreSQL, each with what it tells and without an address."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from services.dependencies.mail.outbox import Outbox
from services.transport.postgres.statements import Send, Statement

WEEKLY_SUMMARY = "weekly_summary"
WEBHOOK_DISABLED = "webhook_disabled"

USEFUL_DAYS = 5
"""For so long a mail is tried, from what it tells of; what happened earlier is told in none."""

# its row stays until it would be given up, so that an event that comes again makes no second one
OUTBOX = Outbox(
    "pending_mails",
    ["kind", "content"],
    once_done="UPDATE pending_mails SET content = NULL, next_try_at = NULL WHERE id = :mail_id",
)

_WRITE_SUMMARIES = Statement(
    f"""
    INSERT INTO pending_mails (user_id, kind, key, content, give_up_at)
    SELECT m.user_id, '{WEEKLY_SUMMARY}', m.week, m.summary,
        m.happened_at + interval '{USEFUL_DAYS} days'
    FROM json_to_recordset(CAST(:summaries AS json))
        AS m (user_id bigint, week text, summary jsonb, happened_at timestamptz)
    WHERE m.happened_at > now() - interval '{USEFUL_DAYS} days'
    ON CONFLICT (user_id, kind, key) DO NOTHING
    """
)
# each disabling is told, so the moment is part of what it is known by
_WRITE_DISABLED = Statement(
    f"""
    INSERT INTO pending_mails (user_id, kind, key, content, give_up_at)
    VALUES (:user_id, '{WEBHOOK_DISABLED}', CAST(:webhook_id AS text) || ' ' || clock_timestamp(),
        json_build_object('webhook_id', CAST(:webhook_id AS bigint), 'host', CAST(:host AS text),
            'reason', CAST(:reason AS text)),
        now() + interval '{USEFUL_DAYS} days')
    """
)


def write_summaries(send: Send, events: Iterable[Mapping[str, Any]]) -> None:
    """Write a mail for each summary of a week, once.

    Args:
        send: runs a statement of a transaction.
        events: each has ``user_id``, ``week``, ``summary`` and ``happened_at``.

    Raises:
        Unauthorized: a user was erased.
    """
    names = ("user_id", "week", "summary", "happened_at")
    given = [{name: event[name] for name in names} for event in events]
    send(_WRITE_SUMMARIES, summaries=orjson.dumps(given).decode())


def write_disabled(send: Send, user_id: int, webhook_id: int, host: str, reason: str) -> None:
    """Write a mail about a webhook that the system has disabled.

    Args:
        send: runs a statement of the transaction that disables it.
        user_id: whose it is.
        webhook_id: its id.
        host: where it leads to.
        reason: ``gone`` or ``failing``.

    Raises:
        Unauthorized: the user was erased.
    """
    send(_WRITE_DISABLED, user_id=user_id, webhook_id=webhook_id, host=host, reason=reason)
