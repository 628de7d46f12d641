"""The RPC methods of private exercises."""

from typing import Any

from nameko.timer import timer

from schemas.loading import load
from schemas.pages import Feed, checked_id, checked_ids, checked_user
from schemas.private_exercises import ExerciseChanges, MergeTarget, NewExercise, OwnDetailsChanges
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.exercises.private import own_details, reads
from services.exercises.private.merging import Merging, UnfinishedMerges
from services.exercises.private.noting import set_mine
from services.exercises.private.saving import PrivateExercises
from services.process import budgets

EXERCISE_CHANGES = ExerciseChanges()
FEED = Feed()
MERGE_TARGET = MergeTarget()
NEW_EXERCISE = NewExercise()
OWN_DETAILS = OwnDetailsChanges()


class PrivateExerciseMethods:
    """The part of the exercises service that makes, changes and removes private exercises."""

    database: Database
    cache: Cache
    workouts: Any
    dispatch: Any
    unfinished_merges: UnfinishedMerges

    @rpc
    def create(self, user_id: int, exercise: dict[str, Any]) -> dict[str, Any]:
        """Make a private exercise, which only its owner sees.

        Args:
            user_id: the owner.
            exercise: ``name`` (each user has one only once, whatever the case, accents and
                spaces), ``measure`` (one of ``schemas.measures.MEASURES``) and, optionally,
                ``category`` (``"strength"``), ``primary_muscles`` and ``secondary_muscles`` (lists
                of words), ``equipment``, ``notes``.

        Returns:
            The exercise as from ``get``, with ``"details": {"similar": [{"id", "name"}]}``: those
            of the catalogue that have all words of its name in theirs, at most 3.

        Raises:
            ValidationFailed: the exercise breaks rules of its schema; all faults are listed.
            Conflict: the user has one with this name.
            BusinessRuleViolation: the user has 1000.

        Example:
            ``n.rpc.exercises.create(1, {"name": "Gorilla Row", "measure": "weight_reps"})``
        """
        user_id = checked_user(user_id)
        return self._private_of(user_id).create(load(NEW_EXERCISE, exercise))

    @rpc
    def update(self, user_id: int, exercise_id: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change a private exercise. Its name changes in old workouts, too, within a second.

        Args:
            user_id: the owner.
            exercise_id: its id.
            changes: fields as for ``create``; None clears one that may be empty.

        Returns:
            The exercise as from ``get``.

        Raises:
            ValidationFailed: the changes break rules of their schema; all faults are listed.
            NotFound: the user has no such private exercise.
            Conflict: the user has another one with the name.
            BusinessRuleViolation: it was merged into another, or is being merged; or the measure is
                another, and an exercise is being merged into it.

        Example:
            ``n.rpc.exercises.update(1, 1042, {"name": "Gorilla Rows", "notes": None})``
        """
        exercise_id = checked_id(exercise_id)
        user_id = checked_user(user_id)
        return self._private_of(user_id).update(exercise_id, load(EXERCISE_CHANGES, changes))

    @rpc
    def archive(self, user_id: int, exercise_id: int) -> dict[str, Any]:
        """Leave a private exercise out of lists; workouts that have it keep it.

        Args:
            user_id: the owner.
            exercise_id: its id; archiving it again changes nothing.

        Returns:
            The exercise as from ``get``; ``is_active`` is False.

        Raises:
            NotFound: the user has no such private exercise.
            BusinessRuleViolation: it was merged into another, or is being merged.

        Example:
            ``n.rpc.exercises.archive(1, 1042)``
        """
        exercise_id = checked_id(exercise_id)
        user_id = checked_user(user_id)
        return self._private_of(user_id).archive(exercise_id, True)

    @rpc
    def restore(self, user_id: int, exercise_id: int) -> dict[str, Any]:
        """Bring an archived private exercise back into lists.

        Args:
            user_id: the owner.
            exercise_id: its id; restoring one that is not archived changes nothing.

        Returns:
            The exercise as from ``get``.

        Raises:
            NotFound: the user has no such private exercise.
            BusinessRuleViolation: it was merged into another, or is being merged.

        Example:
            ``n.rpc.exercises.restore(1, 1042)``
        """
        exercise_id = checked_id(exercise_id)
        user_id = checked_user(user_id)
        return self._private_of(user_id).archive(exercise_id, False)

    @rpc
    def merge(self, user_id: int, exercise_id: int, into: int) -> dict[str, Any]:
        """Merge a private exercise into another: the workouts that have it get the other one.

        Few workouts are changed at once. Otherwise, or while the workouts service is away, it goes
        on after the call: ``merged_into`` of the exercise is set once all is done, and until then
        it is archived and can't be changed. Asking again for the same is safe, until the target is
        merged itself.

        Args:
            user_id: the owner.
            exercise_id: its id.
            into: the id of an active exercise with the same measure, of the catalogue or of the
                owner's own.

        Returns:
            The exercise as from ``get``; ``merged_into`` is None while it goes on.

        Raises:
            ValidationFailed: ``into`` is no id.
            NotFound: the user has no such private exercise.
            BusinessRuleViolation: it is of the catalogue, was merged into another, is being merged
                into another, or another into it; or, with the field ``into``: that is itself, has
                another measure, is not active, was merged, is being merged, or there is no such
                exercise that the user sees.

        Example:
            ``n.rpc.exercises.merge(1, 1042, 4)``
        """
        exercise_id = checked_id(exercise_id)
        user_id = checked_user(user_id)
        return self._merging.merge(user_id, exercise_id, load(MERGE_TARGET, {"into": into})["into"])

    @rpc
    def delete(self, user_id: int, exercise_id: int) -> dict[str, Any]:
        """Delete a private exercise that no workout uses, and those that were merged into it.

        Args:
            user_id: the owner.
            exercise_id: its id.

        Returns:
            ``{"id", "deleted": True}``

        Raises:
            NotFound: the user has no such private exercise.
            BusinessRuleViolation: workouts use it; ``details`` says how many (``workouts``). Or it
                is being merged into another, or another into it.
            ServiceUnavailable, TimedOut: the workouts service could not be asked.

        Example:
            ``n.rpc.exercises.delete(1, 1042)``
        """
        exercise_id = checked_id(exercise_id)
        user_id = checked_user(user_id)
        self._private_of(user_id).delete(exercise_id)
        return {"id": exercise_id, "deleted": True}

    @rpc
    def set_mine(self, user_id: int, exercise_id: int, values: dict[str, Any]) -> dict[str, Any]:
        """Keep muscles and notes of one user on an exercise of the catalogue.

        Only the user sees it, as ``mine`` of the exercise. Filters, facets and searches go by what
        the catalogue says.

        Args:
            user_id: whose notes they are.
            exercise_id: of the catalogue, also an inactive one.
            values: ``primary_muscles`` and ``secondary_muscles`` (lists of words) and ``notes``.
                A field that is given replaces what it was, and None clears it.

        Returns:
            The exercise as from ``get``.

        Raises:
            ValidationFailed: the values break rules of their schema; all faults are listed.
            NotFound: there is no such exercise, or it is somebody else's.
            BusinessRuleViolation: it is the user's own; or they have noted something of 2000.

        Example:
            ``n.rpc.exercises.set_mine(1, 4, {"primary_muscles": ["lats"], "notes": "Slowly"})``
        """
        exercise_id = checked_id(exercise_id)
        user_id = checked_user(user_id)
        changes = load(OWN_DETAILS, values)
        return set_mine(self.database, self.cache, self.dispatch, user_id, exercise_id, changes)

    @rpc
    def own_muscles(self, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Return the feed of muscles that users have noted, for copies; oldest change first.

        It has those of all users, so it is for services alone.

        Args:
            after: position of the last change already seen; 0 for all there are.
            limit: at most so many, 1 to 1000.

        Returns:
            ``[{"position", "owner_id", "exercise_id", "primary_muscles", "secondary_muscles"}]``,
            each exercise of a user once, as it is now; None is what is not noted, or not any more.
            Once a change was returned, none with a lower position will ever appear.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.exercises.own_muscles(0, 10)``
        """
        values = load(FEED, {"after": after, "limit": limit})
        return own_details.changes(self.database.fetch, **values)

    @rpc
    def get_private(self, user_id: int, exercise_ids: list[int]) -> list[dict[str, Any]]:
        """Return several private exercises of a user, also archived ones.

        Args:
            user_id: their owner.
            exercise_ids: at most 1000 ids; those of other exercises are left out.

        Returns:
            A list of exercises as from ``get``, in the order of their ids.

        Raises:
            InvalidParameter: an id can't be one, or there are too many.

        Example:
            ``n.rpc.exercises.get_private(1, [1042])``
        """
        wanted = checked_ids("exercise_ids", exercise_ids)
        return reads.get_many(self.database.fetch, checked_user(user_id), wanted)

    @rpc
    def owns(self, user_id: int) -> bool:
        """Return whether a user has private exercises, or notes on others.

        Then they see more than others.

        Args:
            user_id: an integer from 1.

        Returns:
            True or False; archived exercises count.

        Raises:
            InvalidParameter: the id can't be one.

        Example:
            ``n.rpc.exercises.owns(1)``
        """
        return reads.owns(self.database.fetch, checked_user(user_id))

    @timer(interval=budgets.MERGES_LOOK_SECONDS)
    def finish_merges(self) -> None:
        """Finish the merges that no request has finished."""
        self.unfinished_merges.look(self._merging)

    @property
    def _merging(self) -> Merging:
        return Merging(self.database, self.cache, self.workouts.merge_exercise)

    def _private_of(self, user_id: int) -> PrivateExercises:
        retire = self.workouts.retire_exercise
        return PrivateExercises(self.database, self.cache, user_id, self.dispatch, retire)
