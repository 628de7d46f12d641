"""What the workouts service holds of users."""

from services.dependencies.erasure.eraser import Eraser
from services.dependencies.erasure.tables import Held, outbox
from services.transport.postgres.statements import Statement
from services.workouts.imports.completed import IMPORT_COMPLETED

_WORKOUTS_AT_ONCE = 50
_PIECES_AT_ONCE = 20

# they would go with their import, which may have too many of them for one statement
_OF_IMPORTS = "import_id IN (SELECT id FROM imports WHERE user_id = :user_id)"

# as in a merge, the trigger that notes changes in the feed leaves them out (migration 0009): they
# would only be deleted, and analytics gets the event
_WITHOUT_CHANGES = Statement("SELECT set_config('gym.merges', 'on', true)")

# imports before workouts, so that none goes on; changes after workouts, as a request of the user
# that is still under way may have written some, and then the workout had to wait for it
TABLES = (
    Held("import_pieces", _OF_IMPORTS, at_once=_PIECES_AT_ONCE),
    Held("import_workouts", _OF_IMPORTS),
    Held("import_updates", _OF_IMPORTS),
    Held("import_names", _OF_IMPORTS),
    Held("imports"),
    Held("exercise_merges"),
    Held("workouts", at_once=_WORKOUTS_AT_ONCE, first=_WITHOUT_CHANGES),
    Held("client_ids"),
    Held("workout_changes"),
    Held("idempotency_keys"),
    Held("imported_workouts"),
    Held("learned_names"),
    Held("measurements"),
    Held("measurement_changes"),
    Held(
        "retired_exercises",
        "exercise_id IN (SELECT exercise_id FROM exercise_facts WHERE owner_id = :user_id)",
    ),
    Held("exercise_facts", "owner_id = :user_id"),
    outbox("outbox"),
)


def make_eraser() -> Eraser:
    """Return what erases a user here."""
    return Eraser(
        TABLES,
        keys=["workout:user:{}:*"],
        queues=[f"evt-workouts-{IMPORT_COMPLETED}--notifications.handle_{IMPORT_COMPLETED}"],
    )
