"""The part of the workouts service that merges exercises."""

from typing import Any

from nameko.timer import timer

from schemas.errors import GymError
from schemas.loading import load
from schemas.pages import checked_id, checked_user
from schemas.workouts import MergedInto
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.observability.logging import get_logger
from services.process import budgets
from services.workouts.merging import ExerciseMerging

log = get_logger(__name__)

MERGED_INTO = MergedInto()


class MergeMethods:
    """The RPC method that begins a merge, and the timer that does large ones."""

    database: Database
    cache: Cache

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
        try:
            self._merging.go_on()
        except GymError as problem:
            log.warning("merges not looked for, will be tried again", reason=str(problem))

    @property
    def _merging(self) -> ExerciseMerging:
        return ExerciseMerging(self.database, self.cache)
