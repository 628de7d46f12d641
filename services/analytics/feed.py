"""The position in the workouts service's change feed, and the changes that failed."""

from sqlalchemy import Connection, text

LEASE_SECONDS = 5
"""One process at a time follows the feed; another takes over when this one is silent so long. Two
that follow it at once only do the same work twice."""

LONGEST_PAUSE_SECONDS = 3600


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
