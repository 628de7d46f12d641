"""What the databases of a cell have of users, and how it is found."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.transport.postgres.unpooled import Connection, run

USERS = "user_id = ANY(%(users)s)"
_IMPORT = "import_id IN (SELECT id FROM imports WHERE user_id = ANY(%(users)s))"


@dataclass(frozen=True)
class Table:
    """A table with rows of users.

    Attributes:
        name: its name.
        where: conditions of the rows of ``users``; each row is found by one of them.
        moved: which of these are copied.
        without: columns whose values the other database gives itself.
        by_import: whether its rows have no user, and are of an import.
        by_user: whether an index of it begins with the user.
        at_once: rows that are deleted in one transaction.
    """

    name: str
    where: tuple[str, ...] = (USERS,)
    moved: str = "true"
    without: tuple[str, ...] = ()
    by_import: bool = False
    by_user: bool = True
    at_once: int = 1000

    def columns(self, connection: Connection) -> str:
        """Return the names of the columns that are copied, by commas."""
        found = run(connection, _COLUMNS, self.name)
        return ", ".join(f'"{name}"' for (name,) in found if name not in self.without)

    def rows(self, columns: str) -> str:
        """Return the query of the rows of users that are copied."""
        return " UNION ALL ".join(
            f"SELECT {columns} FROM {self.name} t WHERE {condition} AND {self.moved}"
            for condition in self.where
        )


_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ORDER BY attnum
"""

# A measurement that is copied has the trigger write its row of the feed (migration 0017); only
# those of deleted ones are copied. Positions are those of the cell.
_OF_DELETED = """
    NOT EXISTS (SELECT FROM measurements m WHERE m.user_id = t.user_id AND m.id = t.measurement_id)
"""

WORKOUTS = (
    Table("measurement_changes", moved=_OF_DELETED, without=("position",)),
    Table("workouts", at_once=200),
    Table("workout_exercises"),
    Table("exercise_sets"),
    Table("client_ids"),
    Table("idempotency_keys"),
    Table("imports", at_once=1),
    Table("import_pieces", (_IMPORT,), by_import=True, at_once=20),
    Table("import_workouts", (_IMPORT,), by_import=True),
    Table("import_updates", (_IMPORT,), by_import=True),
    Table("import_names", (_IMPORT,), by_import=True),
    Table("imported_workouts"),
    Table("learned_names"),
    Table("exercise_merges", by_user=False),
    Table("measurements"),
)
"""Of the database of workouts, each before what is only deleted before it."""

FEED = Table("workout_changes")
"""The change feed: the other cell gets rows of its own (:mod:`.feeding`)."""

ANALYTICS = (
    # deleted ones have an index of their own
    Table("processed_workouts", (f"{USERS} AND NOT deleted", f"{USERS} AND deleted")),
    Table("exercise_performance_history"),
    Table("personal_records"),
    Table("exercise_stats"),
    Table("set_records"),
    Table("progress_snapshots"),
    Table("weekly_summaries"),
    Table("failed_changes"),
)
"""Of the database of analytics."""

MOVED = {"workouts": WORKOUTS, "analytics": ANALYTICS}

NOT_MOVED: Mapping[str, Mapping[str, str]] = {
    "workouts": {
        "workout_changes": "the other cell gets rows of its own, the latest of each workout",
        "retired_exercises": "each cell that exercises are moved to gets those of everybody",
        "outbox": "events that the cell dispatches itself",
        "erased_users": "each cell erases users itself; those who are erased are not moved",
        "exercise_facts": "each cell has a copy of all",
    },
    "analytics": {
        "record_events": "events that the cell dispatches itself",
        "erased_users": "as in the database of workouts",
        "exercise_facts": "each cell has a copy of all",
        "own_muscles": "each cell has a copy of all",
        "user_settings": "each cell has a copy of all",
    },
}
"""Tables with something of users that are not copied, each with the reason."""
