"""The change feed: one row for each write of a workout, which analytics follows.

A deferred trigger on ``workouts`` writes it, as the last thing before the commit and behind an
advisory lock (migration 0002; docs/decisions/change-feed.md). A merge of exercises writes its rows
itself (:mod:`services.workouts.merging`), and an import has the trigger mark them.
"""

from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Send, Statement

LOCK = 7_306_001
"""Of the advisory lock."""

_MEMBERS = f"""
    'id', c.id, 'workout_id', c.workout_id, 'user_id', c.user_id, 'kind', c.kind,
    'version', c.version, 'date', c.date, 'changed_at', {instant("c.changed_at")}
"""

_CHANGE = f"""
    SELECT CASE WHEN c.imported THEN json_build_object({_MEMBERS}, 'imported', true)
        WHEN c.merged_from IS NULL THEN json_build_object({_MEMBERS})
        ELSE json_build_object({_MEMBERS}, 'merged', json_build_object(
            'exercise_id', c.merged_from, 'into', c.merged_into, 'had_both', c.had_both)) END
    FROM workout_changes c WHERE c.id > :after
"""
_CHANGES = Statement(f"{_CHANGE} ORDER BY c.id LIMIT :limit")
_CHANGES_OF_ONE = Statement(
    f"""
    {_CHANGE} AND c.workout_id = :workout_id
      AND c.user_id = coalesce(CAST(:user_id AS bigint), c.user_id)
    ORDER BY c.id LIMIT :limit
    """
)

# until the end of the transaction
_MARK_AS_IMPORTED = Statement("SELECT set_config('gym.imports', 'on', true)")


def mark_as_imported(send: Send) -> None:
    """Have the changes of this transaction say that an import, or its undo, made them."""
    send(_MARK_AS_IMPORTED)


def changes(
    fetch: Fetch,
    after: int,
    limit: int,
    workout_id: int | None = None,
    user_id: int | None = None,
) -> list[dict]:
    """Return the changes after an id, oldest first; those of one workout, or of all.

    Because of the lock changes become visible in the order of their ids, so a reader that goes on
    after the last id it has seen misses none.
    """
    if workout_id is None:
        rows = fetch(_CHANGES, after=after, limit=limit)
    else:
        rows = fetch(
            _CHANGES_OF_ONE, after=after, limit=limit, workout_id=workout_id, user_id=user_id
        )
    return [row[0] for row in rows]
