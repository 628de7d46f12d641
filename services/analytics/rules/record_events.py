"""What becomes of records when workouts are counted: which are set, and which stand no more."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.units import rounded
from services.analytics.rules.changes import ExerciseKey
from services.analytics.rules.incremental import Numbers
from services.analytics.rules.one_rep_max import DEFAULT_FORMULA
from services.analytics.rules.records import Record
from services.analytics.rules.set_bests import LONGEST_AT, ONLY, Slot
from services.analytics.rules.set_records import SetRecord
from services.analytics.rules.shown_records import stored_kinds

RECORD_SET = "record_set"
RECORD_REVOKED = "record_revoked"

_KINDS = stored_kinds(DEFAULT_FORMULA)

Standing = Record | SetRecord


class RecordEvent(NamedTuple):
    """A record that is better than the one before, or one that no longer stands.

    ``kept_by`` is that of a slot (:mod:`~services.analytics.rules.set_bests`), ``workout_id`` the
    workout that was logged, changed or deleted.
    """

    event_type: str
    exercise: ExerciseKey
    kind: str
    kept_by: Decimal | int
    old: Standing | None
    new: Standing | None
    workout_id: int


def record_events(before: Numbers, now: Numbers, batch: Collection[int]) -> Iterator[RecordEvent]:
    """Compare the records before and after some workouts were counted.

    Args:
        before: the records that were replaced, or all of an exercise; no others are looked at.
        now: those that stand in their place.
        batch: the workouts' ids.
    """
    for exercise in sorted(before.records.keys() | before.set_records.keys()):
        olds, news = _by_slot(before, exercise), _by_slot(now, exercise)
        for slot in olds | news:
            old, new = olds.get(slot), news.get(slot)
            event = _event(exercise, slot, old, new, batch)
            if event is not None and _is_told(event):
                yield event


def shown_event(event: RecordEvent) -> dict[str, Any]:
    """Return what an event tells, rounded as records are shown."""
    user_id, exercise_id = event.exercise
    return {
        "user_id": user_id,
        "exercise_id": exercise_id,
        "kind": event.kind,
        "weight_kg": rounded(event.kept_by) if event.kind == LONGEST_AT else None,
        "old": _shown(event.old),
        "new": _shown(event.new),
        "workout_id": event.workout_id,
    }


def _by_slot(numbers: Numbers, exercise: ExerciseKey) -> dict[Slot, Standing | None]:
    of_workouts = numbers.records.get(exercise, {})
    return {
        **{(kind, ONLY): record for kind, record in of_workouts.items()},
        **numbers.set_records.get(exercise, {}),
    }


def _event(
    exercise: ExerciseKey,
    slot: Slot,
    old: Standing | None,
    new: Standing | None,
    batch: Collection[int],
) -> RecordEvent | None:
    if new is not None and (old is None or new.rank > old.rank):
        return RecordEvent(RECORD_SET, exercise, *slot, old, new, new.workout_id)
    if old is None or (new is not None and _stands(old, new)):
        return None
    # another workout than the record's own brings one down by being as good, and earlier
    cause = old if new is None or old.workout_id in batch else new
    return RecordEvent(RECORD_REVOKED, exercise, *slot, old, new, cause.workout_id)


def _stands(old: Standing, new: Standing) -> bool:
    return new.rank == old.rank and new.workout_id == old.workout_id


def _is_told(event: RecordEvent) -> bool:
    # what was repetitions may be seconds now, and the two are not compared
    units = {record.unit for record in (event.old, event.new) if record is not None}
    return event.kind in _KINDS and (event.kind != "max_reps" or len(units) == 1)


def _shown(record: Standing | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "value": rounded(record.value),
        "unit": record.unit,
        "achieved_date": record.achieved_date.isoformat(),
        "workout_id": record.workout_id,
    }
