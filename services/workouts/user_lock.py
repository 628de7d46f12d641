"""The lock of those who change many workouts of a user in one transaction.

Imports and merges of exercises lock workouts in different orders, so they would deadlock without
it. Whoever takes it does so before any lock of an exercise or a workout.
"""

from services.transport.postgres.statements import Send, Statement

_LOCK = Statement(
    "SELECT pg_advisory_xact_lock(hashtextextended('imports of ' || CAST(:user_id AS text), 0))"
)


def take(send: Send, user_id: int) -> None:
    """Wait for the lock of a user, and keep it until the end of the transaction."""
    send(_LOCK, user_id=user_id)
