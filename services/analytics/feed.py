"""The position in the workouts service's change feed, and the changes that failed."""

from sqlalchemy import Connection, text

LEASE_SECONDS = 5
"""One process at a time follows the feed; another takes over when this one is silent so long. Two
that follow it at once only do the same work twice."""

LONGEST_PAUSE_SECONDS = 3600


class HeadStart:
    """Leaves to the events what has only just happened.

    An event has a change counted within milliseconds; whoever counts it from the feed in the same
    moment does it twice. So what the feed shows for the first time waits until the next look. A
    process that has just started, or finds more than it takes at a time, is behind and waits for
    nothing.

    Args:
        batch: how many changes are taken at a time.
    """

    def __init__(self, batch: int):
        self._batch = batch
        self._newest: int | None = None
        self._newest_before: int | None = None

    def begin_look(self) -> None:
        """Note that what was seen until now has had its time."""
        self._newest_before = self._newest

    def left_to_the_feed(self, changes: list[dict]) -> list[dict]:
        """Return those changes, of the oldest, that no event will see to any more."""
        newest_before, is_behind = self._newest_before, len(changes) >= self._batch
        self._newest = max(changes[-1]["id"] if changes else 0, self._newest or 0)
        if newest_before is None or is_behind:
            return changes
        return [change for change in changes if change["id"] <= newest_before]


def hold(connection: Connection, holder: str) -> int | None:
    """Return the position if this process may follow the feed now, otherwise None."""
    return connection.execute(
        text(
            """
            UPDATE feed_position
            SET holder = :holder, held_until = now() + make_interval(secs => :seconds)
            WHERE holder = :holder OR held_until < now()
            RETURNING position
            """
        ),
        {"holder": holder, "seconds": LEASE_SECONDS},
    ).scalar()


def release(connection: Connection, holder: str) -> None:
    """Let another process follow the feed at once."""
    connection.execute(
        text("UPDATE feed_position SET held_until = '-infinity' WHERE holder = :holder"),
        {"holder": holder},
    )


def advance(connection: Connection, position: int) -> None:
    """Note that all changes up to a position were seen to."""
    connection.execute(
        text("UPDATE feed_position SET position = :position WHERE position < :position"),
        {"position": position},
    )


def note_failure(connection: Connection, workout_id: int, reason: str) -> int:
    """Note that a workout could not be processed, and return how often that happened.

    It is tried again after pauses that double up to an hour.
    """
    return connection.execute(
        text(
            """
            INSERT INTO failed_changes AS f (workout_id, next_attempt_at, reason)
            VALUES (:workout_id, now() + interval '2 seconds', :reason)
            ON CONFLICT (workout_id) DO UPDATE SET attempts = f.attempts + 1, reason = :reason,
                next_attempt_at = now() + make_interval(
                    secs => least(power(2, least(f.attempts + 1, 20)), :longest))
            RETURNING attempts
            """
        ),
        {"workout_id": workout_id, "reason": reason, "longest": LONGEST_PAUSE_SECONDS},
    ).scalar_one()


def forget_failures(connection: Connection, workout_ids: list[int]) -> None:
    """Note that workouts that had failed were processed."""
    connection.execute(
        text("DELETE FROM failed_changes WHERE workout_id = ANY(:workout_ids)"),
        {"workout_ids": workout_ids},
    )


def due_failures(connection: Connection, limit: int) -> list[int]:
    """Return workouts that failed and whose pause is over."""
    rows = connection.execute(
        text(
            "SELECT workout_id FROM failed_changes WHERE next_attempt_at <= now() "
            "ORDER BY next_attempt_at LIMIT :limit"
        ),
        {"limit": limit},
    )
    return list(rows.scalars())
