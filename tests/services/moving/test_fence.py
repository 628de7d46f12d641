"""Triggers that refuse writes of users whose bucket is elsewhere, or is being moved."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from services.dependencies.bucket_states import BEING_MOVED, ELSEWHERE

from services.moving import preparing, states
from services.moving.addresses import CannotMove
from services.moving.connecting import opened
from services.process import cells
from services.transport.postgres.connecting import connect
from tests.services.moving.rows import CHANGE, DELETE, IMPORT, MEASURE, OF_IMPORT, WORKOUT
from tests.waiting import eventually

BUCKET = 17
OTHER = 18
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
REFUSED = {
    cells.HERE: None,
    cells.LEAVING: BEING_MOVED,
    cells.ARRIVED: BEING_MOVED,
    cells.GONE: ELSEWHERE,
    cells.ARRIVING: ELSEWHERE,
}


def put(two, cell, state, bucket=BUCKET):
    with opened(cell) as side:
        states.write(side, bucket, state, two.b)


@pytest.mark.parametrize("state", REFUSED)
def test_writes_are_refused_by_the_state(prepared, state):
    cell, code = prepared.first, REFUSED[state]
    prepared.fill(cell, BUCKET)
    [(workout,)] = prepared.workouts(cell, "SELECT id FROM workouts")
    [(import_id,)] = prepared.workouts(cell, IMPORT, user=BUCKET, status="preview")
    put(prepared, cell, state)
    of_import = OF_IMPORT.split(";")
    tried = [
        (CHANGE, {"user": BUCKET, "id": workout}),
        (MEASURE, {"user": BUCKET}),
        (IMPORT, {"user": BUCKET, "status": "receiving"}),
        (of_import[0], {"id": import_id}),
        (of_import[2], {"id": import_id}),
        ("UPDATE imports SET status = 'applying'", {}),
        ("UPDATE learned_names SET exercise_id = 7", {}),
        ("UPDATE idempotency_keys SET answer = '2'", {}),
        ("UPDATE client_ids SET body_hash = '1'", {}),
        ("UPDATE exercise_merges SET done_at = now()", {}),
        ("UPDATE imported_workouts SET version = 2", {}),
        ("DELETE FROM measurements", {}),
        (WORKOUT, {"user": BUCKET, "name": "New"}),
        (DELETE, {"user": BUCKET, "id": workout}),
    ]
    refused = [prepared.refusal(cell, statement, **values) for statement, values in tried]
    assert refused == [code] * len(tried)
    # of others, and what jobs do to old rows of everybody
    assert prepared.refusal(cell, WORKOUT, user=OTHER, name="New") is None
    for table in ("idempotency_keys", "imports", "client_ids"):
        assert prepared.refusal(cell, f"DELETE FROM {table}") is None


def test_without_a_state_a_bucket_is_in_the_first_cell_alone(prepared):
    assert prepared.refusal(prepared.first, WORKOUT, user=BUCKET, name="New") is None
    assert prepared.refusal(prepared.b, WORKOUT, user=BUCKET, name="New") == ELSEWHERE


def test_the_refusal_names_the_other_cell(prepared):
    put(prepared, prepared.first, cells.GONE)
    connection = connect(prepared.first.databases["workouts"])
    with pytest.raises(Exception, match="in another cell") as refused:
        connection.cursor().execute(WORKOUT, {"user": BUCKET, "name": "New"})
    assert refused.value.diag.message_detail == "b"
    connection.close()


@pytest.mark.parametrize("state", REFUSED)
def test_an_erasure_deletes_in_any_state(prepared, state):
    prepared.fill(prepared.first, BUCKET)
    put(prepared, prepared.first, state)
    prepared.workouts(prepared.first, "INSERT INTO erased_users (user_id) VALUES (17)")
    for table in ("workouts", "measurements"):
        assert prepared.refusal(prepared.first, f"DELETE FROM {table}") is None


def test_who_has_begun_to_write_is_waited_for(prepared):
    connection = connect(prepared.first.databases["workouts"])
    with ThreadPoolExecutor(1) as threads:
        connection.cursor().execute(WORKOUT, {"user": BUCKET, "name": "New"})
        fenced = threads.submit(put, prepared, prepared.first, cells.LEAVING)
        eventually(lambda: prepared.workouts(prepared.first, WAITING) == [(1,)])
        # who comes meanwhile gets through
        assert prepared.refusal(prepared.first, WORKOUT, user=BUCKET, name="Then") is None
        connection.commit()
        fenced.result(10)
    connection.close()
    assert prepared.refusal(prepared.first, WORKOUT, user=BUCKET, name="Late") == BEING_MOVED


SUMMARY = "INSERT INTO weekly_summaries VALUES (%(user)s, '2025-W08', '{}') RETURNING week"


@pytest.mark.parametrize("state", REFUSED)
def test_summaries_are_made_where_the_bucket_is(prepared, state):
    put(prepared, prepared.first, state)
    made = prepared.analytics(prepared.first, SUMMARY, user=BUCKET)
    assert made == ([("2025-W08",)] if state == cells.HERE else [])
    assert prepared.analytics(prepared.first, SUMMARY, user=OTHER) == [("2025-W08",)]
    assert prepared.analytics(prepared.b, SUMMARY, user=OTHER) == []


def test_preparing_again_changes_nothing(prepared):
    prepared.fill(prepared.first, BUCKET)
    prepared.prepare()
    with opened(prepared.first) as first, opened(prepared.b) as b:
        preparing.check(first)
        preparing.check(b)
    sequences = "SELECT DISTINCT last_value FROM pg_sequences"
    assert prepared.workouts(prepared.b, sequences) == [(preparing.APART,)]
    assert prepared.analytics(prepared.b, sequences) == [(preparing.APART,)]


def test_preparing_waits_for_no_table_for_long(two):
    connection = connect(two.first.databases["workouts"])
    connection.cursor().execute("LOCK TABLE imports IN SHARE MODE")
    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(two.prepare)
        eventually(lambda: two.workouts(two.first, WAITING) == [(1,)])
        two.workouts(two.first, WORKOUT, user=BUCKET, name="New")
        assert not done.done()
        connection.rollback()
        done.result(20)
    connection.close()


def test_what_is_not_prepared_is_told(two):
    with opened(two.first) as side, pytest.raises(CannotMove, match=r"client_ids has no trigger"):
        preparing.check(side)
    two.prepare()
    two.workouts(two.b, "SELECT setval('workouts_id_seq', 5)")
    with opened(two.b) as side, pytest.raises(CannotMove, match="ids of workouts_id_seq"):
        preparing.check(side)


def test_a_cell_with_another_place_is_told(prepared):
    for cell in (prepared.first, prepared.b):
        other = type(cell)(cell.name, 1 - cell.number, cell.databases)
        with opened(other) as side, pytest.raises(CannotMove, match="prepared as another cell"):
            preparing.check(side)
