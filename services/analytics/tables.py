"""The tables of users' numbers, and how many rows of them are written in one statement."""

from collections.abc import Iterable
from typing import NamedTuple


class Table(NamedTuple):
    """A table whose rows are replaced by their key.

    Args:
        key: the columns of its primary key, with their types.
        values: its other columns.
        written_at: the columns that tell when a row was written.
    """

    key: dict[str, str]
    values: dict[str, str]
    written_at: tuple[str, ...] = ("updated_at",)


USER = {"user_id": "bigint"}
EXERCISE = USER | {"exercise_id": "bigint"}

TABLES = {
    "processed_workouts": Table(
        {"workout_id": "bigint"},
        USER
        | {
            "version": "integer",
            "date": "date",
            "duration_minutes": "integer",
            "deleted": "boolean",
        },
        written_at=("processed_at",),
    ),
    "exercise_performance_history": Table(
        USER | {"workout_id": "bigint", "exercise_id": "bigint"},
        {
            "workout_date": "date",
            "exercise_name": "text",
            "rep_type": "text",
            "max_weight": "numeric",
            "best_weight": "numeric",
            "best_weight_unit": "text",
            "most_reps": "numeric",
            "total_volume": "numeric",
            "total_sets": "integer",
            "total_reps": "numeric",
            "rpe_sum": "numeric",
            "rpe_count": "integer",
            "raw_sets": "jsonb",
        },
        written_at=(),
    ),
    "personal_records": Table(
        EXERCISE | {"record_type": "text"},
        {
            "value": "numeric",
            "unit": "text",
            "achieved_date": "date",
            "workout_id": "bigint",
            "previous_record": "numeric",
        },
    ),
    "exercise_stats": Table(
        EXERCISE,
        {
            "exercise_name": "text",
            "current_max_weight": "numeric",
            "lifetime_volume": "numeric",
            "lifetime_sets": "bigint",
            "lifetime_workouts": "bigint",
            "last_performed_date": "date",
            "last_workout_id": "bigint",
            "rep_type": "text",
        },
        written_at=("updated_at", "rep_type_at"),
    ),
    "progress_snapshots": Table(
        USER | {"period_type": "text", "period_start": "date"},
        {
            "period_end": "date",
            "total_workouts": "integer",
            "total_volume": "numeric",
            "total_sets": "integer",
            "total_exercises": "integer",
            "avg_workout_duration": "integer",
            "total_minutes": "bigint",
            "timed_workouts": "integer",
        },
    ),
}

# Not known if the version before, which does not know of it, wrote the row last.
ONLY_KIND = "CASE WHEN s.rep_type_at = s.updated_at THEN s.rep_type END"


def upserting() -> str:
    """Return one statement that writes rows of all tables, each a JSON document of its name."""
    return _together(_upsert(name, table) for name, table in TABLES.items())


def forgetting() -> str:
    """Return one statement that deletes rows of all tables by their keys, as ``upserting``."""
    return _together(_delete(name, table) for name, table in TABLES.items())


def _together(statements: Iterable[str]) -> str:
    *others, last = statements
    named = ", ".join(f"part_{place} AS ({other})" for place, other in enumerate(others))
    return f"WITH {named} {last}"


def _upsert(name: str, table: Table) -> str:
    columns = ", ".join(table.key | table.values)
    changes = [f"{column} = excluded.{column}" for column in table.values]
    changes += [f"{column} = now()" for column in table.written_at]
    return f"""
        INSERT INTO {name} ({columns})
        SELECT {columns} FROM {_given(name, table.key | table.values)}
        ON CONFLICT ({", ".join(table.key)}) DO UPDATE SET {", ".join(changes)}
    """


def _delete(name: str, table: Table) -> str:
    key = ", ".join(table.key)
    return f"DELETE FROM {name} WHERE ({key}) IN (SELECT {key} FROM {_given(name, table.key)})"


def _given(name: str, columns: dict[str, str]) -> str:
    types = ", ".join(f"{column} {type_}" for column, type_ in columns.items())
    return f"json_to_recordset(CAST(:{name} AS json)) AS given ({types})"
