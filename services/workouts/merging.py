"""Merging a private exercise into another: its owner's workouts have the other one instead.

The exercises service asks for it, and knows what may be merged. All workouts change in one
transaction, so a read sees all of them before or after it. A merge of many is only noted in the
call, and done by a timer: the deadline of a request is too short for it.

From the moment that it is noted the exercise is retired
(:mod:`services.workouts.private_exercises`) and can't be logged, so no workout gets it meanwhile.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from schemas.errors import BusinessRuleViolation, GymError
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.process.failpoints import failpoint
from services.transport.postgres.statements import Fetch, Statement, Together
from services.workouts import private_exercises, user_lock
from services.workouts.feed import LOCK

MOST_AT_ONCE = 500
"""A merge of more workouts is not done in the call."""

CHUNK = 500
"""Workouts that one statement moves: each ends long before PostgreSQL cancels it."""

_MERGES = """
    SELECT exercise_id, user_id, into_id, into_name, workouts, done_at IS NOT NULL
    FROM exercise_merges
"""
_FIND = Statement(f"{_MERGES} WHERE exercise_id = :exercise_id")
_TO_DO = Statement(f"{_MERGES} WHERE done_at IS NULL ORDER BY exercise_id")

_NOTE = Statement(
    """
    INSERT INTO exercise_merges (exercise_id, user_id, into_id, into_name, workouts)
    SELECT :exercise_id, :user_id, :into_id, :into_name, (
        SELECT count(DISTINCT workout_id) FROM workout_exercises
        WHERE user_id = :user_id AND exercise_id = :exercise_id)
    ON CONFLICT (exercise_id) DO NOTHING
    """
)

# another process may have done it, or be about to
_CLAIM = Statement(
    """
    SELECT exercise_id FROM exercise_merges
    WHERE exercise_id = :exercise_id AND done_at IS NULL FOR UPDATE SKIP LOCKED
    """
)

_WORKOUTS = Statement(
    """
    SELECT DISTINCT workout_id FROM workout_exercises
    WHERE user_id = :user_id AND exercise_id = :exercise_id ORDER BY workout_id
    """
)

# Whoever changes what is in a workout locks it first, too. In one order, or two merges could
# deadlock.
_LOCK = Statement(
    """
    SELECT FROM workouts WHERE user_id = :user_id AND id = ANY(CAST(:workout_ids AS bigint[]))
    ORDER BY id FOR NO KEY UPDATE
    """
)

# One of the workouts may have lost the exercise before it was locked.
_MOVE = Statement(
    """
    WITH had AS MATERIALIZED (
        SELECT workout_id FROM workout_exercises
        WHERE user_id = :user_id AND workout_id = ANY(CAST(:workout_ids AS bigint[]))
          AND exercise_id = :into_id
    ), moved AS (
        UPDATE workout_exercises SET exercise_id = :into_id, exercise_name = :into_name
        WHERE user_id = :user_id AND workout_id = ANY(CAST(:workout_ids AS bigint[]))
          AND exercise_id = :exercise_id
        RETURNING workout_id
    ), changed AS (
        UPDATE workouts SET version = version + 1, updated_at = now(),
            exercise_count = exercise_count - (id IN (SELECT workout_id FROM had))::integer
        WHERE user_id = :user_id AND id IN (SELECT workout_id FROM moved)
        RETURNING id
    )
    SELECT id, id IN (SELECT workout_id FROM had) FROM changed
    """
)

# What imports know of names follows. The other exercise is none that an import made: its undo would
# delete it.
_RENAME = Statement(
    """
    UPDATE import_names n
    SET exercise_id = :into_id, exercise_name = :into_name, is_made = false
    FROM imports i
    WHERE i.user_id = :user_id AND n.import_id = i.id AND n.exercise_id = :exercise_id
    """
)
_LEARN = Statement(
    """
    UPDATE learned_names SET exercise_id = :into_id
    WHERE user_id = :user_id AND exercise_id = :exercise_id
    """
)

_LEAVE_THE_FEED_ALONE = Statement("SELECT set_config('gym.merges', 'on', true)")

_LOCK_FEED = Statement(f"SELECT pg_advisory_xact_lock({LOCK})")

_WRITE_FEED = Statement(
    """
    INSERT INTO workout_changes
        (kind, workout_id, user_id, version, date, merged_from, merged_into, had_both)
    SELECT 'updated', w.id, w.user_id, w.version, w.date, :exercise_id, :into_id, had_both
    FROM unnest(CAST(:workout_ids AS bigint[]), CAST(:had_both AS boolean[]))
        AS moved (workout_id, had_both)
    JOIN workouts w ON w.user_id = :user_id AND w.id = moved.workout_id
    ORDER BY w.id
    """
)

_FOLLOW = Statement(
    """
    WITH RECURSIVE followed AS (
        SELECT exercise_id, into_id, into_name FROM exercise_merges
        WHERE user_id = :user_id AND exercise_id = ANY(CAST(:exercise_ids AS bigint[]))
        UNION
        SELECT m.exercise_id, m.into_id, m.into_name FROM followed f
        JOIN exercise_merges m ON m.user_id = :user_id AND m.exercise_id = f.into_id
    )
    SELECT exercise_id, into_id, into_name FROM followed
    """
)

_DONE = Statement("UPDATE exercise_merges SET done_at = now() WHERE exercise_id = :exercise_id")


class Merge(NamedTuple):
    """A merge that is noted; ``workouts`` are those that had the exercise then."""

    exercise_id: int
    user_id: int
    into_id: int
    into_name: str
    workouts: int
    is_done: bool

    @property
    def result(self) -> dict[str, Any]:
        """What whoever asked for it is told."""
        return {"workouts": self.workouts, "done": self.is_done}


class ExerciseMerging:
    """Merges exercises in workouts.

    Args:
        database: where the workouts are.
        cache: holds what a merge makes stale.
    """

    def __init__(self, database: Database, cache: Cache):
        self.database = database
        self.cache = cache

    def merge(self, user_id: int, exercise_id: int, into_id: int, into_name: str) -> dict[str, Any]:
        """Merge an exercise, or note that it is to be merged; see the RPC method."""
        merge = _find(self.database.fetch, exercise_id)
        if merge is None:
            merge = self._begin(
                user_id=user_id, exercise_id=exercise_id, into_id=into_id, into_name=into_name
            )
        if (merge.user_id, merge.into_id) != (user_id, into_id):
            raise BusinessRuleViolation("The exercise is merged into another one already")
        return merge.result

    def go_on(self) -> None:
        """Do the merges that were only noted, or whose process died.

        Raises:
            GymError: one could not be done; the others were tried.
        """
        failed: GymError | None = None
        for merge in map(Merge._make, self.database.fetch(_TO_DO)):
            try:
                self._finish(merge)
            except GymError as problem:
                failed = problem
        if failed is not None:
            raise failed

    def _begin(self, **asked: Any) -> Merge:
        with self._changing(asked["user_id"]), self.database.together() as transaction:
            user_lock.take(transaction.send, asked["user_id"])
            private_exercises.retire_in_any_case(transaction.send, asked["exercise_id"])
            transaction.send(_NOTE, **asked)
            merge = _find(transaction.fetch, asked["exercise_id"])
            # nobody deletes what was inserted a moment ago
            assert merge is not None
            if not merge.is_done and merge.workouts <= MOST_AT_ONCE:
                merge = _move(transaction, merge)
        return merge

    def _finish(self, merge: Merge) -> None:
        with self._changing(merge.user_id), self.database.together() as transaction:
            if transaction.fetch(_CLAIM, exercise_id=merge.exercise_id):
                user_lock.take(transaction.send, merge.user_id)
                _move(transaction, merge)
                failpoint("workouts.before_merge_commit")

    def _changing(self, user_id: int) -> AbstractContextManager[None]:
        # the second one makes the single workouts stale, all at once
        return self.cache.changing(
            cache_generations.workouts_of(user_id),
            cache_generations.private_facts_in_workouts_of(user_id),
        )


def followed(fetch: Fetch, user_id: int, exercise_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Return what exercises of a user were merged into in the end: the id and the name, by theirs.

    Whoever writes with them holds :mod:`services.workouts.user_lock`, or one might be merged
    meanwhile.
    """
    rows = fetch(_FOLLOW, user_id=user_id, exercise_ids=sorted(exercise_ids))
    merged = {source: (into_id, into_name) for source, into_id, into_name in rows}
    ends = {}
    for source, end in merged.items():
        while end[0] in merged:
            end = merged[end[0]]
        ends[source] = end
    return ends


def _find(fetch: Fetch, exercise_id: int) -> Merge | None:
    rows = fetch(_FIND, exercise_id=exercise_id)
    return Merge(*rows[0]) if rows else None


def _move(transaction: Together, merge: Merge) -> Merge:
    """Change all workouts that have a retired exercise, and write their changes to the feed."""
    given = merge._asdict()

    def of(statement: Statement, **more: Any) -> dict[str, Any]:
        return {name: (given | more)[name] for name in statement.names}

    transaction.send(_LEAVE_THE_FEED_ALONE)
    workout_ids = [key for (key,) in transaction.fetch(_WORKOUTS, **of(_WORKOUTS))]
    moved: list[tuple[int, bool]] = []
    for first in range(0, len(workout_ids), CHUNK):
        chunk = workout_ids[first : first + CHUNK]
        transaction.send(_LOCK, **of(_LOCK, workout_ids=chunk))
        moved += transaction.fetch(_MOVE, **of(_MOVE, workout_ids=chunk))
    transaction.send(_RENAME, **of(_RENAME))
    transaction.send(_LEARN, **of(_LEARN))
    # as late as can be, since all other writes wait for the lock (feed.py)
    transaction.send(_LOCK_FEED)
    ids, had_both = [key for key, _ in moved], [both for _, both in moved]
    transaction.send(_WRITE_FEED, **of(_WRITE_FEED, workout_ids=ids, had_both=had_both))
    transaction.send(_DONE, **of(_DONE))
    return merge._replace(is_done=True)
