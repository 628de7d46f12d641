"""Analytics in PostgreSQL: every statement of the analytics service but the feed's.

Rows are written many at a time, as one JSON document that PostgreSQL takes apart.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, text

from services.analytics.history import Lifetime
from services.analytics.metrics import ExerciseMetrics
from services.analytics.periods import period_end
from services.analytics.progress import Snapshot
from services.analytics.records import Record

_PERFORMANCE = """
    workout_id, workout_date AS date, exercise_id, exercise_name, rep_type,
    max_weight AS best_weight_kg, best_weight, best_weight_unit, most_reps,
    total_volume, total_sets, total_reps, rpe_sum, rpe_count
"""


@dataclass(frozen=True)
class ProcessedWorkout:
    """What analytics knows of a workout."""

    version: int
    date: date | None
    deleted: bool

    def covers(self, change: dict) -> bool:
        """Tell whether a change of the feed brings nothing new."""
        if change["kind"] == "deleted":
            return self.deleted
        return self.deleted or self.version >= change["version"]


def lock_user(connection: Connection, user_id: int) -> None:
    """Let one transaction at a time work on a user, until it ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:user_id)"), {"user_id": user_id})


def processed(connection: Connection, workout_ids: Sequence[int]) -> dict[int, ProcessedWorkout]:
    """Return what is known of workouts, by their ids."""
    rows = connection.execute(
        text(
            "SELECT workout_id, version, date, deleted FROM processed_workouts "
            "WHERE workout_id = ANY(:ids)"
        ),
        {"ids": list(workout_ids)},
    )
    return {row.workout_id: ProcessedWorkout(row.version, row.date, row.deleted) for row in rows}


def processed_ids(connection: Connection, user_id: int) -> set[int]:
    """Return the ids of a user's workouts that are known and not deleted."""
    rows = connection.execute(
        text("SELECT workout_id FROM processed_workouts WHERE user_id = :user_id AND NOT deleted"),
        {"user_id": user_id},
    )
    return set(rows.scalars())


def remember_workout(connection: Connection, workout: dict) -> None:
    """Note which version of a workout was processed."""
    _remember(connection, {**workout, "workout_id": workout["id"], "deleted": False})


def remember_deletion(connection: Connection, workout_id: int, user_id: int) -> None:
    """Note that a workout is gone for good, so that no late message brings it back."""
    _remember(
        connection,
        {
            "workout_id": workout_id,
            "user_id": user_id,
            "version": 0,
            "date": None,
            "duration_minutes": None,
            "deleted": True,
        },
    )


def _remember(connection: Connection, values: dict) -> None:
    connection.execute(
        text(
            """
            INSERT INTO processed_workouts
                (workout_id, user_id, version, date, duration_minutes, deleted)
            VALUES (:workout_id, :user_id, :version, :date, :duration_minutes, :deleted)
            ON CONFLICT (workout_id) DO UPDATE SET version = excluded.version,
                date = excluded.date, duration_minutes = excluded.duration_minutes,
                deleted = excluded.deleted, processed_at = now()
            """
        ),
        values,
    )


def replace_performances(
    connection: Connection, user_id: int, workout_id: int, day: str | None, metrics: list
) -> set[int]:
    """Replace a workout's performances, and return the exercises that it touched before or now.

    Args:
        connection: inside a transaction.
        user_id: whose workout.
        workout_id: which one.
        day: its date, ``YYYY-MM-DD``.
        metrics: one :class:`ExerciseMetrics` an exercise; empty if the workout is gone.
    """
    before = connection.execute(
        text(
            "DELETE FROM exercise_performance_history "
            "WHERE user_id = :user_id AND workout_id = :workout_id RETURNING exercise_id"
        ),
        {"user_id": user_id, "workout_id": workout_id},
    )
    touched = set(before.scalars())
    if metrics:
        _insert_performances(connection, user_id, workout_id, day, metrics)
    return touched | {item.exercise_id for item in metrics}


def _insert_performances(
    connection: Connection, user_id: int, workout_id: int, day: str, metrics: list[ExerciseMetrics]
) -> None:
    connection.execute(
        text(
            """
            INSERT INTO exercise_performance_history
                (user_id, workout_id, workout_date, exercise_id, exercise_name, rep_type,
                 max_weight, best_weight, best_weight_unit, most_reps, total_volume, total_sets,
                 total_reps, rpe_sum, rpe_count, raw_sets)
            SELECT :user_id, :workout_id, CAST(:day AS date), exercise_id, exercise_name, rep_type,
                   best_weight_kg, best_weight, best_weight_unit, most_reps, total_volume,
                   total_sets, total_reps, rpe_sum, rpe_count, raw_sets
            FROM json_to_recordset(CAST(:rows AS json)) AS given (
                exercise_id bigint, exercise_name text, rep_type text, best_weight_kg numeric,
                best_weight numeric, best_weight_unit text, most_reps numeric,
                total_volume numeric, total_sets integer, total_reps numeric, rpe_sum numeric,
                rpe_count integer, raw_sets jsonb)
            """
        ),
        {
            "user_id": user_id,
            "workout_id": workout_id,
            "day": day,
            "rows": _json([asdict(item) for item in metrics]),
        },
    )


def performances(
    connection: Connection, user_id: int, exercise_ids: Iterable[int], since: date | None = None
) -> Sequence[Row]:
    """Return a user's performances of some exercises, from a day on."""
    return connection.execute(
        text(
            f"""
            SELECT {_PERFORMANCE} FROM exercise_performance_history
            WHERE user_id = :user_id AND exercise_id = ANY(:exercise_ids)
              AND workout_date >= coalesce(:since, '-infinity'::date)
            """
        ),
        {"user_id": user_id, "exercise_ids": list(exercise_ids), "since": since},
    ).all()


def performances_between(
    connection: Connection, user_id: int, first: date, last: date
) -> Sequence[Row]:
    """Return a user's performances of all exercises within some days."""
    return connection.execute(
        text(
            f"""
            SELECT {_PERFORMANCE} FROM exercise_performance_history
            WHERE user_id = :user_id AND workout_date BETWEEN :first AND :last
            """
        ),
        {"user_id": user_id, "first": first, "last": last},
    ).all()


def workouts_between(
    connection: Connection, user_id: int, first: date, last: date
) -> Sequence[Row]:
    """Return a user's workouts within some days, with ``date`` and ``duration_minutes``."""
    return connection.execute(
        text(
            "SELECT date, duration_minutes FROM processed_workouts "
            "WHERE user_id = :user_id AND NOT deleted AND date BETWEEN :first AND :last"
        ),
        {"user_id": user_id, "first": first, "last": last},
    ).all()


def replace_records(
    connection: Connection, user_id: int, records_of: dict[int, dict[str, Record]]
) -> None:
    """Replace the records of some exercises."""
    _forget(connection, "personal_records", user_id, records_of)
    rows = [
        {"exercise_id": exercise_id, "record_type": kind, **asdict(record)}
        for exercise_id, records in records_of.items()
        for kind, record in records.items()
    ]
    connection.execute(
        text(
            """
            INSERT INTO personal_records (user_id, exercise_id, record_type, value, unit,
                                          achieved_date, workout_id, previous_record)
            SELECT :user_id, exercise_id, record_type, value, unit, achieved_date, workout_id,
                   previous
            FROM json_to_recordset(CAST(:rows AS json)) AS given (
                exercise_id bigint, record_type text, value numeric, unit text,
                achieved_date date, workout_id bigint, previous numeric)
            """
        ),
        {"user_id": user_id, "rows": _json(rows)},
    )


def replace_stats(
    connection: Connection, user_id: int, lifetime_of: dict[int, Lifetime | None]
) -> None:
    """Replace the statistics of some exercises; None removes them."""
    _forget(connection, "exercise_stats", user_id, lifetime_of)
    rows = [
        {"exercise_id": exercise_id, **asdict(lifetime)}
        for exercise_id, lifetime in lifetime_of.items()
        if lifetime is not None
    ]
    connection.execute(
        text(
            """
            INSERT INTO exercise_stats (user_id, exercise_id, exercise_name, current_max_weight,
                lifetime_volume, lifetime_sets, lifetime_workouts, last_performed_date)
            SELECT :user_id, exercise_id, exercise_name, max_weight, volume, sets, workouts,
                   last_performed_date
            FROM json_to_recordset(CAST(:rows AS json)) AS given (
                exercise_id bigint, exercise_name text, max_weight numeric, volume numeric,
                sets bigint, workouts bigint, last_performed_date date)
            """
        ),
        {"user_id": user_id, "rows": _json(rows)},
    )


def replace_snapshot(
    connection: Connection, user_id: int, unit: str, start: date, snapshot: Snapshot | None
) -> None:
    """Replace the snapshot of one week or month; None removes it."""
    key = {"user_id": user_id, "unit": unit, "start": start}
    connection.execute(
        text(
            "DELETE FROM progress_snapshots WHERE user_id = :user_id "
            "AND period_type = :unit AND period_start = :start"
        ),
        key,
    )
    if snapshot is not None:
        connection.execute(
            text(
                """
                INSERT INTO progress_snapshots (user_id, period_type, period_start, period_end,
                    total_workouts, total_volume, total_sets, total_exercises,
                    avg_workout_duration)
                VALUES (:user_id, :unit, :start, :end, :total_workouts, :total_volume,
                        :total_sets, :total_exercises, :avg_workout_duration)
                """
            ),
            {**key, "end": period_end(start, unit), **asdict(snapshot)},
        )


def lifetime(connection: Connection, user_id: int, exercise_id: int) -> Lifetime | None:
    """Return the statistics of one exercise, or None if the user never did it."""
    row = connection.execute(
        text(
            """
            SELECT exercise_name, current_max_weight AS max_weight, lifetime_volume AS volume,
                   lifetime_sets AS sets, lifetime_workouts AS workouts, last_performed_date
            FROM exercise_stats WHERE user_id = :user_id AND exercise_id = :exercise_id
            """
        ),
        {"user_id": user_id, "exercise_id": exercise_id},
    ).one_or_none()
    return None if row is None else Lifetime(**row._mapping)


def records(connection: Connection, user_id: int) -> Sequence[Row]:
    """Return all records of a user with the exercises' names, exercise by exercise."""
    return connection.execute(
        text(
            """
            SELECT r.exercise_id, s.exercise_name, r.record_type, r.value, r.unit,
                   r.achieved_date, r.workout_id, r.previous_record AS previous
            FROM personal_records r JOIN exercise_stats s USING (user_id, exercise_id)
            WHERE r.user_id = :user_id ORDER BY r.exercise_id
            """
        ),
        {"user_id": user_id},
    ).all()


def snapshots_since(
    connection: Connection, user_id: int, unit: str, first: date
) -> dict[date, Snapshot]:
    """Return a user's snapshots of weeks or months from a day on, by their first days."""
    rows = connection.execute(
        text(
            """
            SELECT period_start, total_workouts, total_volume, total_sets, total_exercises,
                   avg_workout_duration
            FROM progress_snapshots
            WHERE user_id = :user_id AND period_type = :unit AND period_start >= :first
            """
        ),
        {"user_id": user_id, "unit": unit, "first": first},
    )
    return {row.period_start: Snapshot(*row[1:]) for row in rows}


def _forget(connection: Connection, table: str, user_id: int, exercises: Iterable[int]) -> None:
    connection.execute(
        text(f"DELETE FROM {table} WHERE user_id = :user_id AND exercise_id = ANY(:exercises)"),
        {"user_id": user_id, "exercises": list(exercises)},
    )


def _json(rows: list[dict]) -> str:
    return json.dumps(rows, default=_exactly)


def _exactly(value: Any) -> str:
    if isinstance(value, Decimal | date):
        # as text, which PostgreSQL reads as the exact number or the date
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
