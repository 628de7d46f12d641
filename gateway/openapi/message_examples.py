"""Examples of the messages that receivers of webhooks get."""

from typing import Any

from gateway.openapi.examples import LISTED_IMPORT, WEEKLY_SUMMARY
from schemas import webhooks

HAPPENED_AT = "2025-02-16T18:30:00.123456Z"

_WORKOUT = {"workout_id": 15, "user_id": 7, "version": 1, "date": "2025-02-16"}
_BEST = {"value": 102.5, "unit": "kg", "achieved_date": "2025-02-16", "workout_id": 15}
_RECORD = {
    "user_id": 7,
    "exercise_id": 1,
    "exercise_name": "Barbell Bench Press",
    "kind": "max_weight",
    "weight_kg": None,
    "old": None,
    "new": _BEST,
    "workout_id": 15,
}
_DATA: dict[str, dict[str, Any]] = {
    webhooks.WORKOUT_CREATED: _WORKOUT,
    webhooks.WORKOUT_UPDATED: _WORKOUT | {"version": 2},
    webhooks.WORKOUT_DELETED: _WORKOUT | {"version": 2},
    webhooks.RECORD_SET: _RECORD,
    webhooks.RECORD_REVOKED: _RECORD | {"old": _BEST, "new": None},
    webhooks.IMPORT_COMPLETED: {
        "user_id": 7,
        "import_id": LISTED_IMPORT["id"],
        "status": "applied",
        **{name: LISTED_IMPORT[name] for name in ("source", "counts", "added", "updated", "kept")},
    },
    webhooks.WEEKLY_SUMMARY: {
        "user_id": 7,
        "week": WEEKLY_SUMMARY["week"],
        "summary": WEEKLY_SUMMARY,
    },
    webhooks.TEST: {"webhook_id": 4},
}

MESSAGES = {
    name: {"type": name, "timestamp": HAPPENED_AT, "data": data} for name, data in _DATA.items()
}
