"""Keys of exercises and sets in workouts that need no statistics to be found by."""

import time

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

revision = "0010"
down_revision = "0009"

# PostgreSQL has no statistics of a table that has just begun to grow, and takes any two indexes
# that begin with user_id for equally good: the check of each set's foreign key then read all
# exercises of the user. So only the key that it looks for begins with it. And nothing looks for a
# set by its id.
NEW = {
    "workout_exercises_by_place": "workout_exercises (workout_id, order_index, user_id)",
    "workout_exercises_by_exercise_id": "workout_exercises (exercise_id, user_id, workout_id)",
    "exercise_sets_by_place": "exercise_sets (user_id, workout_exercise_id, set_number)",
}
UNIQUE = ("workout_exercises_by_place", "exercise_sets_by_place")

# a transaction each, as a read locks tables in an order of its own
EXCHANGE = (
    "DROP INDEX CONCURRENTLY IF EXISTS workout_exercises_by_exercise",
    "ALTER TABLE workout_exercises DROP CONSTRAINT IF EXISTS "
    "workout_exercises_user_id_workout_id_order_index_key",
    "ALTER TABLE exercise_sets DROP CONSTRAINT IF EXISTS exercise_sets_pkey, "
    "DROP CONSTRAINT IF EXISTS exercise_sets_user_id_workout_exercise_id_set_number_key, "
    "ADD CONSTRAINT exercise_sets_pkey PRIMARY KEY USING INDEX exercise_sets_by_place",
)

LOCK_NOT_AVAILABLE = "55P03"
PAUSE_SECONDS = 0.5


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, columns in NEW.items():
            _make_index(name, columns)
        # All reads would wait behind a statement that waits for a lock, such as that of a backup.
        op.execute("SET lock_timeout = '1s'")
        for statement in EXCHANGE:
            _execute_when_free(statement)
        op.execute("RESET lock_timeout")


def _make_index(name: str, columns: str) -> None:
    """Make an index anew, unless a migration that was broken off later has made it."""
    is_valid = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    if op.get_bind().scalar(is_valid, {"name": name}):
        return
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    unique = "UNIQUE" if name in UNIQUE else ""
    op.execute(f"CREATE {unique} INDEX CONCURRENTLY {name} ON {columns}")


def _execute_when_free(statement: str) -> None:
    while True:
        try:
            op.execute(statement)
        except OperationalError as problem:
            if getattr(problem.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def downgrade() -> None:
    op.execute(
        "ALTER TABLE exercise_sets DROP CONSTRAINT exercise_sets_pkey, "
        "ADD PRIMARY KEY (user_id, id), ADD UNIQUE (user_id, workout_exercise_id, set_number)"
    )
    op.execute("ALTER TABLE workout_exercises ADD UNIQUE (user_id, workout_id, order_index)")
    op.execute(
        "CREATE INDEX workout_exercises_by_exercise "
        "ON workout_exercises (user_id, exercise_id, workout_id)"
    )
    op.execute("DROP INDEX workout_exercises_by_place")
    op.execute("DROP INDEX workout_exercises_by_exercise_id")
