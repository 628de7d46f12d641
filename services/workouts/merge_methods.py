"""The part of the workouts service that merges exercises."""

import time
from typing import Any

from nameko.extensions import DependencyProvider
from nameko.timer import timer

from schemas.errors import GymError
from schemas.loading import load
from schemas.pages import checked_id, checked_user
from schemas.workouts import MergedInto
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.observability.outages import Outage
from services.process import budgets
from services.workouts.merging import ExerciseMerging

MERGED_INTO = MergedInto()


class MergesLeft(DependencyProvider):
    """Does, by a timer, the merges that were not done in the call."""

    def __init__(self) -> None:
        self._outage = Outage("merging exercises in workouts", "it will be tried again")
        self._look_at = 0.0

    def get_dependency(self, worker_ctx: object) -> "MergesLeft":
        """Return the provider itself: outages are those of the process, not of a worker."""
        return self

    def look(self, merging: ExerciseMerging) -> None:
        """Do whatever merges are left, unless one has just failed."""
        if time.monotonic() < self._look_at:
            return
        try:
            merging.go_on()
        except GymError as problem:
            self._look_at = time.monotonic() + budgets.MERGES_RETRY_SECONDS
            self._outage.begin(str(problem))
        else:
            self._outage.end()


class MergeMethods:
    """The RPC method that begins a merge, and the timer that does large ones."""

    database: Database
    cache: Cache
    merges_left: MergesLeft

    @rpc
    def merge_exercise(
        self, user_id: int, exercise_id: int, into: dict[str, Any]
    ) -> dict[str, Any]:
        """Have all workouts of a user that have a private exercise have another one instead.

        The exercises service asks for it, and asks again until it is done. From the first call on
        the exercise can't be logged. Of many workouts it is done a moment later, of all at the
        same moment.

        Args:
            user_id: the owner of the exercise.
            exercise_id: its id.
            into: the other exercise: ``{"id", "name"}``.

        Returns:
            ``{"workouts": how many had it when it was first asked for, "done": whether they have
            the other one}``; asked again, the same number.

        Raises:
            InvalidParameter: an id can't be one, or the name is missing.
            BusinessRuleViolation: it was asked for with another exercise before.

        Example:
            ``n.rpc.workouts.merge_exercise(1, 1042, {"id": 1, "name": "Barbell Bench Press"})``
        """
        exercise_id = checked_id(exercise_id)
        user_id = checked_user(user_id)
        other = load(MERGED_INTO, into)
        return self._merging.merge(user_id, exercise_id, other["id"], other["name"])

    @timer(interval=budgets.MERGES_SECONDS, eager=True)
    def finish_merges(self) -> None:
        """Do what merges are left to do, if any."""
        self.merges_left.look(self._merging)

    @property
    def _merging(self) -> ExerciseMerging:
        return ExerciseMerging(self.database, self.cache)
