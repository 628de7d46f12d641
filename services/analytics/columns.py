"""Keys, rows and numbers as PostgreSQL takes and returns them.

Keys and rows are sent as JSON documents. Numbers travel as text in both directions: Python's JSON
parsers make floats of them, which are not exact.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from services.analytics.rules.changes import ExerciseKey, PeriodKey
from services.analytics.rules.history import Lifetime
from services.analytics.rules.periods import period_end

# as text, which PostgreSQL reads as the exact number; a TypeError if it is no decimal
_exactly = Decimal.__str__


def exercise_columns(key: ExerciseKey) -> dict[str, Any]:
    """Return the columns that a user and an exercise are found by."""
    user_id, exercise_id = key
    return {"user_id": user_id, "exercise_id": exercise_id}


def period_columns(key: PeriodKey) -> dict[str, Any]:
    """Return the columns of a week or a month of a user."""
    user_id, unit, start = key
    return {
        "user_id": user_id,
        "period_type": unit,
        "period_start": start,
        "period_end": period_end(start, unit),
    }


def lifetime(
    name: str,
    max_weight: str | None,
    volume: str,
    sets: int,
    workouts: int,
    day: str,
    last_id: int,
    rep_type: str | None,
    started_at: str | None,
) -> Lifetime:
    """Return the whole of a history, from a JSON array of ``exercise_stats``."""
    return Lifetime(
        name,
        exact(max_weight),
        Decimal(volume),
        sets,
        workouts,
        date.fromisoformat(day),
        last_id,
        rep_type,
        moment(started_at),
    )


def exact(text: str | None) -> Decimal | None:
    """Return a number that PostgreSQL gave as text."""
    return None if text is None else Decimal(text)


def moment(text: str | None) -> datetime | None:
    """Return a moment that PostgreSQL gave as text."""
    return None if text is None else datetime.fromisoformat(text)


def as_json(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as one JSON document for ``json_to_recordset``; None is null."""
    return orjson.dumps(list(rows), default=_exactly).decode()
