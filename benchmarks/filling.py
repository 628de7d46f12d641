"""Puts users with workouts into the databases, together with all that analytics makes of them.

By statements over whole tables, because logging a million workouts would take days. What is written
is what the services would have written; ``tests/services/analytics/test_filling.py`` compares
the two.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text

from schemas.stats import MOST_ESTIMATED
from services.analytics.rules.one_rep_max import factor
from services.analytics.rules.set_bests import E1RM_BY
from services.process.settings import Settings


@dataclass(frozen=True)
class Filling:
    """Users who train alike, one workout a day up to yesterday, or some days earlier.

    Attributes:
        first_user: the id of the first; the others' follow it.
        users: how many.
        workouts: of each.
        exercises: of each workout.
        sets: of each exercise, the first a warm-up.
        days_earlier: how many days before yesterday the last workout is.
    """

    first_user: int
    users: int = 1
    workouts: int = 1
    exercises: int = 5
    sets: int = 4
    days_earlier: int = 0


@dataclass(frozen=True)
class Databases:
    """The databases that users and workouts are in."""

    users: Engine
    workouts: Engine
    analytics: Engine


# from the sequences, since the id of what was deleted is never used again
_FIRSTS = """
    SELECT w.last_value + w.is_called::integer AS first_workout,
           e.last_value + e.is_called::integer AS first_exercise,
           c.last_value + c.is_called::integer AS first_change
    FROM workouts_id_seq w, workout_exercises_id_seq e, workout_changes_id_seq c
"""

_PLANNED = """
    CREATE TEMPORARY TABLE planned ON COMMIT DROP AS
    WITH catalogue AS (
        SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS places, id, name
        FROM json_to_recordset(CAST(:catalogue AS json)) AS given (id bigint, name text)
    )
    SELECT number, :first_workout + number AS workout_id, :first_user + u AS user_id,
           CAST(:today AS date) - CAST(:workouts - k + :days_earlier AS integer) AS date,
           CAST(40 + k % 50 AS integer) AS duration_minutes,
           :first_exercise + number * :exercises + j AS row_id, j + 1 AS order_index,
           c.id AS exercise_id, c.name AS exercise_name, s AS set_number,
           CAST(3 + (k + j + s) % 8 AS numeric) AS reps,
           40 + (k * 7 + c.place * 13 + u) % 100 + 2.5 * s AS weight,
           CASE s WHEN 1 THEN 'warmup' ELSE 'normal' END AS set_type,
           CAST(5 + s AS numeric) AS rpe
    FROM generate_series(0, CAST(:users AS bigint) - 1) u
    CROSS JOIN generate_series(0, CAST(:workouts AS bigint) - 1) k
    CROSS JOIN LATERAL (SELECT u * :workouts + k AS number) numbered
    CROSS JOIN generate_series(0, CAST(:exercises AS bigint) - 1) j
    JOIN catalogue c ON c.place = (u + k * :exercises + j) % c.places
    CROSS JOIN generate_series(1, CAST(:sets AS bigint)) s
"""

_WORKOUTS = (
    # neither foreign keys nor the change feed's trigger: both are seen to here, for all at once
    "SET LOCAL session_replication_role = replica",
    """
    INSERT INTO workouts (id, user_id, name, date, duration_minutes, exercise_count, set_count,
                          total_volume) OVERRIDING SYSTEM VALUE
    SELECT workout_id, user_id, 'Push day', date, duration_minutes, count(DISTINCT exercise_id),
           count(*), coalesce(sum(weight * reps) FILTER (WHERE set_type <> 'warmup'), 0)
    FROM planned GROUP BY workout_id, user_id, date, duration_minutes
    """,
    """
    INSERT INTO workout_exercises (id, user_id, workout_id, exercise_id, exercise_name, rep_type,
                                   order_index) OVERRIDING SYSTEM VALUE
    SELECT row_id, user_id, workout_id, exercise_id, exercise_name, 'count', order_index
    FROM planned WHERE set_number = 1
    """,
    """
    INSERT INTO exercise_sets (user_id, workout_exercise_id, set_number, reps, weight, set_type,
                               rpe)
    SELECT user_id, row_id, set_number, reps, weight, set_type, rpe
    FROM planned ORDER BY row_id, set_number
    """,
    """
    INSERT INTO workout_changes (id, workout_id, user_id, kind, version, date)
        OVERRIDING SYSTEM VALUE
    SELECT DISTINCT :first_change + number, workout_id, user_id, 'created', 1, date FROM planned
    """,
    "SELECT setval('workouts_id_seq', (SELECT max(id) FROM workouts))",
    "SELECT setval('workout_exercises_id_seq', (SELECT max(id) FROM workout_exercises))",
    "SELECT setval('workout_changes_id_seq', (SELECT max(id) FROM workout_changes))",
)

_IN_PERIODS = """
    CROSS JOIN (VALUES ('week'), ('month')) AS units (unit)
    CROSS JOIN LATERAL (SELECT CAST(date_trunc(unit, date) AS date) AS start) begun
"""

_ANALYTICS = (
    """
    INSERT INTO processed_workouts (workout_id, user_id, version, date, duration_minutes)
    SELECT DISTINCT workout_id, user_id, 1, date, duration_minutes FROM planned
    """,
    """
    CREATE TEMPORARY TABLE estimated ON COMMIT DROP AS
    SELECT planned.*, kind, round(exactly, 28 - length(trunc(exactly)::text)) AS estimate
    FROM planned
    JOIN json_to_recordset(CAST(:factors AS json)) AS f (
        kind text, for_reps numeric, numerator numeric, denominator numeric) ON for_reps = reps
    CROSS JOIN LATERAL (
        SELECT CAST(weight * numerator AS numeric(80, 45)) / denominator AS exactly) divided
    WHERE set_type <> 'warmup'
    """,
    """
    CREATE TEMPORARY TABLE bests ON COMMIT DROP AS
    SELECT user_id, exercise_id, workout_id, date, kind, kept_by, max(size) AS size
    FROM (
        SELECT user_id, exercise_id, workout_id, date, kind, 0 AS kept_by, estimate AS size
        FROM estimated
        UNION ALL
        SELECT user_id, exercise_id, workout_id, date, slots.*
        FROM planned CROSS JOIN LATERAL (
            VALUES ('best_set_volume', 0, weight * reps), ('rep_max', reps, weight)) slots
        WHERE set_type <> 'warmup'
    ) sets
    GROUP BY user_id, exercise_id, workout_id, date, kind, kept_by
    """,
    """
    CREATE TEMPORARY TABLE sizes ON COMMIT DROP AS
    SELECT exercise_id, workout_id,
           max(size) FILTER (WHERE kind = 'best_e1rm') AS best_e1rm,
           max(size) FILTER (WHERE kind = 'best_e1rm_brzycki') AS best_e1rm_brzycki,
           max(size) FILTER (WHERE kind = 'best_e1rm_lombardi') AS best_e1rm_lombardi,
           max(size) FILTER (WHERE kind = 'best_set_volume') AS best_set_volume
    FROM bests GROUP BY exercise_id, workout_id
    """,
    """
    CREATE TEMPORARY TABLE performed ON COMMIT DROP AS
    SELECT user_id, workout_id, date, exercise_id, exercise_name, max(weight) AS max_weight,
           max(reps) AS max_reps, sum(weight * reps) AS max_volume, count(*) AS total_sets,
           sum(reps) AS total_reps, sum(rpe) AS rpe_sum,
           jsonb_agg(jsonb_build_object('id', row_id * :sets + set_number,
               'set_number', set_number, 'reps', reps, 'weight', weight, 'unit', 'kg',
               'set_type', set_type, 'rpe', rpe, 'notes', NULL) ORDER BY set_number) AS raw_sets
    FROM planned WHERE set_type <> 'warmup'
    GROUP BY user_id, workout_id, date, exercise_id, exercise_name
    """,
    """
    INSERT INTO exercise_performance_history (user_id, workout_id, workout_date, exercise_id,
        exercise_name, rep_type, max_weight, best_weight, best_weight_unit, most_reps,
        total_volume, total_sets, total_reps, rpe_sum, rpe_count, raw_sets, measure, counted_at,
        best_e1rm, best_e1rm_brzycki, best_e1rm_lombardi, best_set_volume)
    SELECT user_id, workout_id, date, exercise_id, exercise_name, 'count', max_weight, max_weight,
           'kg', max_reps, max_volume, total_sets, total_reps, rpe_sum, total_sets, raw_sets,
           'weight_reps', now(), best_e1rm, best_e1rm_brzycki, best_e1rm_lombardi, best_set_volume
    FROM performed JOIN sizes USING (workout_id, exercise_id) ORDER BY workout_id, exercise_id
    """,
    """
    INSERT INTO exercise_stats (user_id, exercise_id, exercise_name, current_max_weight,
        lifetime_volume, lifetime_sets, lifetime_workouts, last_performed_date, last_workout_id,
        rep_type, records_at)
    SELECT user_id, exercise_id, (array_agg(exercise_name ORDER BY date DESC, workout_id DESC))[1],
           max(max_weight), sum(max_volume), sum(total_sets), count(*), max(date), max(workout_id),
           'count', now()
    FROM performed GROUP BY user_id, exercise_id
    """,
    """
    INSERT INTO personal_records (user_id, exercise_id, record_type, value, unit, achieved_date,
                                  workout_id, previous_record)
    SELECT DISTINCT ON (user_id, exercise_id, kind)
           user_id, exercise_id, kind, value, unit, date, workout_id, before
    FROM (
        SELECT user_id, exercise_id, kind, value, unit, date, workout_id,
               max(value) OVER (PARTITION BY user_id, exercise_id, kind ORDER BY workout_id
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM performed CROSS JOIN LATERAL (VALUES ('max_weight', max_weight, 'kg'),
            ('max_reps', max_reps, 'reps'), ('max_volume', max_volume, 'kg'))
            AS kinds (kind, value, unit)
    ) reached
    WHERE value > coalesce(before, 0)
    ORDER BY user_id, exercise_id, kind, workout_id DESC
    """,
    """
    INSERT INTO set_records (user_id, exercise_id, kind, kept_by, value, unit, size, tie,
                             achieved_date, workout_id, previous_size)
    SELECT DISTINCT ON (user_id, exercise_id, kind, kept_by)
           user_id, exercise_id, kind, kept_by, size, 'kg', size, 0, date, workout_id,
           CASE WHEN kind <> 'rep_max' THEN before END
    FROM (
        SELECT bests.*, max(size) OVER (PARTITION BY user_id, exercise_id, kind, kept_by
            ORDER BY workout_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM bests
    ) reached
    WHERE size > coalesce(before, 0)
    ORDER BY user_id, exercise_id, kind, kept_by, workout_id DESC
    """,
    f"""
    INSERT INTO progress_snapshots (user_id, period_type, period_start, period_end,
        total_workouts, total_volume, total_sets, total_exercises, avg_workout_duration,
        total_minutes, timed_workouts)
    WITH trained AS (
        SELECT user_id, unit, start, count(*) AS workouts, sum(duration_minutes) AS minutes
        FROM (SELECT DISTINCT user_id, workout_id, date, duration_minutes FROM planned) workouts
        {_IN_PERIODS}
        GROUP BY user_id, unit, start
    ), lifted AS (
        SELECT user_id, unit, start, sum(max_volume) AS volume, sum(total_sets) AS sets,
               count(DISTINCT exercise_id) AS exercises
        FROM performed
        {_IN_PERIODS}
        GROUP BY user_id, unit, start
    )
    SELECT user_id, unit, start, CAST(start + CAST('1 ' || unit AS interval) AS date) - 1,
           workouts, volume, sets, exercises, round(CAST(minutes AS numeric) / workouts),
           minutes, workouts
    FROM trained JOIN lifted USING (user_id, unit, start)
    """,
    "UPDATE feed_position SET position = :last_change WHERE position < :last_change",
)

_USERS = """
    WITH added AS (
        INSERT INTO users (email, password_hash)
        SELECT 'crowd-' || gen_random_uuid() || '@example.com', '-'
        FROM generate_series(1, CAST(:users AS bigint))
        RETURNING id
    )
    SELECT min(id) FROM added
"""


@contextmanager
def connected(environment: Mapping[str, str]) -> Iterator[Databases]:
    """Connect to the databases that a system's variables lead to."""
    found = Settings.from_environment(environment).databases
    engines = [create_engine(found[name].url) for name in ("users", "workouts", "analytics")]
    try:
        yield Databases(*engines)
    finally:
        for engine in engines:
            engine.dispose()


def add_users(databases: Databases, users: int) -> int:
    """Add users who never sign in, and return the first one's id; the others' follow it."""
    with databases.users.begin() as connection:
        return connection.execute(text(_USERS), {"users": users}).scalar_one()


def fill(databases: Databases, filling: Filling, exercises: list[dict]) -> int:
    """Have users log workouts, and analytics count them, while nobody else writes.

    Args:
        databases: where to.
        filling: who logs how much.
        exercises: those that count repetitions: ``id`` and ``name``.

    Returns:
        The id of the first workout; the others' follow it.
    """
    given = _given(databases.workouts, filling, exercises)
    # analytics first, so that it finds nothing new in the feed
    for engine, statements in ((databases.analytics, _ANALYTICS), (databases.workouts, _WORKOUTS)):
        _fill(engine, statements, given)
    return given["first_workout"]


def fill_workouts(workouts: Engine, filling: Filling, exercises: list[dict]) -> int:
    """Fill in workouts as :func:`fill` does, but nothing that analytics would make of them."""
    given = _given(workouts, filling, exercises)
    _fill(workouts, _WORKOUTS, given)
    return given["first_workout"]


def _given(workouts: Engine, filling: Filling, exercises: list[dict]) -> dict[str, Any]:
    with workouts.begin() as connection:
        firsts = connection.execute(text(_FIRSTS)).one()._asdict()
    return {
        **asdict(filling),
        **firsts,
        "catalogue": json.dumps(exercises),
        "factors": json.dumps(_factors()),
        "today": datetime.now(UTC).date(),
        "last_change": firsts["first_change"] + filling.users * filling.workouts - 1,
    }


def _fill(engine: Engine, statements: tuple[str, ...], given: Mapping[str, object]) -> None:
    with engine.begin() as connection:
        _run(connection, (_PLANNED, "ANALYZE planned", *statements), given)


def _factors() -> list[dict]:
    """Return what each formula makes of a weight, for each number of repetitions."""
    factors = []
    for formula, kind in E1RM_BY.items():
        for repetitions in range(1, MOST_ESTIMATED + 1):
            numerator, denominator = map(str, factor(Decimal(repetitions), formula))
            factors.append(
                {
                    "kind": kind,
                    "for_reps": repetitions,
                    "numerator": numerator,
                    "denominator": denominator,
                }
            )
    return factors


def _run(connection: Connection, statements: tuple[str, ...], given: Mapping[str, object]) -> None:
    for statement in statements:
        connection.execute(text(statement), given)
