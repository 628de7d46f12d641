"""Telling others what happened to a workout."""

from collections.abc import Callable

from gateway.upstream.result_shapes import INTEGER, STRING, object_with
from schemas.errors import GymError
from services.observability.logging import get_logger

log = get_logger(__name__)

WORKOUT_SHAPE = object_with(id=INTEGER, version=INTEGER, date=STRING)
"""What an event takes from a workout."""

CREATED, UPDATED, DELETED = "workout_created", "workout_updated", "workout_deleted"


def announce(
    dispatch: Callable[[str, dict], None], event_type: str, user_id: int, workout: dict
) -> None:
    """Dispatch an event about a workout; a failure costs seconds, as the change feed has it too.

    Args:
        dispatch: sends an event, and raises if it could not.
        event_type: what happened.
        user_id: whose workout it is.
        workout: the workout, or what is left of it.
    """
    event = {
        "workout_id": workout["id"],
        "user_id": user_id,
        "version": workout["version"],
        "date": workout["date"],
    }
    try:
        dispatch(event_type, event)
    except GymError as problem:
        log.warning("event left to the change feed", event_type=event_type, reason=str(problem))


def gives_a_field(changes: dict) -> bool:
    """Whether a change changes anything: ``{}`` does not; a null clears its field."""
    return any(name != "version" for name in changes)
