"""Answers about a user's numbers, through the cache."""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from services.analytics import store
from services.analytics.history import data_points, range_start, shown_stats
from services.analytics.periods import period_starts
from services.analytics.progress import UNITS, listed
from services.analytics.trend import WINDOW, trend_30d
from services.dependencies import versions
from services.dependencies.cache import Cache
from services.dependencies.database import Database

RECORDS_SECONDS = 24 * 3600
OTHER_SECONDS = 3600


class StatsAnswers:
    """Answers from one database and its cache, as of today.

    What is kept stays until the user's numbers change; what depends on today, until midnight.
    """

    def __init__(self, database: Database, cache: Cache, today: date):
        self.database = database
        self.cache = cache
        self.today = today

    def changing(self, user_ids: Iterable[int]) -> AbstractContextManager[None]:
        """Surround a change of users' numbers."""
        return self.cache.changing(*map(versions.numbers_of, user_ids))

    def history(self, user_id: int, exercise_id: int, range: str, unit: str) -> dict[str, Any]:
        """Return the history of one exercise; its name is None if the user never did it."""

        def read() -> dict[str, Any]:
            since = range_start(range, self.today)
            trend_since = self.today - 2 * WINDOW
            first = since and min(since, trend_since)
            whole, rows = store.history(self.database.fetch, user_id, exercise_id, first)
            return {
                "exercise_id": exercise_id,
                "exercise_name": whole.exercise_name if whole else None,
                "range": range,
                "unit": unit,
                "data_points": data_points(rows, unit, since),
                "stats": shown_stats(whole, trend_30d(rows, self.today)),
            }

        name = "90d" if (range, unit) == ("3months", "day") else f"{range}:{unit}"
        key = f"analytics:user:{user_id}:history:exercise:{exercise_id}:{name}"
        return self.cache.remember(key, versions.numbers_of(user_id), self._until_midnight(), read)

    def records(self, user_id: int) -> dict[str, Any]:
        """Return all records, exercise by exercise."""

        def read() -> dict[str, Any]:
            return self.records_of(self.database.fetch, [user_id])[user_id]

        key = f"analytics:user:{user_id}:personal_records"
        return self.cache.remember(key, versions.numbers_of(user_id), RECORDS_SECONDS, read)

    @staticmethod
    def records_of(fetch: store.Fetch, user_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """Return all records of some users, past the cache.

        Args:
            fetch: runs a statement.
            user_ids: whose.
        """
        answers: dict[int, dict[str, Any]] = {user_id: {"records": []} for user_id in user_ids}
        for user_id, exercise_id, name, records in store.records(fetch, user_ids):
            shown = {"exercise_id": exercise_id, "exercise_name": name, **records}
            answers[user_id]["records"].append(shown)
        return answers

    def progress(self, user_id: int, period: str, count: int) -> dict[str, Any]:
        """Return the last weeks or months."""
        unit = UNITS[period]

        def read() -> dict[str, Any]:
            first = period_starts(count, unit, self.today)[0]
            snapshots = store.snapshots_since(self.database.fetch, user_id, unit, first)
            return {"period": period, f"{unit}s": listed(snapshots, period, count, self.today)}

        name = period if (period, count) == ("weekly", 12) else f"{period}:{count}"
        key = f"analytics:user:{user_id}:progress:{name}"
        return self.cache.remember(key, versions.numbers_of(user_id), self._until_midnight(), read)

    def _until_midnight(self) -> int:
        midnight = datetime.combine(self.today + timedelta(days=1), time(), UTC)
        left = (midnight - datetime.now(UTC)).total_seconds()
        return max(1, min(OTHER_SECONDS, int(left)))
