"""What analytics hold of users."""

from services.analytics.rules.record_events import RECORD_REVOKED, RECORD_SET
from services.analytics.summary_rows import WEEKLY_SUMMARY_READY
from services.dependencies.erasure.eraser import Eraser
from services.dependencies.erasure.tables import Held, outbox
from services.transport.amqp.topology import DEAD_LETTER_EXCHANGE

# of users who have deleted workouts there are only these in an index
_DELETED = "user_id = :user_id AND deleted"
_NOT_DELETED = "user_id = :user_id AND NOT deleted"

TABLES = (
    Held("failed_changes"),
    Held("processed_workouts", _NOT_DELETED),
    Held("processed_workouts", _DELETED),
    Held("exercise_performance_history"),
    Held("personal_records"),
    Held("set_records"),
    Held("exercise_stats"),
    Held("progress_snapshots"),
    Held("exercise_facts", "owner_id = :user_id"),
    Held("own_muscles"),
    Held("user_settings"),
    Held("weekly_summaries"),
    outbox("record_events"),
)

_KEPT = [
    f"evt-analytics-{event}--notifications.handle_{event}"
    for event in (RECORD_SET, RECORD_REVOKED, WEEKLY_SUMMARY_READY)
]


def make_eraser() -> Eraser:
    """Return what erases a user here, and in the dead letters, which are events of analytics."""
    return Eraser(TABLES, keys=["analytics:user:{}:*"], queues=[*_KEPT, DEAD_LETTER_EXCHANGE])
