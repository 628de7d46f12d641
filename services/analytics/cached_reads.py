"""Results about a user's numbers, read through the cache."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from psycopg2.errors import LockNotAvailable

from schemas.errors import ServiceUnavailable
from schemas.names import PUBLIC_NAMES
from services.analytics import processing, reads, record_reads
from services.analytics.counting import CountedWorkouts
from services.analytics.rules.history import Lifetime, data_points, range_start, shown_stats
from services.analytics.rules.metrics import Performance
from services.analytics.rules.periods import period_starts
from services.analytics.rules.progress import UNITS, Snapshot, listed
from services.analytics.rules.set_bests import ESTIMATED, REP_MAX
from services.analytics.rules.shown_records import (
    WEIGHT_IS,
    rep_maxes,
    shown_records,
    stored_kinds,
)
from services.analytics.rules.trend import WINDOW, trend_30d
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.erasure import tombstones
from services.process import budgets
from services.transport.postgres.statements import Fetch

RECORDS_SECONDS = 24 * 3600
OTHER_SECONDS = 3600

WITH_MEASURES = "with measures"
"""Variant of cached results that had fewer fields in the version before, under the same keys."""

MOST_RECOUNTS = 3
"""How often a read recounts what the version before has counted meanwhile."""

Read = Callable[[Fetch], dict[str, Any] | None]
"""Makes a result; None, if there is nothing, is not cached."""


class CachedReads:
    """Results from analytics' database and cache, as of today.

    A cached result is valid until the user's numbers or the names and kinds of exercises change:
    then another generation replaces the one it was cached under. One that depends on today expires
    at midnight, UTC.

    Args:
        database: analytics' own.
        cache: holds results under generations.
        counted: whose numbers this process is counting.
        today: the day in UTC.
    """

    def __init__(self, database: Database, cache: Cache, counted: CountedWorkouts, today: date):
        self.database = database
        self.cache = cache
        self.counted = counted
        self.today = today

    def history(self, user_id: int, exercise_id: int, range: str, unit: str) -> dict[str, Any]:
        """Return the history of one exercise; its name is None if the user never did it."""
        since = range_start(range, self.today)

        def shown(whole: Lifetime | None, rows: Sequence[Performance]) -> dict[str, Any]:
            return {
                "exercise_id": exercise_id,
                "exercise_name": whole.exercise_name if whole else None,
                "range": range,
                "unit": unit,
                "data_points": data_points(rows, unit, since),
                "stats": shown_stats(whole, trend_30d(rows, self.today)),
            }

        def read(fetch: Fetch) -> dict[str, Any] | None:
            trend_since = self.today - 2 * WINDOW
            first = since and min(since, trend_since)
            whole, rows = reads.history(fetch, user_id, exercise_id, first)
            # None is not cached: any id may be asked for, and Redis would fill with empty histories
            return shown(whole, rows) if whole else None

        # the keys of the defaults are those of the specification
        name = "90d" if (range, unit) == ("3months", "day") else f"{range}:{unit}"
        key = f"analytics:user:{user_id}:history:exercise:{exercise_id}:{name}"
        seconds = self._until_midnight()
        return self._cached(user_id, key, seconds, read, WITH_MEASURES) or shown(None, [])

    def records(self, user_id: int) -> dict[str, Any]:
        """Return all records, exercise by exercise."""

        def read(fetch: Fetch) -> dict[str, Any] | None:
            found = record_reads.records(fetch, user_id)
            return {"records": found or []} if found or is_there(fetch, user_id) else None

        key = f"analytics:user:{user_id}:personal_records"
        found = self._cached(user_id, key, RECORDS_SECONDS, read, WITH_MEASURES)
        return found or {"records": []}

    def records_of(self, user_id: int, exercise_id: int, formula: str) -> dict[str, Any] | None:
        """Return the records of one exercise with their sets; None if the user never did it."""

        def show(found: record_reads.OfExercise, measure: str) -> dict[str, Any]:
            return {"records": shown_records(found.records, measure, formula)}

        name = f"records:{formula}"
        return self._of_exercise(user_id, exercise_id, name, stored_kinds(formula), show)

    def rep_maxes(self, user_id: int, exercise_id: int, formula: str) -> dict[str, Any] | None:
        """Return the rep maxes of one exercise; None if the user never did it."""

        def show(found: record_reads.OfExercise, measure: str) -> dict[str, Any]:
            # what was lifted before a correction has no estimate if the measure of now has none
            sets = found.records if measure in ESTIMATED else []
            return {"formula": formula, **rep_maxes(sets, formula)}

        return self._of_exercise(user_id, exercise_id, f"rep_maxes:{formula}", {REP_MAX}, show)

    def progress(self, user_id: int, period: str, count: int) -> dict[str, Any]:
        """Return the last weeks or months."""
        unit = UNITS[period]

        def shown(snapshots: dict[date, Snapshot]) -> dict[str, Any]:
            return {"period": period, f"{unit}s": listed(snapshots, period, count, self.today)}

        def read(fetch: Fetch) -> dict[str, Any] | None:
            first = period_starts(count, unit, self.today)[0]
            snapshots = reads.snapshots_since(fetch, user_id, unit, first)
            return shown(snapshots) if snapshots or is_there(fetch, user_id) else None

        name = period if (period, count) == ("weekly", 12) else f"{period}:{count}"
        key = f"analytics:user:{user_id}:progress:{name}"
        return self._cached(user_id, key, self._until_midnight(), read) or shown({})

    def _of_exercise(
        self,
        user_id: int,
        exercise_id: int,
        name: str,
        kinds: Collection[str],
        show: Callable[[record_reads.OfExercise, str], dict[str, Any]],
    ) -> dict[str, Any] | None:
        def read(fetch: Fetch) -> dict[str, Any] | None:
            found = record_reads.records_of(fetch, user_id, exercise_id, kinds)
            if found.measure is None:
                return None
            return {
                "exercise_id": exercise_id,
                "exercise_name": found.name,
                "measure": found.measure,
                "weight_is": WEIGHT_IS.get(found.measure),
                **show(found, found.measure),
            }

        key = f"analytics:user:{user_id}:exercise:{exercise_id}:{name}"
        result: dict[str, Any] | None = self._cached(user_id, key, OTHER_SECONDS, read)
        return result

    def _cached(
        self, user_id: int, key: str, seconds: int, read: Read, variant: str | None = None
    ) -> Any:
        for recounts_left in reversed(range(MOST_RECOUNTS + 1)):
            try:
                return self._cached_as_is(user_id, key, seconds, read, variant)
            except reads.Outdated as found:
                if recounts_left:
                    self._recount(user_id, found.exercise_ids)
        raise ServiceUnavailable.of(PUBLIC_NAMES["analytics"], budgets.UNAVAILABLE_RETRY_AFTER)

    def _recount(self, user_id: int, exercise_ids: list[int]) -> None:
        # no cached result depends on it: what is outdated is shown by none of this version
        for exercise_id in exercise_ids:
            with self.database.together() as transaction:
                processing.recount_exercises(
                    transaction.fetch, transaction.send, [(user_id, exercise_id)]
                )

    def _cached_as_is(
        self, user_id: int, key: str, seconds: int, read: Read, variant: str | None
    ) -> Any:
        if self.counted.is_counting(user_id):
            result = self._read_when_counted(user_id, read)
            if result is not None:
                return result
        generation_keys = cache_generations.shown_numbers_of(user_id)
        return self.cache.get_or_make(
            key, generation_keys, seconds, lambda: self.database.reading(read), variant
        )

    def _read_when_counted(self, user_id: int, read: Read) -> Any:
        """Read as soon as the counting is committed, behind its lock in PostgreSQL.

        The result is not cached: the counting marks its generation as changing until it has ended
        in this process, too. None is returned if the lock is not free in time.
        """
        with self.database.together() as transaction:
            reads.wait_for_counting(transaction.send, user_id)
            try:
                return read(transaction.commit_with)
            except LockNotAvailable:
                transaction.roll_back()
                return None

    def _until_midnight(self) -> int:
        midnight = datetime.combine(self.today + timedelta(days=1), time(), UTC)
        left = (midnight - datetime.now(UTC)).total_seconds()
        return max(1, min(OTHER_SECONDS, int(left)))


def is_there(fetch: Fetch, user_id: int) -> bool:
    """Return whether a user of whom nothing was found was not erased."""
    return not tombstones.among(fetch, [user_id])
