"""The events about workouts that the gateway dispatches."""

from collections.abc import Callable, Collection

from orjson import Fragment

from gateway.upstream.result_shapes import INTEGER, STRING, object_with
from schemas.errors import GymError
from services.observability.logging import get_logger

log = get_logger(__name__)

WORKOUT_SHAPE = object_with(id=INTEGER, version=INTEGER, date=STRING)
"""What an event needs of a workout."""

CREATED, UPDATED, DELETED = "workout_created", "workout_updated", "workout_deleted"


def announce(
    dispatch: Callable[[str, dict], None],
    event_type: str,
    user_id: int,
    workout: dict,
    counted: object = None,
    changed: Collection[str] = (),
) -> None:
    """Dispatch an event about a workout.

    Nothing is waited for, and a failure is logged only: the write is done, and its change is in the
    feed of the workouts service, from which analytics learns of it some seconds later.

    Args:
        dispatch: sends an event, and raises a :class:`GymError` if it could not.
        event_type: :data:`CREATED`, :data:`UPDATED` or :data:`DELETED`.
        user_id: the workout's owner.
        workout: as :data:`WORKOUT_SHAPE` at least.
        counted: the whole workout as analytics counts it, as JSON text, which spares analytics
            asking for it. None, as of a large workout and from a workouts service of the version
            before, is left out.
        changed: the fields that were given, of a changed workout. Of those that count nowhere
            analytics need no more than this.
    """
    event: dict[str, object] = {
        "workout_id": workout["id"],
        "user_id": user_id,
        "version": workout["version"],
        "date": workout["date"],
    }
    if isinstance(counted, str):
        event["workout"] = Fragment(counted)
    if changed:
        event["changed"] = sorted(changed)
    try:
        dispatch(event_type, event)
    except GymError as problem:
        log.warning("event left to the change feed", event_type=event_type, reason=str(problem))


def fields_given(changes: dict) -> set[str]:
    """Return what a PUT changes: ``{}`` nothing, nor does a version alone; null clears."""
    return changes.keys() - {"version"}
