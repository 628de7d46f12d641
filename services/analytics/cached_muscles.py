"""Results about the muscles that a user has trained, read through the cache."""

from typing import Any

from services.analytics import muscle_reads
from services.analytics.cached_reads import OTHER_SECONDS, CachedReads, is_there
from services.analytics.rules.muscles import Band, listed
from services.analytics.rules.periods import period_end, period_starts
from services.transport.postgres.statements import Fetch


class CachedMuscles(CachedReads):
    """Results from analytics' database and cache, as of today where the user is."""

    def muscles(self, user_id: int, count: int, band: Band) -> dict[str, Any]:
        """Return how much each muscle was trained in each of the last weeks."""
        starts = period_starts(count, "week", self.today)
        last = period_end(starts[-1], "week")

        def shown(found: muscle_reads.TrainedMuscles) -> dict[str, Any]:
            return listed(found.trained, found.muscles_of, count, self.today, band)

        def read(fetch: Fetch) -> dict[str, Any] | None:
            found = muscle_reads.trained_muscles(fetch, user_id, starts[0], last)
            return shown(found) if found.trained or is_there(fetch, user_id) else None

        name = f"{starts[-1]}:{count}:{band.least}-{band.most}"
        key = f"analytics:user:{user_id}:muscles:{name}"
        nothing = muscle_reads.TrainedMuscles([], {})
        return self._cached(user_id, key, OTHER_SECONDS, read) or shown(nothing)
