"""What clients that keep a copy of measurements are told of them, over RPC."""

from functools import partial

import pytest
from sqlalchemy import NullPool, create_engine, text

from schemas.errors import Conflict, InvalidParameter
from services import migrate
from tests.services.clients import all_fine, at_once
from tests.services.databases import address_of, empty_database
from tests.services.following import follow, held
from tests.services.workouts.test_measurements import FAR, MOMENT, Person
from tests.waiting import eventually

INSERT = """
    INSERT INTO measurements (user_id, kind, value, unit, measured_at, measured_offset, date)
    VALUES (:user_id, 'weight', 80, 'kg', '2025-02-16T07:30:00Z', 0, '2025-02-16') RETURNING id
"""


@pytest.fixture
def person(rpc, fresh_user):
    return Person(rpc, fresh_user)


def changes_of(person, **options):
    return person.rpc.workouts.measurement_changes(person.id, **options)


def position_of(person):
    return person.rpc.workouts.measurement_position(person.id)["position"]


def all_of(person):
    return {("measurement", item["id"]): item for item in person.list(limit=100)["items"]}


def test_nothing_has_changed_of_who_has_nothing(person):
    assert changes_of(person) == []
    assert position_of(person) == 0


def test_a_new_measurement_as_it_is(person):
    made = person.create()
    [change] = changes_of(person)
    assert change.pop("position") == position_of(person) > 0
    assert change == {
        "kind": "measurement",
        "id": made["id"],
        "op": "put",
        "version": 1,
        "data": made,
    }


def test_each_measurement_is_there_once_with_its_latest_change(person):
    first, second = person.create(), person.create(kind="fat", value=18, unit="%")
    person.update(first["id"], value=81)
    person.update(first["id"], value=80.5)
    found = changes_of(person)
    assert [(change["id"], change["version"]) for change in found] == [
        (second["id"], 1),
        (first["id"], 3),
    ]
    assert found[1]["data"] == person.get(first["id"])
    assert found[1]["position"] == position_of(person)


def test_what_is_sent_again_is_told_only_if_it_is_another(person):
    person.create(external_id="scale-1")
    [seen] = changes_of(person)
    person.create(external_id="scale-1")
    assert changes_of(person, after=seen["position"]) == []
    person.create(external_id="scale-1", value=81)
    [change] = changes_of(person, after=seen["position"])
    assert (change["id"], change["version"], change["data"]["value"]) == (seen["id"], 2, 81)


def test_deleted_ones_leave_deletions(person):
    weight, fat = (
        person.create(external_id="a"),
        person.create(external_id="a", kind="fat", value=18, unit="%"),
    )
    kept = person.create()
    _, position = follow(partial(changes_of, person))
    person.rpc.workouts.delete_measurement_by_external_id(person.id, "a")
    gone = changes_of(person, after=position)
    assert {(change["id"], change["op"], change["data"]) for change in gone} == {
        (weight["id"], "delete", None),
        (fat["id"], "delete", None),
    }
    assert [change["version"] for change in gone] == [1, 1]

    # the id is never used again
    again = person.create(external_id="a")
    assert again["id"] not in (weight["id"], fat["id"])
    copy, _ = follow(partial(changes_of, person))
    assert held(copy) == all_of(person) == {("measurement", m["id"]): m for m in (kept, again)}


def test_a_copy_goes_on_where_it_was(person):
    made = [person.create() for _ in range(5)]
    copy, position = follow(partial(changes_of, person), limit=2)
    assert [key[1] for key in copy] == [each["id"] for each in made]
    assert changes_of(person, after=position) == []
    person.update(made[0]["id"], value=81)
    person.rpc.workouts.delete_measurement(person.id, made[1]["id"])
    found = changes_of(person, after=position)
    assert [change["id"] for change in found] == [made[0]["id"], made[1]["id"]]


def test_others_and_workouts_change_nothing_here(person):
    other = Person(person.rpc, person.id + FAR)
    other.create()
    person.rpc.workouts.create(person.id, {"date": "2025-02-16"})
    assert changes_of(person) == []
    assert position_of(person) == 0


def test_a_position_that_never_was_has_expired(person):
    person.create()
    with pytest.raises(Conflict, match="The cursor has expired: read the changes from 0"):
        changes_of(person, after=position_of(person) + 1)


@pytest.mark.parametrize("options", [{"after": -1}, {"limit": 0}, {"limit": 101}, {"after": "x"}])
def test_bad_positions(person, options):
    with pytest.raises(InvalidParameter):
        changes_of(person, **options)


def test_whatever_writes_them_can_not_forget_it(person, run):
    """The version before does not know the feed."""
    [(measurement_id,)] = run(INSERT, user_id=person.id)
    [change] = changes_of(person)
    assert change["data"] == person.get(measurement_id)
    run("DELETE FROM measurements WHERE user_id = :user_id RETURNING id", user_id=person.id)
    [change] = changes_of(person)
    assert (change["id"], change["op"]) == (measurement_id, "delete")


def test_a_slow_transaction_hides_no_change(person, system):
    """A position that is taken is waited for by whoever would get a higher one."""
    engine = create_engine(address_of(system, "workouts").url, poolclass=NullPool)
    with engine.connect() as slow:
        slow.execute(text(INSERT), {"user_id": person.id})
        slow.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))

        def create(rpc):
            return Person(rpc, person.id).create(measured_at=MOMENT)["id"]

        def read_and_let_go(rpc):
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            eventually(lambda: slow.execute(text(waiting)).scalar() > 0)
            early = rpc.workouts.measurement_changes(person.id)
            slow.commit()
            return early

        created, early = all_fine(at_once(system, create, read_and_let_go))
    assert early == []
    copy, _ = follow(partial(changes_of, person))
    assert held(copy) == all_of(person)
    assert [key[1] for key in copy][-1] == created
    assert len(copy) == 2


def test_those_of_an_erased_user_go(person, run):
    made = person.create()
    person.create()
    person.rpc.workouts.delete_measurement(person.id, made["id"])
    run("INSERT INTO erased_users (user_id) VALUES (:id) RETURNING user_id", id=person.id)
    eventually(lambda: changes_of(person) == [], seconds=20)


def test_what_was_measured_before_the_feed_is_in_it(system):
    with empty_database(address_of(system, "workouts")) as address:
        migrate.migrate("workouts", address)
        migrate.downgrade("workouts", address, "0016")
        engine = create_engine(address.url)
        with engine.begin() as connection:
            ids = [connection.execute(text(INSERT), {"user_id": 7}).scalar() for _ in range(3)]
            gone = connection.execute(text(INSERT), {"user_id": 8}).scalar()
            connection.execute(text("INSERT INTO erased_users (user_id) VALUES (8)"))
        migrate.migrate("workouts", address)
        feed = text("SELECT user_id, measurement_id, version FROM measurement_changes ORDER BY 2")
        with engine.begin() as connection:
            assert connection.execute(feed).all() == [(7, each, 1) for each in ids]
            connection.execute(text("DELETE FROM measurements WHERE id = :id"), {"id": gone})
        with engine.begin() as connection:
            assert len(connection.execute(feed).all()) == 3
        engine.dispose()
