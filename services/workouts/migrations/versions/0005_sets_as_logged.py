"""Times, distances, effort and rests of sets, supersets, and when a workout began and ended."""

from alembic import op

revision = "0005"
down_revision = "0004"

# A set's reps stay the number that counts, which the version before reads and must not find null:
# repetitions has what was entered, if that is something else.
COLUMNS = {
    "workouts": {
        "started_at": "TIMESTAMPTZ",
        "started_offset": "SMALLINT",
        "ended_at": "TIMESTAMPTZ",
        "ended_offset": "SMALLINT",
        "time_zone": "VARCHAR(64)",
    },
    "workout_exercises": {"superset": "SMALLINT"},
    "exercise_sets": {
        "repetitions": "NUMERIC(10, 2)",
        "duration_seconds": "NUMERIC(10, 2)",
        "distance_m": "NUMERIC(10, 2)",
        "rir": "NUMERIC(3, 1)",
        "rest_seconds": "SMALLINT",
    },
}

INDEXES = {
    "workouts_by_start": "workouts (user_id, date DESC, started_at DESC NULLS LAST, id DESC)",
    "workout_exercises_by_exercise": "workout_exercises (user_id, exercise_id, workout_id)",
}


def upgrade() -> None:
    # a transaction each, as a read locks the tables in an order of its own
    with op.get_context().autocommit_block():
        for table, columns in COLUMNS.items():
            added = (f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind in columns.items())
            op.execute(f"ALTER TABLE {table} {', '.join(added)}")
        for name, columns_of in INDEXES.items():
            # one whose making was broken off is there, and no use
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns_of}")
        # the other one serves the lists of the version before, too: it sorts within a day
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS workouts_by_date")


def downgrade() -> None:
    op.execute("CREATE INDEX workouts_by_date ON workouts (user_id, date DESC, id DESC)")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    for table, columns in COLUMNS.items():
        op.execute(f"ALTER TABLE {table} {', '.join(f'DROP COLUMN {name}' for name in columns)}")
