"""What each service erases, and the fence that refuses rows of users who were erased."""

import importlib
import random

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from services.dependencies.database import ERASED
from services.migrate import NAMES
from tests.erasing import ERASING, TOMBSTONES, open_account, run
from tests.services.databases import address_of
from tests.waiting import eventually

OWNERS = ("user_id", "owner_id")

FOLLOWED = """
    WITH RECURSIVE held AS (
        SELECT c.oid, c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(:tables)
        UNION
        SELECT child.oid, child.relname FROM held
        JOIN pg_constraint f ON f.confrelid = held.oid AND f.contype = 'f' AND f.confdeltype = 'c'
        JOIN pg_class child ON child.oid = f.conrelid)
    SELECT relname FROM held
"""
PERSONAL = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT a.attisdropped AND a.attname = ANY(:owners)
"""
HANGING = """
    SELECT child.relname FROM pg_constraint f
    JOIN pg_class child ON child.oid = f.conrelid
    JOIN pg_class parent ON parent.oid = f.confrelid
    WHERE f.contype = 'f' AND parent.relname = ANY(:tables)
"""

WITHOUT_FENCE = {
    "workouts": {
        # written together with rows of workouts
        "workout_exercises",
        "exercise_sets",
        "workout_changes",
        "idempotency_keys",
        "client_ids",
    },
    # its one statement leaves such users out
    "analytics": {"failed_changes"},
    "exercises": set(),
    "notifications": set(),
}


def names(system, service, statement, **values):
    return {name for (name,) in run(system, service, statement, **values)}


def tables_of(service):
    """Return the tables that a service erases."""
    if service == "users":
        # the deletion of the account itself, and all that hangs on it
        return {"users"}
    erasing = importlib.import_module(f"services.{service}.erasing")
    return {held.table for held in erasing.TABLES}


def personal_tables(system, service):
    """Return the tables that say whose their rows are, and those that hang on them."""
    found = names(system, service, PERSONAL, owners=[*OWNERS])
    if service == "users":
        found.add("users")
    while more := names(system, service, HANGING, tables=[*found]) - found:
        found |= more
    return found


@pytest.mark.parametrize("service", NAMES)
def test_no_table_with_something_of_users_is_forgotten(system, service):
    """Add a new table to the service's ``erasing.py``, and to its take-out."""
    erased = names(system, service, FOLLOWED, tables=[*tables_of(service)])
    assert personal_tables(system, service) - TOMBSTONES <= erased


def test_all_services_with_a_database_erase():
    assert {*ERASING, "users"} == set(NAMES)


@pytest.mark.parametrize("service", ERASING)
def test_every_table_to_which_rows_can_be_added_is_fenced(system, service):
    fenced = names(
        system,
        service,
        """
        SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE t.tgname = 'erased_users_stay_away' AND t.tgenabled = 'O'
        """,
    )
    own = names(system, service, PERSONAL, owners=[*OWNERS]) - TOMBSTONES
    assert fenced == own - WITHOUT_FENCE[service]


def test_a_row_of_an_erased_user_is_refused(system):
    user_id = random.randrange(10**14, 10**15)
    run(system, "workouts", "INSERT INTO erased_users VALUES (:id)", id=user_id)
    insert = "INSERT INTO learned_names VALUES (:id, 'late', 1)"
    with pytest.raises(DBAPIError) as refused:
        run(system, "workouts", insert, id=user_id)
    assert refused.value.orig.pgcode == ERASED
    run(system, "workouts", insert, id=user_id + 1)


def test_whoever_has_not_seen_the_tombstone_is_waited_for(system):
    """Also one that began after the tombstone's transaction, and before it was committed."""
    from services.dependencies.erasure import tombstones

    user_id = random.randrange(10**14, 10**15)
    engine = create_engine(address_of(system, "exercises").url, poolclass=NullPool)
    insert = text("INSERT INTO own_details (owner_id, exercise_id) VALUES (:id, 1)")
    put_up = text(
        "INSERT INTO erased_users (user_id, look_at, running_until) VALUES (:id, NULL, NULL)"
    )
    fence = "UPDATE erased_users SET running_until = pg_current_xact_id() WHERE user_id = :id"
    is_fenced = tombstones._IS_FENCED.text.replace("$1", ":id")
    with engine.connect() as first, engine.connect() as second:
        raising, writing = first.begin(), second.begin()
        first.execute(put_up, {"id": user_id})
        # it has an id that is higher than that of the tombstone
        second.execute(insert, {"id": user_id})
        raising.commit()
        run(system, "exercises", fence, id=user_id)
        assert run(system, "exercises", is_fenced, id=user_id) == [(False,)]
        writing.commit()
    assert run(system, "exercises", is_fenced, id=user_id) == [(True,)]
    run(system, "exercises", "DELETE FROM own_details WHERE owner_id = :id", id=user_id)


@pytest.mark.slow
def test_an_erasure_of_the_version_before_waits_for_notifications_too(system):
    """It knows of no such service; a trigger expects the receipt for it."""
    account = open_account(system)
    run(
        system,
        "users",
        """
        INSERT INTO erasures (user_id, receipt_hash, requested_at)
        VALUES (:id, sha256(CAST(CAST(:id AS text) AS bytea)), clock_timestamp())
        """,
        id=account.id,
    )
    expect = """
        INSERT INTO erasure_receipts (user_id, service, asked_at)
        SELECT :id, service, clock_timestamp()
        FROM unnest(ARRAY['exercises', 'workouts', 'analytics']) AS given (service)
    """
    run(system, "users", expect, id=account.id)

    def is_complete():
        statement = "SELECT completed_at IS NOT NULL FROM erasures WHERE user_id = :id"
        return run(system, "users", statement, id=account.id) == [(True,)]

    expected = "SELECT service FROM erasure_receipts WHERE user_id = :id AND %s"
    asked_for = {name for (name,) in run(system, "users", expected % "true", id=account.id)}
    assert asked_for == {*ERASING}
    eventually(is_complete, 20)
    erased = run(system, "users", expected % "erased_at IS NOT NULL", id=account.id)
    assert {name for (name,) in erased} == {*ERASING}
    tombstone = "SELECT erased_at IS NOT NULL FROM erased_users WHERE user_id = :id"
    assert run(system, "notifications", tombstone, id=account.id) == [(True,)]
