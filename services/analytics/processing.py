"""Counting a batch of workouts in one transaction.

A workout that was not counted before is carried forward
(:mod:`services.analytics.rules.incremental`). So is what a changed or deleted one touched, before
and now, as far as no record hangs on it (:mod:`services.analytics.carrying`); the rest is recounted
from the history (:mod:`services.analytics.recount`). All end in the same numbers, so events and the
feed may bring workouts in any order and twice.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from services.analytics import counting_reads, failed_changes, record_outbox, recount_reads, writes
from services.analytics.carrying import Carried
from services.analytics.counting_reads import Known
from services.analytics.recount import Recount, compared
from services.analytics.rules.changes import Change, ExerciseKey
from services.analytics.rules.incremental import IncrementalCount, Numbers
from services.analytics.rules.metrics import HistoryRow
from services.analytics.rules.record_events import record_events
from services.analytics.rules.set_bests import LONGEST_AT
from services.analytics.rules.set_records import stands_before
from services.process.turns import Turns
from services.transport.postgres.statements import Fetch, Send


def apply(
    fetch: Fetch,
    workouts: Iterable[dict],
    deletions: Mapping[int, int],
    again: bool = False,
    send: Send | None = None,
    silently: bool = False,
) -> bool:
    """Bring the numbers up to date with workouts as they are now.

    An older version than the known one changes nothing.

    Args:
        fetch: runs a statement inside a transaction.
        workouts: whole ones of any users, as the workouts service gives them, with ``rep_type`` in
            their exercises.
        deletions: the user of each deleted workout, by its id.
        again: also count versions that were processed before.
        send: runs a statement whose rows nobody needs, maybe in one round trip with the next one;
            ``fetch`` by default.
        silently: make no record events.

    Returns:
        Whether there may be record events to dispatch as soon as this is committed. What is counted
        ``again`` makes none, either.
    """
    send = send or fetch
    turns = Turns()
    changes = _latest(workouts, deletions, turns)
    counting_reads.lock_users(send, {change.user_id for change in changes})
    known = counting_reads.known(fetch, changes)
    uncounted = [
        change
        for change in changes
        if change.is_uncounted(known.processed.get(change.workout_id), again)
    ]
    if not uncounted:
        return False
    recount = compared(fetch, uncounted, known.processed, again)
    added = [change for change in uncounted if change.workout_id not in known.processed]
    recount.exercises |= _not_carried(known, added)
    carried = Carried(fetch, recount, _rows(added))
    carried.take_out(known.numbers)
    incremental = IncrementalCount(
        known.numbers,
        known.performed,
        best_before=lambda rows: counting_reads.best_before(fetch, rows),
        known_before=known.best_before,
        excluded=recount.exercises | recount.periods,
    )
    incremental.changed.lifetimes |= carried.lifetimes
    turns.give_way()
    incremental.add(added, carried.rows)
    turns.give_way()
    before = None if again or silently else incremental.before
    recount.count(fetch, uncounted, incremental.changed, before, carried.standing)
    rows = [*recount.written, *_rows(added)]
    writes.forget(send, recount.gone, incremental.changed)
    writes.write(send, uncounted, rows, incremental.changed)
    failed_changes.count_again(send, recount.half_known)
    if before is None:
        return False
    events = record_events(before, incremental.changed, {change.workout_id for change in uncounted})
    return record_outbox.write(send, events, [*recount.gone, *_rows(uncounted)])


def recount_exercises(fetch: Fetch, send: Send, exercises: Collection[ExerciseKey]) -> None:
    """Recount those exercises that the version before has counted, from the stored history."""
    counting_reads.lock_users(send, {user_id for user_id, _ in exercises})
    # whoever had the lock may have recounted them
    outdated = recount_reads.outdated(fetch, exercises)
    if not outdated:
        return
    recount, numbers = Recount(), Numbers()
    recount.exercises.update(outdated)
    recount.count(fetch, [], numbers)
    writes.forget(send, (), numbers)
    writes.write(send, (), recount.written, numbers)
    failed_changes.count_again(send, recount.half_known)


def _not_carried(known: Known, added: list[Change]) -> set[ExerciseKey]:
    """Return the exercises of new workouts whose numbers can't be carried forward.

    The version before has counted them, or it can't be looked up what was the longest before, with
    the same weight. A record that beat nothing is no exception: another row of the batch may come
    first.
    """
    return {
        (row.user_id, row.exercise_id)
        for row in _rows(added)
        if (row.user_id, row.exercise_id) in known.outdated or _beats_at_its_weight(known, row)
    }


def _beats_at_its_weight(known: Known, row: HistoryRow) -> bool:
    records, bests = known.numbers.set_records[row.user_id, row.exercise_id], row.bests or {}
    return any(
        slot[0] == LONGEST_AT and slot in bests and stands_before(record, row, bests[slot])
        for slot, record in records.items()
    )


def _rows(changes: Iterable[Change]) -> Iterator[HistoryRow]:
    return (row for change in changes for row in change.rows)


def _latest(workouts: Iterable[dict], deletions: Mapping[int, int], turns: Turns) -> list[Change]:
    in_order = sorted(workouts, key=lambda workout: workout["version"])
    latest = {workout["id"]: workout for workout in in_order if workout["id"] not in deletions}
    return [
        *(_measured(workout, turns) for workout in latest.values()),
        *(Change.of_deletion(*deletion) for deletion in deletions.items()),
    ]


def _measured(workout: dict, turns: Turns) -> Change:
    turns.give_way()
    return Change.of_workout(workout)
