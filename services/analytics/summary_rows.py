"""Summaries of weeks as they are stored, the event that tells of each, and who is due."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

from schemas.stats import WEEKLY_SETS_LEAST, WEEKLY_SETS_MOST
from schemas.weeks import DEFAULT_GOAL
from services.analytics.columns import as_json
from services.analytics.rules.muscles import Band
from services.analytics.rules.weeks import week_name
from services.analytics.week_reads import Settings
from services.process import cells
from services.transport.postgres.expressions import instant, may_hold
from services.transport.postgres.statements import Fetch, Statement

WEEKLY_SUMMARY_READY = "weekly_summary_ready"

NOT_SET = ""
"""Stands for the time zone of who has set none, which is UTC."""

LEASE_SECONDS = 30
"""One process at a time makes summaries; another takes over when this one is silent so long. Two
at once only do the same work twice."""

_HOLD = Statement(
    f"""
    UPDATE summaries_lease
    SET holder = :holder, held_until = now() + interval '{LEASE_SECONDS} seconds'
    WHERE {may_hold(LEASE_SECONDS)}
    RETURNING holder
    """
)

_ZONES = Statement("SELECT DISTINCT time_zone FROM user_settings WHERE time_zone IS NOT NULL")

# A page of those who have trained in the week, by an index, with whether they are due: so each
# statement takes a few milliseconds, however many users there are and are not due. Of users who are
# on their way to another cell, or came from there and are not served here yet, one cell makes a
# summary: that in which they are then.
_PAGE = Statement(
    f"""
    WITH trained AS MATERIALIZED (
        SELECT user_id FROM progress_snapshots
        WHERE period_type = 'week' AND period_start = :monday AND user_id > :after
        ORDER BY user_id LIMIT :limit
    )
    SELECT t.user_id, s.weekly_goal, s.weekly_sets_least, s.weekly_sets_most,
        coalesce(s.time_zone, '{NOT_SET}') = ANY(CAST(:zones AS text[]))
        AND NOT EXISTS (
            SELECT FROM weekly_summaries w WHERE w.user_id = t.user_id AND w.week = :week)
        AND NOT EXISTS (
            SELECT FROM bucket_states b
            WHERE b.bucket = mod(t.user_id, {cells.BUCKETS}) AND b.state <> '{cells.HERE}')
    FROM trained t
    LEFT JOIN LATERAL (SELECT * FROM user_settings u WHERE u.user_id = t.user_id OFFSET 0) s ON true
    ORDER BY t.user_id
    """
)

_SETTINGS = Statement(
    """
    SELECT time_zone, weekly_goal, weekly_sets_least, weekly_sets_most
    FROM user_settings WHERE user_id = :user_id
    """
)

# One statement, and so one transaction: an event is written for each row that was, and no other.
# Which process writes the row is decided by the table's key.
_WRITE = Statement(
    f"""
    WITH made AS (
        INSERT INTO weekly_summaries (user_id, week, summary)
        SELECT user_id, CAST(:week AS text), summary
        FROM json_to_recordset(CAST(:summaries AS json)) AS given (user_id bigint, summary jsonb)
        WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.user_id = given.user_id)
        ON CONFLICT (user_id, week) DO NOTHING
        RETURNING user_id, summary
    )
    INSERT INTO record_events (event_type, user_id, payload)
    SELECT '{WEEKLY_SUMMARY_READY}', user_id, json_build_object(
        'user_id', user_id, 'week', CAST(:week AS text), 'summary', summary)
    FROM made
    RETURNING user_id
    """
)

_STORED = f"summary, {instant('made_at')}"
_FIND = Statement(
    f"SELECT {_STORED} FROM weekly_summaries WHERE user_id = :user_id AND week = :week"
)
_LATER = Statement(
    f"""
    SELECT {_STORED} FROM weekly_summaries WHERE user_id = :user_id AND week > :after
    ORDER BY week LIMIT :limit
    """
)


class Page(NamedTuple):
    """Some users who have trained in a week: those who are due, and where the next page begins.

    ``after`` is None on the last page.
    """

    due: dict[int, Settings]
    after: int | None


def hold(fetch: Fetch, holder: str) -> bool:
    """Return whether this process may make summaries now.

    Args:
        fetch: runs a statement.
        holder: a name of this process that no other has.
    """
    return bool(fetch(_HOLD, holder=holder))


def time_zones(fetch: Fetch) -> list[str]:
    """Return the time zones that users have set."""
    return [name for (name,) in fetch(_ZONES)]


def page(fetch: Fetch, monday: date, zones: Collection[str], after: int, limit: int) -> Page:
    """Return a page of the users who have trained in a week.

    Args:
        fetch: runs a statement.
        monday: the week's.
        zones: where the week is the last that has ended; :data:`NOT_SET` for UTC.
        after: the greatest user id of the page before; 0 for the first.
        limit: users in a page.
    """
    values = {"monday": monday, "week": week_name(monday), "zones": list(zones)}
    rows = fetch(_PAGE, after=after, limit=limit, **values)
    due = {user_id: _settings(*those) for user_id, *those, is_due in rows if is_due}
    return Page(due, rows[-1][0] if len(rows) == limit else None)


def settings_of(fetch: Fetch, user_id: int) -> tuple[str | None, Settings]:
    """Return the time zone of a user, and what they have set."""
    rows = fetch(_SETTINGS, user_id=user_id) or [(None, None, None, None)]
    time_zone, *others = rows[0]
    return time_zone, _settings(*others)


def write(fetch: Fetch, monday: date, summaries: Mapping[int, dict[str, Any]]) -> int:
    """Store summaries of a week that are not there yet, each with its event; return how many.

    Args:
        fetch: runs a statement.
        monday: the week's.
        summaries: by the ids of their users.
    """
    rows = [{"user_id": user_id, "summary": each} for user_id, each in summaries.items()]
    return len(fetch(_WRITE, week=week_name(monday), summaries=as_json(rows)))


def find(fetch: Fetch, user_id: int, week: str) -> dict[str, Any] | None:
    """Return a stored summary with ``made_at``, or None."""
    rows = fetch(_FIND, user_id=user_id, week=week)
    return {"summary": rows[0][0], "made_at": rows[0][1]} if rows else None


def after_week(fetch: Fetch, user_id: int, week: str, limit: int) -> list[dict[str, Any]]:
    """Return some stored summaries of a user of the weeks after one, oldest first."""
    rows = fetch(_LATER, user_id=user_id, after=week, limit=limit)
    return [{**summary, "made_at": made_at} for summary, made_at in rows]


def _settings(goal: int | None, least: int | None, most: int | None) -> Settings:
    band = Band(least or WEEKLY_SETS_LEAST, most or WEEKLY_SETS_MOST)
    return Settings(goal or DEFAULT_GOAL, band)
