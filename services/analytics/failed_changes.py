"""Changes of the workouts service's feed that failed.

A table of a few rows. Each function is one statement and a transaction of its own; they are SQL,
because what they compute from the clock of PostgreSQL reads no better in SQLAlchemy Core.
"""

from typing import NamedTuple

from services.transport.postgres.statements import Fetch, Send, Statement

LONGEST_PAUSE_SECONDS = 3600

# at most 2^20 seconds, or an old failure would be out of range before least() looks at it
_NOTE_FAILURE = Statement(
    f"""
    INSERT INTO failed_changes AS f (workout_id, user_id, next_attempt_at, reason, silently)
    SELECT :workout_id, CAST(:user_id AS bigint), now() + interval '2 seconds', :reason, :silently
    WHERE NOT EXISTS (
        SELECT FROM erased_users WHERE erased_users.user_id = CAST(:user_id AS bigint))
    ON CONFLICT (workout_id) DO UPDATE SET attempts = f.attempts + 1, reason = excluded.reason,
        user_id = coalesce(f.user_id, excluded.user_id),
        silently = excluded.silently, next_attempt_at = now() + make_interval(
            secs => least(power(2, least(f.attempts + 1, 20)), {LONGEST_PAUSE_SECONDS}))
    RETURNING attempts
    """
)

# but not those that _COUNT_AGAIN has noted meanwhile
_FORGET_FAILURES = Statement(
    """
    DELETE FROM failed_changes
    WHERE workout_id = ANY(CAST(:workout_ids AS bigint[])) AND next_attempt_at <= now()
    """
)

# any process may try them, also one of the version before, which would do no better than before
_COUNT_AGAIN = Statement(
    f"""
    WITH again AS (
        UPDATE processed_workouts SET version = 0
        WHERE workout_id = ANY(CAST(:workout_ids AS bigint[])) AND NOT deleted
        RETURNING workout_id, user_id)
    INSERT INTO failed_changes AS f (workout_id, user_id, next_attempt_at, reason)
    SELECT workout_id, user_id, now() + interval '10 minutes', 'counted by the version before'
    FROM again
    ON CONFLICT (workout_id) DO UPDATE SET attempts = f.attempts + 1, reason = excluded.reason,
        next_attempt_at = now() + interval '{LONGEST_PAUSE_SECONDS} seconds'
    WHERE f.next_attempt_at <= now()
    """
)

_DUE_FAILURES = Statement(
    """
    SELECT workout_id, user_id, silently FROM failed_changes WHERE next_attempt_at <= now()
    ORDER BY next_attempt_at LIMIT :limit
    """
)


class Failure(NamedTuple):
    """A workout that could not be counted.

    Attributes:
        workout_id: its id.
        user_id: its owner; None in a row of an earlier version.
        silently: whether it makes no record events when it is counted.
    """

    workout_id: int
    user_id: int | None
    silently: bool


def note_failure(
    fetch: Fetch, workout_id: int, user_id: int | None, reason: str, silently: bool
) -> int:
    """Note that a workout could not be processed, and return how often that happened.

    It is tried again after pauses that double up to an hour, and makes no record events then if
    it is ``silently``. Of a user who is erased nothing is noted: 0.
    """
    noted = fetch(
        _NOTE_FAILURE, workout_id=workout_id, user_id=user_id, reason=reason, silently=silently
    )
    return noted[0][0] if noted else 0


def forget_failures(fetch: Fetch, workout_ids: list[int]) -> None:
    """Note that workouts that had failed were processed."""
    fetch(_FORGET_FAILURES, workout_ids=workout_ids)


def count_again(send: Send, workout_ids: list[int]) -> None:
    """Let workouts be asked for and counted once more, when the version before runs no longer."""
    if workout_ids:
        send(_COUNT_AGAIN, workout_ids=workout_ids)


def due_failures(fetch: Fetch, limit: int) -> list[Failure]:
    """Return workouts that failed and whose pause is over, the one that is due longest first."""
    return [Failure(*row) for row in fetch(_DUE_FAILURES, limit=limit)]
