"""What the exercises service holds of users."""

from services.dependencies.erasure.eraser import Eraser
from services.dependencies.erasure.tables import Held

TABLES = (
    Held("private_exercises", "owner_id = :user_id"),
    Held("own_details", "owner_id = :user_id"),
    Held("own_muscle_changes", "owner_id = :user_id"),
    Held("own_exercise_changes", "owner_id = :user_id"),
)


def make_eraser() -> Eraser:
    """Return what erases a user here."""
    return Eraser(TABLES, keys=["exercise:user:{}:*"])
