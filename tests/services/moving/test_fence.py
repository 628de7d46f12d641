"""Triggers that refuse writes of users whose bucket is elsewhere, or is being moved."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from services import migrate
from services.dependencies.cells.states import BEING_MOVED, ELSEWHERE
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
UPDATED = (
    ("imports", "status = 'applying'"),
    ("learned_names", "exercise_id = 7"),
    ("idempotency_keys", "answer = '2'"),
    ("client_ids", "body_hash = '1'"),
    ("exercise_merges", "done_at = now()"),
    ("imported_workouts", "version = 2"),
)

_users = itertools.count(100)


@pytest.fixture
def user():
    """A user in a bucket of their own."""
    return next(_users)


def put(two, cell, state, bucket=BUCKET):
    with opened(cell) as side:
        states.write(side, bucket, state, two.b)


@pytest.mark.parametrize("state", REFUSED)
def test_writes_are_refused_by_the_state(shared, user, state):
    cell, code = shared.first, REFUSED[state]
    shared.fill(cell, user)
    of_user = "WHERE user_id = %(user)s"
    [(workout,)] = shared.workouts(cell, f"SELECT id FROM workouts {of_user}", user=user)
    [(import_id,)] = shared.workouts(cell, IMPORT, user=user, status="preview")
    put(shared, cell, state, user)
    of_import = OF_IMPORT.split(";")
    tried = [
        (CHANGE, {"id": workout}),
        (MEASURE, {}),
        (IMPORT, {"status": "receiving"}),
        (of_import[0], {"id": import_id}),
        (of_import[2], {"id": import_id}),
        *((f"UPDATE {table} SET {change} {of_user}", {}) for table, change in UPDATED),
        (f"DELETE FROM measurements {of_user}", {}),
        (WORKOUT, {"name": "New"}),
        (DELETE, {"id": workout}),
    ]
    refused = [shared.refusal(cell, statement, user=user, **rest) for statement, rest in tried]
    assert refused == [code] * len(tried)
    # of others, and what jobs do to old rows of everybody
    assert shared.refusal(cell, WORKOUT, user=OTHER, name="New") is None
    for table in ("idempotency_keys", "imports", "client_ids"):
        assert shared.refusal(cell, f"DELETE FROM {table} {of_user}", user=user) is None


def test_without_a_state_a_bucket_is_in_the_first_cell_alone(shared, user):
    assert shared.refusal(shared.first, WORKOUT, user=user, name="New") is None
    assert shared.refusal(shared.b, WORKOUT, user=user, name="New") == ELSEWHERE


def test_the_refusal_names_the_other_cell(shared, user):
    put(shared, shared.first, cells.GONE, user)
    connection = connect(shared.first.databases["workouts"])
    with pytest.raises(Exception, match="in another cell") as refused:
        connection.cursor().execute(WORKOUT, {"user": user, "name": "New"})
    assert refused.value.diag.message_detail == "b"
    connection.close()


@pytest.mark.parametrize("state", REFUSED)
def test_an_erasure_deletes_in_any_state(shared, user, state):
    shared.fill(shared.first, user)
    put(shared, shared.first, state, user)
    shared.workouts(shared.first, "INSERT INTO erased_users (user_id) VALUES (%(user)s)", user=user)
    for table in ("workouts", "measurements"):
        erased = f"DELETE FROM {table} WHERE user_id = %(user)s"
        assert shared.refusal(shared.first, erased, user=user) is None


def test_who_has_begun_to_write_is_waited_for(shared, user):
    connection = connect(shared.first.databases["workouts"])
    with ThreadPoolExecutor(1) as threads:
        connection.cursor().execute(WORKOUT, {"user": user, "name": "New"})
        fenced = threads.submit(put, shared, shared.first, cells.LEAVING, user)
        eventually(lambda: shared.workouts(shared.first, WAITING) == [(1,)])
        # who comes meanwhile gets through
        assert shared.refusal(shared.first, WORKOUT, user=user, name="Then") is None
        connection.commit()
        fenced.result(10)
    connection.close()
    assert shared.refusal(shared.first, WORKOUT, user=user, name="Late") == BEING_MOVED


SUMMARY = "INSERT INTO weekly_summaries VALUES (%(user)s, '2025-W08', '{}') RETURNING week"


@pytest.mark.parametrize("state", REFUSED)
def test_summaries_are_made_where_the_bucket_is(shared, user, state):
    put(shared, shared.first, state, user)
    made = shared.analytics(shared.first, SUMMARY, user=user)
    assert made == ([("2025-W08",)] if state == cells.HERE else [])
    other = next(_users)
    assert shared.analytics(shared.first, SUMMARY, user=other) == [("2025-W08",)]
    assert shared.analytics(shared.b, SUMMARY, user=other) == []


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


def test_nothing_is_left_of_it_in_a_revision_before(prepared):
    for service, revision in (("workouts", "0018"), ("analytics", "0011")):
        migrate.downgrade(service, prepared.first.databases[service], revision)
    prepared.workouts(prepared.first, WORKOUT, user=BUCKET, name="New")
    prepared.analytics(prepared.first, SUMMARY, user=BUCKET)
