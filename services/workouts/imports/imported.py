"""What is known of workouts that imports have brought."""

from services.transport.postgres.statements import Send, Statement

# of a workout of our own export it may be another's than that of its identity
_NOTE_VERSION = Statement(
    """
    UPDATE imported_workouts SET
        version = CASE WHEN version = :version_before THEN :version ELSE version END,
        content = CASE WHEN identity = :identity THEN :content ELSE content END
    WHERE user_id = :user_id AND workout_id = :workout_id
    """
)


def note_version(
    send: Send,
    user_id: int,
    workout_id: int,
    versions: tuple[int, int],
    identity: bytes,
    content: bytes,
) -> None:
    """Note the version that an import or its undo has made of a workout.

    One that was edited before is so afterwards, too: undoing the import that brought it leaves it.

    Args:
        send: runs a statement inside the transaction of that change.
        user_id: whose workout it is.
        workout_id: its id.
        versions: that of before, and its own now.
        identity: of the workout in the file.
        content: of that one; noted if the workout has come from this identity.
    """
    send(
        _NOTE_VERSION,
        user_id=user_id,
        workout_id=workout_id,
        version_before=versions[0],
        version=versions[1],
        identity=identity,
        content=content,
    )
