"""What is known of workouts that imports have brought."""

from services.transport.postgres.statements import Send, Statement

# of a workout of our own export it may be another's than that of its identity
_NOTE_VERSION = Statement(
    """
    UPDATE imported_workouts SET version = :version,
        content = CASE WHEN identity = :identity THEN :content ELSE content END
    WHERE user_id = :user_id AND workout_id = :workout_id
    """
)


def note_version(
    send: Send, user_id: int, workout_id: int, version: int, identity: bytes, content: bytes
) -> None:
    """Note the version that an import or its undo has made of a workout.

    Args:
        send: runs a statement inside the transaction of that change.
        user_id: whose workout it is.
        workout_id: its id.
        version: its own now.
        identity: of the workout in the file.
        content: of that one; noted if the workout has come from this identity.
    """
    send(
        _NOTE_VERSION,
        user_id=user_id,
        workout_id=workout_id,
        version=version,
        identity=identity,
        content=content,
    )
