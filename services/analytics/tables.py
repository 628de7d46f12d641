"""The tables of users' numbers, as SQLAlchemy Core knows them.

The migrations make them; indexes, lengths and constraints are there. A column with ``onupdate``
holds the moment of the last write, one with only a ``server_default`` that of the first.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.analytics.rules.set_bests import SINGLE_KINDS

_METADATA = MetaData()


def _key(name: str, type_: type = BigInteger) -> Column:
    return Column(name, type_, primary_key=True, autoincrement=False)


def _written_at(name: str) -> Column:
    return Column(name, DateTime(timezone=True), server_default=func.now(), onupdate=func.now())


def _written_by_us_at(name: str) -> Column:
    """Return a column without a default in the database.

    The version before, which may write during an upgrade, does not know it: in a row that it
    inserts it is null, and where it updates one it stays as it was.
    """
    return Column(name, DateTime(timezone=True), default=func.now(), onupdate=func.now())


PROCESSED_WORKOUTS = Table(
    "processed_workouts",
    _METADATA,
    _key("workout_id"),
    Column("user_id", BigInteger),
    Column("version", Integer),
    Column("date", Date),
    Column("duration_minutes", Integer),
    Column("deleted", Boolean),
    _written_at("processed_at"),
)

EXERCISE_PERFORMANCE_HISTORY = Table(
    "exercise_performance_history",
    _METADATA,
    _key("user_id"),
    _key("workout_id"),
    _key("exercise_id"),
    Column("workout_date", Date),
    Column("exercise_name", Text),
    Column("rep_type", Text),
    Column("max_weight", Numeric),
    Column("best_weight", Numeric),
    Column("best_weight_unit", Text),
    Column("most_reps", Numeric),
    Column("total_volume", Numeric),
    Column("total_sets", Integer),
    Column("total_reps", Numeric),
    Column("rpe_sum", Numeric),
    Column("rpe_count", Integer),
    Column("raw_sets", JSONB),
    Column("measure", Text),
    Column("started_at", DateTime(timezone=True)),
    *(Column(kind, Numeric) for kind in SINGLE_KINDS),
    Column("total_duration_seconds", Numeric),
    Column("total_distance_m", Numeric),
    Column("created_at", DateTime(timezone=True), server_default=func.now()),
    _written_by_us_at("counted_at"),
)

PERSONAL_RECORDS = Table(
    "personal_records",
    _METADATA,
    _key("user_id"),
    _key("exercise_id"),
    _key("record_type", Text),
    Column("value", Numeric),
    Column("unit", Text),
    Column("achieved_date", Date),
    Column("workout_id", BigInteger),
    Column("started_at", DateTime(timezone=True)),
    Column("previous_record", Numeric),
    _written_at("updated_at"),
)

SET_RECORDS = Table(
    "set_records",
    _METADATA,
    _key("user_id"),
    _key("exercise_id"),
    _key("kind", Text),
    _key("kept_by", Numeric),
    Column("value", Numeric),
    Column("unit", Text),
    Column("size", Numeric),
    Column("tie", Numeric),
    Column("achieved_date", Date),
    Column("workout_id", BigInteger),
    Column("started_at", DateTime(timezone=True)),
    Column("previous_size", Numeric),
    _written_at("updated_at"),
)

EXERCISE_STATS = Table(
    "exercise_stats",
    _METADATA,
    _key("user_id"),
    _key("exercise_id"),
    Column("exercise_name", Text),
    Column("current_max_weight", Numeric),
    Column("lifetime_volume", Numeric),
    Column("lifetime_sets", BigInteger),
    Column("lifetime_workouts", BigInteger),
    Column("last_performed_date", Date),
    Column("last_workout_id", BigInteger),
    Column("rep_type", Text),
    Column("last_started_at", DateTime(timezone=True)),
    _written_at("updated_at"),
    _written_at("rep_type_at"),
    _written_by_us_at("records_at"),
)

# rep_type is the kind of all rows of an exercise, null if they are of several. It holds only while
# rep_type_at is updated_at: the version before, which may write during an upgrade, does not know
# both columns, so a row that it wrote last has a newer updated_at and a rep_type of before.
ONLY_KIND = "CASE WHEN s.rep_type_at = s.updated_at THEN s.rep_type END"
"""The one kind of an exercise's sets, of a row ``s`` of ``exercise_stats``; null if unknown."""

# Likewise: where the version before has counted an exercise, its records are not to be believed,
# nor the columns of its history that are newer than that version. Migration 0006 has a trigger for
# what that version changes without writing here.
IS_CURRENT = "coalesce(s.records_at = s.updated_at, false)"
"""Whether all that is known of an exercise holds, of a row ``s`` of ``exercise_stats``."""

PROGRESS_SNAPSHOTS = Table(
    "progress_snapshots",
    _METADATA,
    _key("user_id"),
    _key("period_type", Text),
    _key("period_start", Date),
    Column("period_end", Date),
    Column("total_workouts", Integer),
    Column("total_volume", Numeric),
    Column("total_sets", Integer),
    Column("total_exercises", Integer),
    Column("avg_workout_duration", Integer),
    Column("total_minutes", BigInteger),
    Column("timed_workouts", Integer),
    _written_at("updated_at"),
)

TABLES = {
    table.name: table
    for table in (
        PROCESSED_WORKOUTS,
        EXERCISE_PERFORMANCE_HISTORY,
        PERSONAL_RECORDS,
        SET_RECORDS,
        EXERCISE_STATS,
        PROGRESS_SNAPSHOTS,
    )
}
"""The tables that a batch of workouts is written to, by their names."""


def place(row: str, day: str = "workout_date") -> str:
    """Return the SQL of a workout's place in the history; rules.metrics has it in Python.

    Args:
        row: alias of a row with ``started_at`` and ``workout_id``.
        day: its column with the day.
    """
    return f"({row}.{day}, coalesce({row}.started_at, '-infinity'), {row}.workout_id)"
