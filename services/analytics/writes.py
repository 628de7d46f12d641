"""What counting writes: a batch in one statement, and what is gone in another.

Each takes the rows of every table as a JSON document, so its text does not depend on how many there
are: SQLAlchemy compiles it once, at import, and PostgreSQL prepares it once a connection.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import (
    Column,
    ColumnDefault,
    Delete,
    FromClause,
    Table,
    bindparam,
    cast,
    column,
    delete,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSON, Insert, insert

from services.analytics.columns import as_json, exercise_columns, period_columns
from services.analytics.rules.changes import Change, ExerciseKey, PeriodKey
from services.analytics.rules.history import Lifetime
from services.analytics.rules.incremental import Numbers
from services.analytics.rules.metrics import HistoryRow
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.records import Record
from services.analytics.rules.set_bests import SINGLE_KINDS, Slot
from services.analytics.rules.set_records import SetRecord
from services.analytics.tables import SET_RECORDS, TABLES
from services.transport.postgres.statements import Fetch, Send, Statement

_EXERCISE = ("user_id", "exercise_id")


def _given(table: Table, columns: Collection[Column]) -> FromClause:
    """Return the rows of a JSON document, which is the value that bears the table's name."""
    document = cast(bindparam(table.name), JSON)
    rows = func.json_to_recordset(document).table_valued(
        *(column(each.name, each.type) for each in columns)
    )
    return rows.render_derived(name="given", with_types=True)


def _upsert(table: Table) -> Insert:
    columns = [
        each for each in table.columns if each.server_default is None and each.default is None
    ]
    insertion = insert(table).from_select(
        [each.name for each in columns], select(_given(table, columns))
    )
    values = {each.name: insertion.excluded[each.name] for each in columns if not each.primary_key}
    # ON CONFLICT DO UPDATE does not look at a column's onupdate
    written_at = {
        each.name: each.onupdate.arg
        for each in table.columns
        if isinstance(each.onupdate, ColumnDefault)
    }
    return insertion.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=values | written_at
    )


def _delete(table: Table) -> Delete:
    # of an exercise that is recounted all set records go, and those that are found are written
    key = [each for each in table.primary_key if table is not SET_RECORDS or each.name in _EXERCISE]
    return delete(table).where(tuple_(*key).in_(select(_given(table, key))))


def _delete_of_user(table: Table) -> Delete:
    deletion = delete(table).where(table.columns.user_id == bindparam("user_id"))
    # a message about a deleted workout that arrives late must not bring it back
    return deletion.where(~table.columns.deleted) if "deleted" in table.columns else deletion


def _in_one(statements: Iterable[Insert | Delete]) -> Statement:
    """Compile statements to one that is prepared, each but the last as a CTE.

    PostgreSQL runs a data-modifying CTE to its end also if nothing reads its rows.
    """
    *others, last = statements
    for place, other in enumerate(others):
        last = last.add_cte(other.cte(f"part_{place}"))
    return Statement(str(last.compile(dialect=postgresql.dialect(paramstyle="named"))))


_UPSERT = _in_one(map(_upsert, TABLES.values()))
_FORGET = _in_one(map(_delete, TABLES.values()))
# one by one, as each has a time limit of its own
_FORGET_USER = [_in_one([_delete_of_user(table)]) for table in TABLES.values()]


_COVER = Statement(
    """
    UPDATE processed_workouts p SET version = given.version, processed_at = now()
    FROM json_to_recordset(CAST(:versions AS json))
        AS given (workout_id bigint, user_id bigint, version bigint)
    WHERE p.workout_id = given.workout_id AND p.user_id = given.user_id
      AND p.version = given.version - 1 AND NOT p.deleted
    RETURNING p.workout_id, p.version
    """
)


def write(
    send: Send,
    changes: Iterable[Change],
    rows: Iterable[HistoryRow],
    numbers: Numbers,
) -> None:
    """Write what was counted.

    Args:
        send: runs a statement inside a transaction.
        changes: the workouts that are counted now.
        rows: of the history, each instead of the one of its workout and exercise, if any.
        numbers: those that changed; what is None is not deleted here.
    """
    send(
        _UPSERT,
        processed_workouts=as_json(map(_workout_columns, changes)),
        exercise_performance_history=as_json(map(_row_columns, rows)),
        personal_records=as_json(
            _record_columns(key, kind, record)
            for key, kind, record in _each_record(numbers)
            if record
        ),
        set_records=as_json(
            _set_record_columns(key, slot, record)
            for key, records in numbers.set_records.items()
            for slot, record in records.items()
            if record
        ),
        exercise_stats=as_json(
            _lifetime_columns(key, whole) for key, whole in numbers.lifetimes.items() if whole
        ),
        progress_snapshots=as_json(
            _snapshot_columns(key, snapshot)
            for key, snapshot in numbers.snapshots.items()
            if snapshot
        ),
    )


def forget(send: Send, rows: Collection[HistoryRow], numbers: Numbers) -> None:
    """Delete rows of the history, numbers that are None, and the set records of the recounted."""
    records = [
        {**exercise_columns(key), "record_type": kind}
        for key, kind, record in _each_record(numbers)
        if record is None
    ]
    stats = [exercise_columns(key) for key, whole in numbers.lifetimes.items() if whole is None]
    snapshots = [
        period_columns(key) for key, snapshot in numbers.snapshots.items() if snapshot is None
    ]
    set_records = [exercise_columns(key) for key in numbers.recounted]
    if rows or records or stats or snapshots or set_records:
        send(
            _FORGET,
            processed_workouts=as_json([]),
            exercise_performance_history=as_json(
                {**exercise_columns((row.user_id, row.exercise_id)), "workout_id": row.workout_id}
                for row in rows
            ),
            personal_records=as_json(records),
            set_records=as_json(set_records),
            exercise_stats=as_json(stats),
            progress_snapshots=as_json(snapshots),
        )


def cover(fetch: Fetch, versions: Iterable[tuple[int, int, int]]) -> dict[int, int]:
    """Note versions that differ from the counted ones in nothing that counts.

    One whose predecessor is not the counted version is left out: it may differ in more.

    Args:
        fetch: runs a statement.
        versions: each with the ids of its workout and of the user.

    Returns:
        The versions that are noted, by the ids of their workouts.
    """
    members = ("workout_id", "user_id", "version")
    rows = as_json(dict(zip(members, each, strict=True)) for each in versions)
    return dict(fetch(_COVER, versions=rows))


def forget_user(send: Send, user_id: int) -> None:
    """Delete all that is known of a user, but which workouts were deleted."""
    for statement in _FORGET_USER:
        send(statement, user_id=user_id)


def _workout_columns(change: Change) -> dict[str, Any]:
    key = {"user_id": change.user_id, "workout_id": change.workout_id}
    return {**key, **change.workout._asdict()}


def _row_columns(row: HistoryRow) -> dict[str, Any]:
    columns = row._asdict()
    columns["workout_date"] = columns.pop("date")
    columns["max_weight"] = columns.pop("best_weight_kg")
    del columns["bests"], columns["is_counted"]
    columns |= {kind: row.size_of(kind) for kind in SINGLE_KINDS}
    # what is left out is null
    return {name: value for name, value in columns.items() if value is not None}


def _each_record(numbers: Numbers) -> Iterator[tuple[ExerciseKey, str, Record | None]]:
    for key, records in numbers.records.items():
        for kind, record in records.items():
            yield key, kind, record


def _record_columns(key: ExerciseKey, kind: str, record: Record) -> dict[str, Any]:
    columns = {**exercise_columns(key), "record_type": kind, **record._asdict()}
    columns["previous_record"] = columns.pop("previous")
    return columns


def _set_record_columns(key: ExerciseKey, slot: Slot, record: SetRecord) -> dict[str, Any]:
    user_id, exercise_id = key
    kind, kept_by = slot
    value, unit, size, tie, day, workout_id, started_at, previous = record
    return {
        "user_id": user_id,
        "exercise_id": exercise_id,
        "kind": kind,
        "kept_by": kept_by,
        "value": value,
        "unit": unit,
        "size": size,
        "tie": tie,
        "achieved_date": day,
        "workout_id": workout_id,
        "started_at": started_at,
        "previous_size": previous,
    }


def _lifetime_columns(key: ExerciseKey, whole: Lifetime) -> dict[str, Any]:
    return {
        **exercise_columns(key),
        "exercise_name": whole.exercise_name,
        "current_max_weight": whole.max_weight,
        "lifetime_volume": whole.volume,
        "lifetime_sets": whole.sets,
        "lifetime_workouts": whole.workouts,
        "last_performed_date": whole.last_performed_date,
        "last_workout_id": whole.last_workout_id,
        "rep_type": whole.rep_type,
        "last_started_at": whole.last_started_at,
    }


def _snapshot_columns(key: PeriodKey, snapshot: Snapshot) -> dict[str, Any]:
    return {
        **period_columns(key),
        **snapshot._asdict(),
        "avg_workout_duration": snapshot.avg_workout_duration,
    }
