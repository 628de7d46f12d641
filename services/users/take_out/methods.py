"""The part of the users service that gives users all that the system holds of them."""

from functools import partial
from typing import Any

from nameko.timer import timer

from schemas.errors import GymError
from schemas.loading import load
from schemas.pages import checked_id, checked_user
from schemas.take_outs import Piece
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.observability.logging import get_logger
from services.process import budgets
from services.users.take_out import building, jobs, own, records

log = get_logger(__name__)

PIECE = Piece()
CLEANING_SECONDS = 600


class TakeOutMethods:
    """Asking for a take-out and fetching it, and the timers that make it and delete it."""

    database: Database
    exercises: Any
    workouts: Any
    analytics: Any
    notifications: Any

    @rpc
    def request_take_out(self, user_id: int) -> dict[str, Any]:
        """Have everything that the system holds of a user put into a zip, in the background.

        Args:
            user_id: whose data it is.

        Returns:
            ``{"id", "status": "under_way", "requested_at", "ready_at", "expires_at", "bytes"}``.
            The one that is under way, if there is one; a ready one is replaced.

        Raises:
            InvalidParameter: the id is none.
            NotFound: there is no such user.
            RateLimitExceeded: they have asked for too many within a day.

        Example:
            ``n.rpc.users.request_take_out(1)``
        """
        return records.request(self.database, checked_user(user_id))

    @rpc
    def get_take_out(self, user_id: int) -> dict[str, Any]:
        """Return how far the take-out of a user is.

        Args:
            user_id: whose data it is.

        Returns:
            ``{"id", "status": "under_way|ready", "requested_at", "ready_at", "expires_at",
            "bytes": of the zip}``; the last three are None until it is ready.

        Raises:
            InvalidParameter: the id is none.
            NotFound: they have asked for none, or it was deleted after 24 hours.

        Example:
            ``n.rpc.users.get_take_out(1)``
        """
        return records.find(self.database.fetch, checked_user(user_id))

    @rpc
    def read_take_out(self, user_id: int, take_out_id: int, position: int = 0) -> dict[str, Any]:
        """Return a piece of the zip of a take-out.

        Args:
            user_id: whose data it is.
            take_out_id: its id.
            position: which piece, from 0.

        Returns:
            ``{"content": 128 KiB in base64, "next": position of the next piece}``; None if this is
            the last one.

        Raises:
            InvalidParameter: an id or the position can't be one.
            NotFound: there is no such take-out of theirs, or it is not ready.

        Example:
            ``n.rpc.users.read_take_out(1, 7)``
        """
        user_id, take_out_id = checked_user(user_id), checked_id(take_out_id)
        position = load(PIECE, {"position": position})["position"]
        return records.piece(self.database.fetch, user_id, take_out_id, position)

    @timer(interval=budgets.TAKE_OUTS_SECONDS, eager=True)
    def work_on_take_outs(self) -> None:
        """Collect the parts of take-outs, and build their zips, if any."""
        sources = {
            "users": partial(own.take_out, self.database.fetch),
            "workouts": self.workouts.take_out,
            "exercises": self.exercises.take_out,
            "analytics": self.analytics.take_out,
            "notifications": self.notifications.take_out,
        }
        try:
            jobs.work(self.database, sources, budgets.TAKE_OUTS_TURN_SECONDS)
        except GymError as problem:
            log.warning("take-outs not worked on, will be tried again", reason=str(problem))

    @timer(interval=CLEANING_SECONDS)
    def clean_take_outs(self) -> None:
        """Delete old take-outs, and parts of which zips were made."""
        try:
            records.expire(self.database.fetch)
            building.forget_parts(self.database)
        except GymError as problem:
            log.warning("take-outs not cleaned, will be tried again", reason=str(problem))
