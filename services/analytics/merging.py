"""Exercises that were merged: all rows of one become rows of another, in one transaction.

The workouts that had the merged exercise are in the change feed, one after the other. Counting them
one by one would come to the same numbers, and on the way both exercises would have some of the
sets. So the first of them makes the whole history follow, and what is only that is then counted.
Those that had both exercises are counted once more by themselves all the same: only the workout
tells which of its exercises is the first.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from eventlet import sleep

from schemas.errors import ServiceUnavailable, TimedOut, Unauthorized
from services.analytics import (
    counting_reads,
    failed_changes,
    merge_statements,
    recount_reads,
    writes,
)
from services.analytics.merge_statements import Merge
from services.analytics.processor import CHANGES_AT_ONCE, WorkoutProcessor
from services.analytics.rules.incremental import Numbers
from services.analytics.rules.merged import CarriedHistory, combined
from services.analytics.rules.metrics import HistoryRow, measured_again, place
from services.analytics.rules.records import KINDS
from services.dependencies import cache_generations
from services.dependencies.remote_service import RemoteCalls
from services.observability.logging import get_logger
from services.process.failpoints import failpoint
from services.transport.postgres.statements import Fetch, Send

log = get_logger(__name__)

Item = TypeVar("Item")

ROWS_AT_ONCE = 100
"""Rows that are read and measured at a time; then others have their turn in the event loop."""

MOVED_AT_ONCE = 500
PERIODS_AT_ONCE = 100
"""So much one statement writes: each ends long before PostgreSQL cancels it."""


def merge_exercises(processor: WorkoutProcessor, changes: list[dict[str, Any]]) -> None:
    """Make the history follow the merges that changes of the feed came of.

    Where that fails, the changes are counted one by one, as any others are.

    Args:
        processor: of the worker that follows the feed.
        changes: of the feed, the oldest first.

    Raises:
        ServiceUnavailable, TimedOut: a service or the database is away, or busy for too long.
    """
    for merge, first in _merges(changes).items():
        try:
            if merge_statements.has_rows(processor.database.fetch, merge):
                _merge(processor, merge, _versions(processor.workouts, merge, first - 1))
        except (ServiceUnavailable, TimedOut):
            raise
        except Unauthorized:
            log.info("exercises of an erased user not merged", **merge._asdict())
        except Exception as problem:
            log.error("exercises not merged at once", exc_info=problem, **merge._asdict())


def apply(fetch: Fetch, send: Send, merge: Merge, versions: dict[int, int]) -> None:
    """Merge an exercise in the history and in all numbers.

    Args:
        fetch: runs a statement inside a transaction.
        send: runs one whose rows nobody needs.
        merge: which exercise is which now.
        versions: those of the workouts that only the merge made, by their ids.
    """
    counting_reads.lock_users(send, [merge.user_id])
    # whoever had the lock may have done it
    found = merge_statements.rows_to_merge(fetch, merge)
    if found:
        _change_rows(fetch, send, merge, found)
    # fetch and not send: each is waited for by itself
    for some in _chunks([*versions.items()], MOVED_AT_ONCE):
        # a workout that was changed in another way, too, since it was counted is counted by itself
        writes.cover(fetch, ((key, merge.user_id, version) for key, version in some))


def _change_rows(fetch: Fetch, send: Send, merge: Merge, found: list[tuple[int, bool]]) -> None:
    periods = merge_statements.shared_periods(fetch, merge)
    name = merge_statements.name(fetch, merge)
    _combine(fetch, send, merge, name, [key for key, has_both in found if has_both])
    for some in _chunks([key for key, has_both in found if not has_both], MOVED_AT_ONCE):
        merge_statements.move(fetch, merge, name, some)
    _recount(fetch, send, merge)
    for some_periods in _chunks(periods, PERIODS_AT_ONCE):
        merge_statements.count_periods(fetch, some_periods)


def _merges(changes: list[dict[str, Any]]) -> dict[Merge, int]:
    """Return the merges that changes came of, in order, and the id of the first of each."""
    merges: dict[Merge, int] = {}
    for change in changes:
        if "merged" in change:
            merges.setdefault(_merge_of(change), change["id"])
    return merges


def _merge_of(change: dict[str, Any]) -> Merge:
    return Merge(change["user_id"], change["merged"]["exercise_id"], change["merged"]["into"])


def _versions(workouts: RemoteCalls, merge: Merge, position: int) -> dict[int, int]:
    """Return the versions that a merge made of the workouts that had one of the exercises.

    A workouts service of the version before tells of none; then they are counted by themselves.
    """
    versions: dict[int, int] = {}
    while changes := workouts.changes(position, limit=CHANGES_AT_ONCE):
        for change in changes:
            if "merged" not in change or _merge_of(change) != merge:
                return versions
            if not change["merged"]["had_both"]:
                versions[change["workout_id"]] = change["version"]
        position = changes[-1]["id"]
    return versions


def _merge(processor: WorkoutProcessor, merge: Merge, versions: dict[int, int]) -> None:
    with (
        processor.counted.counting([], {merge.user_id}),
        processor.cache.changing(cache_generations.numbers_of(merge.user_id)),
        processor.database.together() as transaction,
    ):
        apply(transaction.fetch, transaction.send, merge, versions)
        failpoint("analytics.before_merge_commit")


def _combine(
    fetch: Fetch, send: Send, merge: Merge, name: str | None, workout_ids: list[int]
) -> None:
    both = merge.exercise_id, merge.into
    for some in _chunks(workout_ids, ROWS_AT_ONCE):
        rows_of: dict[int, list[HistoryRow]] = {}
        for row in recount_reads.rows_of_some(fetch, merge.user_id, both, some):
            rows_of.setdefault(row.workout_id, []).append(row)
        gone = [row for rows in rows_of.values() for row in rows if row.exercise_id != merge.into]
        writes.forget(send, gone, Numbers())
        together = [
            combined(rows, merge.into, name or rows[0].exercise_name) for rows in rows_of.values()
        ]
        writes.write(send, (), together, Numbers())
        sleep(0)


def _recount(fetch: Fetch, send: Send, merge: Merge) -> None:
    """Count the exercise that has all rows now, and nothing of the other one."""
    carried = CarriedHistory()
    for some in _chunks(merge_statements.workouts_in_order(fetch, merge), ROWS_AT_ONCE):
        stored = recount_reads.rows_of_some(fetch, merge.user_id, [merge.into], some)
        rows = sorted(map(measured_again, stored), key=place)
        carried.add(rows)
        uncounted = [row for row in rows if not row.is_counted]
        if uncounted:
            writes.write(send, (), uncounted, Numbers())
            failed_changes.count_again(send, [row.workout_id for row in rows if row.is_half_known])
        sleep(0)
    gone, whole = (merge.user_id, merge.exercise_id), (merge.user_id, merge.into)
    numbers = Numbers(
        lifetimes={gone: None, whole: carried.lifetime},
        records={gone: dict.fromkeys(KINDS), whole: carried.records},
        set_records={whole: carried.set_records},
        recounted={gone, whole},
    )
    writes.forget(send, (), numbers)
    writes.write(send, (), (), numbers)


def _chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
