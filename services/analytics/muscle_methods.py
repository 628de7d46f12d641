"""The part of the analytics service that shows which muscles users train, and how much."""

from datetime import UTC, datetime
from typing import Any

from schemas.errors import InvalidParameter, fault
from schemas.loading import load
from schemas.pages import checked_user
from schemas.stats import MusclesAsked
from services.analytics.cached_muscles import CachedMuscles
from services.analytics.counting import CountedWorkouts
from services.analytics.rules.muscles import Band
from services.analytics.rules.weeks import local_day
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.rpc import rpc

MUSCLES_ASKED = MusclesAsked()


class MuscleMethods:
    """Serves the sets a week and muscle."""

    database: Database
    cache: Cache
    counted: CountedWorkouts

    @rpc
    def muscles(
        self,
        user_id: int,
        weeks: int = 12,
        time_zone: str | None = None,
        least_sets: int | None = None,
        most_sets: int | None = None,
    ) -> dict[str, Any]:
        """Return how much a user has trained each muscle in each of the last weeks.

        A set counts 1 for each primary muscle of its exercise and 0.5 for each secondary one; the
        sources are in ``rules/muscles.py``. Muscles are those that the exercises have now, and
        first those that the user has noted (``exercises.set_mine``).

        Args:
            user_id: an integer from 1.
            weeks: how many ISO weeks, 1 to 53, the running one included.
            time_zone: where the user is, by the IANA name of the zone, which decides which week is
                running; None is UTC.
            least_sets: the sets a week and muscle that the user aims at, 1 to 100; None is 10.
            most_sets: likewise at most; None is 20.

        Returns:
            ``{"band": {"least", "most"}, "weeks": [{"week": "2026-W48", "start": its Monday,
            "muscles": [{"muscle", "sets", "hard_sets", "rated_sets", "days", "judged":
            "below|within|above"}]}]}``, the oldest week first, the muscle with the most sets
            first. ``rated_sets`` are those with a known RIR: ``rir``, else 10 − ``rpe``, else 0 of
            a set to failure; ``hard_sets`` those with a RIR of at most 3. ``days`` counts those on
            which the muscle was trained. Warm-ups count nowhere. A week without training has no
            muscles.

        Raises:
            InvalidParameter: a value is not allowed.
            ServiceUnavailable: the database is away.

        Example:
            ``n.rpc.analytics.muscles(1, weeks=4, time_zone="Europe/Berlin")``
        """
        settings = {"time_zone": time_zone, "least_sets": least_sets, "most_sets": most_sets}
        asked = load(MUSCLES_ASKED, {"weeks": weeks, **settings})
        band = checked_band(asked)
        today = local_day(datetime.now(UTC), asked.get("time_zone"))
        cached = CachedMuscles(self.database, self.cache, self.counted, today)
        return cached.muscles(checked_user(user_id), asked["weeks"], band)


def checked_band(asked: dict[str, Any]) -> Band:
    """Return the sets a week and muscle that are aimed at.

    Args:
        asked: ``least_sets`` and ``most_sets``, loaded.

    Raises:
        InvalidParameter: the least is more than the most.
    """
    band = Band(asked["least_sets"], asked["most_sets"])
    if band.least > band.most:
        message = f"Least sets must be at most {band.most}, as most_sets is"
        limit = {"max_value": band.most, "received": band.least}
        raise InvalidParameter.of(fault("least_sets", message, "max", **limit))
    return band
