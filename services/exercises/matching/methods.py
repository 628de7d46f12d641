"""The RPC method that matches names."""

from typing import Any

from schemas.matching import checked_names
from schemas.pages import checked_user
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.exercises.matching.matching import match_names


class MatchingMethods:
    """The part of the exercises service that finds exercises for names of other apps."""

    database: Database

    @rpc
    def match_names(self, user_id: int, names: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return which exercises names in another app's file mean.

        Nothing is stored. What is not sure is asked for: a name that becomes the wrong exercise is
        worse than a question.

        Args:
            user_id: the user; their private exercises come first on an exact name, also archived
                ones, because no other may have the name.
            names: at most 1000 of ``{"name", "measure"}``; ``measure`` is what the sets of this
                name hold, one of ``schemas.measures.MEASURES``, or None.

        Returns:
            In the same order ``[{"name", "why", "exercise_id", "exercise_name", "choices"}]``.
            ``why`` is ``"exact"`` (the exercise's name), ``"alias"`` (another name of it),
            ``"words"`` (the same words in another order, language or with the equipment added),
            ``"ask"`` or ``"new"``. For ``"ask"`` the id is None, and ``choices`` has at most 5 of
            ``{"id", "name"}``, the likeliest first; for ``"new"``, where nothing comes near, it
            has none.

        Raises:
            InvalidParameter: a name or a measure can't be one, or there are too many.

        Example:
            ``n.rpc.exercises.match_names(1, [{"name": "Squat (Barbell)", "measure": None}])``
        """
        user_id = checked_user(user_id)
        return match_names(self.database, user_id, checked_names(names))
