"""Recounting everything from the workouts service, a user at a time, each in one transaction."""

from collections.abc import Callable, Iterable, Iterator

import eventlet

from services.analytics import counting_reads, failed_changes, messages, processing, reads, writes
from services.analytics.processor import CHANGES_AT_ONCE, WorkoutProcessor
from services.analytics.rules.changes import Change
from services.analytics.rules.from_scratch import CountFromScratch
from services.analytics.rules.incremental import Numbers
from services.dependencies.remote_service import RemoteCalls
from services.transport.postgres.statements import Fetch

PAGE = 100
"""Workouts that are asked for at a time."""

MOST_LISTINGS = 3
"""Times that workouts are listed, if some were deleted meanwhile."""


def rebuild_user(
    processor: WorkoutProcessor, user_id: int, went_on: Callable[[], object] = lambda: None
) -> int:
    """Count a user's workouts from nothing, and return how many they are.

    Reads see the numbers of before until all are counted. What is known here and not there any more
    is gone then.

    Args:
        processor: of the worker that does it.
        user_id: whose workouts.
        went_on: called after each page.
    """
    workout_ids = _oldest_first(processor.workouts, user_id)
    with processor.counting_anew(user_id) as transaction:
        # each statement is waited for by itself: sent together at the end they would be as large as
        # the history, and the session idle until then, which PostgreSQL ends
        fetch = transaction.fetch
        counting_reads.lock_users(fetch, {user_id})
        known = reads.processed_ids(fetch, user_id)
        writes.forget_user(fetch, user_id)
        counted = _Counted(fetch)
        for workouts in _ahead(_whole(processor.workouts, user_id, workout_ids)):
            counted.add(workouts)
            went_on()
        writes.write(fetch, (), (), counted.from_scratch.numbers)
        for workout_ids in _pages(sorted((known - counted.ids) | counted.late)):
            counted.add_late(_get_many(processor.workouts, user_id, workout_ids))
        return len(counted.ids)


def users_with_workouts(workouts: RemoteCalls) -> set[int]:
    """Return everybody who ever logged a workout, by the whole of the change feed."""
    users: set[int] = set()
    position = 0
    while changes := workouts.changes(position, limit=CHANGES_AT_ONCE):
        users.update(change["user_id"] for change in changes)
        position = changes[-1]["id"]
    return users


class _Counted:
    """The workouts of a user that were counted, as far as they are known yet.

    ``late`` are those whose day was changed while the others were read, so that they stand before
    one that is counted already.
    """

    def __init__(self, fetch: Fetch):
        self.from_scratch = CountFromScratch()
        self.ids: set[int] = set()
        self.late: set[int] = set()
        self._fetch = fetch

    def add(self, workouts: Iterable[dict]) -> None:
        """Count workouts, and write their rows."""
        new = [each for each in workouts if each["id"] not in self.ids | self.late]
        changes = [Change.of_workout(each) for each in new]
        counted = [change for change in changes if self.from_scratch.add(change)]
        writes.write(
            self._fetch, counted, [row for change in counted for row in change.rows], Numbers()
        )
        failed_changes.count_again(
            self._fetch, [each["id"] for each in new if not messages.is_whole(each)]
        )
        self.ids.update(change.workout_id for change in counted)
        self.late.update({change.workout_id for change in changes} - self.ids)

    def add_late(self, workouts: list[dict]) -> None:
        """Count workouts that may stand anywhere, when all others are counted and written."""
        if not workouts:
            return
        processing.apply(self._fetch, workouts, {}, again=True)
        self.ids.update(each["id"] for each in workouts)


def _oldest_first(workouts: RemoteCalls, user_id: int) -> list[int]:
    """Return the ids of a user's workouts.

    They are listed the other way round: an undo, which deletes the oldest first, moves none
    meanwhile to a page that was read before. Any other deletion may, so they are listed once more.
    """
    newest_first: dict[int, None] = {}
    for _ in range(MOST_LISTINGS):
        if _list(workouts, user_id, newest_first):
            break
    return [*reversed(newest_first)]


def _list(workouts: RemoteCalls, user_id: int, into: dict[int, None]) -> bool:
    """Add the ids of all workouts, and return whether there were as many all the time."""
    page, totals = 1, set()
    while True:
        found = workouts.list(user_id, page=page, limit=PAGE, sort="date:desc")
        totals.add(found["total"])
        if not found["items"]:
            return len(totals) == 1
        into |= dict.fromkeys(item["id"] for item in found["items"])
        page += 1


def _whole(workouts: RemoteCalls, user_id: int, workout_ids: list[int]) -> Iterator[list[dict]]:
    for page in _pages(workout_ids):
        found = {each["id"]: each for each in _get_many(workouts, user_id, page)}
        yield [found[key] for key in page if key in found]


def _get_many(workouts: RemoteCalls, user_id: int, workout_ids: list[int]) -> list[dict]:
    owners = [user_id] * len(workout_ids)
    found: list[dict] = workouts.get_many(workout_ids, rep_types=True, user_ids=owners)
    return found


def _ahead(pages: Iterator[list[dict]]) -> Iterator[list[dict]]:
    """Yield pages, the next of which is asked for while one is counted."""
    asked = eventlet.spawn(_next, pages)
    while (page := asked.wait()) is not None:
        if isinstance(page, Exception):
            raise page
        asked = eventlet.spawn(_next, pages)
        yield page


def _next(pages: Iterator[list[dict]]) -> list[dict] | Exception | None:
    """Return the next page, None if there is none, or what it failed with.

    Raised, it would be logged as one that nobody has caught, too, since it ends a greenthread.
    """
    try:
        return next(pages, None)
    except Exception as problem:
        return problem


def _pages(workout_ids: list[int]) -> Iterator[list[int]]:
    return (workout_ids[first : first + PAGE] for first in range(0, len(workout_ids), PAGE))
