"""The outbox of record events: written by the transaction that counts, emptied by the relay."""

from collections.abc import Iterable
from typing import Any

from services.analytics.columns import as_json, exercise_columns
from services.analytics.reads import KIND, MEASURE
from services.analytics.rules.changes import ExerciseKey
from services.analytics.rules.metrics import HistoryRow
from services.analytics.rules.record_events import RecordEvent, shown_event
from services.analytics.rules.shown_records import KINDS_OF
from services.analytics.tables import ONLY_KIND
from services.dependencies.outbox import Outbox
from services.transport.postgres.expressions import cases, word_array
from services.transport.postgres.statements import Send, Statement

AT_ONCE = 100
"""Events that are read and dispatched at a time."""

_KINDS = cases("measure", {measure: word_array(kinds) for measure, kinds in KINDS_OF.items()})

# Which kinds are shown is decided as when records are read. Where nothing of an exercise is left,
# or its facts are not here yet, it is as it was logged. max_reps is stored over all kinds of an
# exercise, so of one with several it is not what is shown. OFFSET 0 for the reason that
# counting_reads has.
_WRITE = Statement(
    f"""
    INSERT INTO record_events (event_type, user_id, exercise_name, payload)
    SELECT told.event_type, user_id, name, told.payload
    FROM (
        SELECT *, coalesce(CASE WHEN kind_now IS NULL THEN logged_measure END, {MEASURE})
            AS measure
        FROM (
            SELECT k.user_id, k.measure AS logged_measure, k.events, s.user_id IS NULL AS is_gone,
                coalesce(f.name, s.exercise_name, k.exercise_name) AS name,
                {ONLY_KIND} AS only_kind, coalesce({KIND}, k.rep_type) AS kind,
                f.rep_type AS kind_now, f.measure AS measure_now
            FROM json_to_recordset(CAST(:exercises AS json)) AS k (user_id bigint,
                exercise_id bigint, exercise_name text, rep_type text, measure text, events json)
            LEFT JOIN LATERAL (
                SELECT * FROM exercise_stats e
                WHERE e.user_id = k.user_id AND e.exercise_id = k.exercise_id OFFSET 0) s ON true
            LEFT JOIN LATERAL (
                SELECT * FROM exercise_facts e
                WHERE e.exercise_id = k.exercise_id OFFSET 0) f ON true) known) exercise
    CROSS JOIN LATERAL json_to_recordset(events) AS told (
        place integer, event_type text, kind text, payload json)
    WHERE told.kind = ANY ({_KINDS})
      AND (told.kind <> 'max_reps' OR only_kind IS NOT NULL OR is_gone)
    ORDER BY told.place
    """
)

OUTBOX = Outbox("record_events", "exercise_name", at_once=AT_ONCE)


def write(send: Send, events: Iterable[RecordEvent], rows: Iterable[HistoryRow]) -> bool:
    """Write those events whose kinds are shown, and return whether there were any at all.

    Args:
        send: runs a statement inside the transaction that counts, after everything else is written.
        events: in their order.
        rows: of the history, at least one of each exercise of the events, as it is logged or was.
    """
    events_of: dict[ExerciseKey, list[dict[str, Any]]] = {}
    for place, event in enumerate(events):
        events_of.setdefault(event.exercise, []).append(
            {
                "place": place,
                "event_type": event.event_type,
                "kind": event.kind,
                "payload": shown_event(event),
            }
        )
    if not events_of:
        return False
    logged = {(row.user_id, row.exercise_id): row for row in rows}
    send(
        _WRITE,
        exercises=as_json(
            _exercise_columns(key, logged[key]) | {"events": told}
            for key, told in events_of.items()
        ),
    )
    return True


def _exercise_columns(key: ExerciseKey, logged: HistoryRow) -> dict[str, Any]:
    return {
        **exercise_columns(key),
        "exercise_name": logged.exercise_name,
        "rep_type": logged.rep_type,
        "measure": logged.measure,
    }
