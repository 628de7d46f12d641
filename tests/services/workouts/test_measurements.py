"""Measurements of the body over RPC: what may be kept, how it comes back, and of two at once."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain

import pytest

from schemas.errors import (
    BusinessRuleViolation,
    Conflict,
    InvalidParameter,
    NotFound,
    ValidationFailed,
)
from schemas.measurements import KINDS, MOST_MEASUREMENTS, bounds
from tests.services.clients import all_fine, at_once
from tests.services.workouts.test_workouts import faults

MOMENT = "2025-02-16T07:30:00+01:00"
WEIGHT = {"kind": "weight", "value": 82.4, "unit": "kg", "measured_at": MOMENT}
AT_ONCE = 6
FAR = 10**9
"""Beyond the ids of users that other tests have."""


@pytest.fixture
def person(rpc, fresh_user):
    return Person(rpc, fresh_user)


class Person:
    """Somebody who measures themselves."""

    def __init__(self, rpc, user_id):
        self.rpc = rpc
        self.id = user_id

    def save(self, **more):
        return self.rpc.workouts.create_measurement(self.id, WEIGHT | more)

    def create(self, **more):
        return self.save(**more)["measurement"]

    def get(self, measurement_id):
        return self.rpc.workouts.get_measurement(self.id, measurement_id)

    def update(self, measurement_id, **changes):
        return self.rpc.workouts.update_measurement(self.id, measurement_id, changes)

    def list(self, **query):
        return self.rpc.workouts.list_measurements(self.id, **query)

    def values(self, **query):
        return [item["value"] for item in self.list(**query)["items"]]


# What comes back


def test_a_measurement(person):
    saved = person.save()
    made = saved["measurement"]
    assert saved == {"measurement": made, "was_there": False}
    assert made == {
        **WEIGHT,
        "id": made["id"],
        "external_id": None,
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    assert person.get(made["id"]) == made
    assert person.list() == {"items": [made], "total": 1}


@pytest.mark.parametrize(("unit", "shown"), [("kg", "kg"), ("lb", "lb"), ("lbs", "lb")])
def test_a_value_stays_as_it_was_entered(person, unit, shown):
    made = person.create(value=182.35, unit=unit)
    assert (made["value"], made["unit"]) == (182.35, shown)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (MOMENT, MOMENT),
        ("2025-02-16T07:30:00Z", "2025-02-16T07:30:00Z"),
        ("2025-02-16T07:30-0330", "2025-02-16T07:30:00-03:30"),
        ("1900-01-01T00:00:00+14:00", "1900-01-01T00:00:00+14:00"),
    ],
)
def test_a_moment_comes_back_as_it_was_sent(person, sent, shown):
    made = person.create(measured_at=sent)
    assert made["measured_at"] == shown
    assert person.get(made["id"])["measured_at"] == shown


@pytest.mark.parametrize("kind", KINDS)
def test_the_bounds_of_each_kind_are_allowed_in_each_unit(person, kind):
    for unit in KINDS[kind].units:
        for value in bounds(kind, unit):
            assert person.create(kind=kind, unit=unit, value=value)["value"] == value


def test_bounds_are_the_same_in_all_units():
    assert bounds("weight", "kg") == (10, 700)
    assert bounds("weight", "lb") == (22, 1544)
    assert bounds("waist", "cm") == (30, 300)
    assert bounds("waist", "in") == (11, 119)


# What is refused


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"kind": "mood"}, [("kind", "one_of")]),
        ({"kind": 5}, [("kind", "type")]),
        ({"kind": None}, [("kind", "required")]),
        ({"unit": "st"}, [("unit", "one_of")]),
        ({"unit": "cm"}, [("unit", "one_of")]),
        ({"kind": "fat"}, [("unit", "one_of")]),
        ({"kind": "waist"}, [("unit", "one_of")]),
        ({"unit": None}, [("unit", "required")]),
        ({"value": None}, [("value", "required")]),
        ({"value": "82"}, [("value", "type")]),
        ({"value": True}, [("value", "type")]),
        ({"value": 82.455}, [("value", "decimals")]),
        ({"value": 9.99}, [("value", "min")]),
        ({"value": 700.01}, [("value", "max")]),
        ({"value": 1545, "unit": "lb"}, [("value", "max")]),
        ({"kind": "fat", "unit": "%", "value": 80.5}, [("value", "max")]),
        ({"kind": "neck", "unit": "in", "value": 40.5}, [("value", "max")]),
        ({"value": -1}, [("value", "min")]),
        ({"measured_at": None}, [("measured_at", "required")]),
        ({"measured_at": "2025-02-16"}, [("measured_at", "date_time")]),
        ({"measured_at": "2025-02-16T07:30:00"}, [("measured_at", "date_time")]),
        ({"measured_at": "1899-12-31T23:00:00Z"}, [("measured_at", "min")]),
        ({"external_id": "x" * 129}, [("external_id", "max_length")]),
        ({"external_id": 5}, [("external_id", "type")]),
        ({"external_id": "a\x00"}, [("external_id", "characters")]),
        ({"mood": 1}, [("mood", "unknown_field")]),
        ({"id": 1}, [("id", "unknown_field")]),
        ({"kind": "mood", "value": "x"}, [("kind", "one_of"), ("value", "type")]),
    ],
)
def test_each_fault_names_its_field_and_the_rule(person, more, expected):
    with pytest.raises(ValidationFailed) as refusal:
        person.save(**more)
    assert faults(refusal) == expected
    assert person.list()["total"] == 0


@pytest.mark.parametrize("measurement", [None, [], "x", 5])
def test_a_measurement_is_an_object(person, measurement):
    with pytest.raises(ValidationFailed):
        person.rpc.workouts.create_measurement(person.id, measurement)


def test_what_a_message_says(person):
    with pytest.raises(ValidationFailed) as refusal:
        person.save(value=5)
    assert refusal.value.faults == [
        {
            "field": "value",
            "message": "Value of weight must be at least 10 kg",
            "details": {"constraint": "min", "min_value": 10, "received": 5},
        }
    ]


def in_hours(hours):
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")


def test_the_future_begins_after_a_day(person):
    made = person.create(measured_at=in_hours(23.9))
    for refused in (
        lambda: person.create(measured_at=in_hours(24.1)),
        lambda: person.update(made["id"], measured_at=in_hours(24.1)),
    ):
        with pytest.raises(BusinessRuleViolation) as refusal:
            refused()
        (entry,) = refusal.value.entries()
        assert (entry["field"], entry["details"]["constraint"]) == ("measured_at", "max")
    assert person.list() == {"items": [made], "total": 1}


@pytest.mark.slow
def test_there_is_a_limit(person, run):
    run(
        """
        INSERT INTO measurements (user_id, kind, value, unit, measured_at, date)
        SELECT :id, 'fat', 20, '%', now(), current_date FROM generate_series(1, :count)
        RETURNING 1
        """,
        id=person.id,
        count=MOST_MEASUREMENTS - 1,
    )
    person.create(external_id="last")
    with pytest.raises(BusinessRuleViolation) as refusal:
        person.create(external_id="too many")
    details = refusal.value.details
    assert (details["constraint"], details["max_items"]) == ("max_items", MOST_MEASUREMENTS)
    # one that is there can still be changed
    assert person.save(external_id="last", value=80)["was_there"]


# Ids of apps and scales


def test_the_same_external_id_changes_and_never_doubles(person):
    made = person.create(external_id="a")
    later = "2025-02-17T07:30:00Z"
    again = person.save(external_id="a", value=181.5, unit="lb", measured_at=later)
    changed = again["measurement"]
    assert again["was_there"]
    assert changed == made | {
        "value": 181.5,
        "unit": "lb",
        "measured_at": later,
        "version": 2,
        "updated_at": changed["updated_at"],
    }
    assert changed["updated_at"] > made["updated_at"]
    assert person.list() == {"items": [changed], "total": 1}


def test_the_same_again_is_no_change(person):
    made = person.create(external_id="a")
    assert person.save(external_id=" a ", value=82.40) == {"measurement": made, "was_there": True}
    # the same moment by another clock is shown in another way
    other = person.create(external_id="a", measured_at="2025-02-16T06:30:00Z")
    assert (other["version"], other["measured_at"]) == (2, "2025-02-16T06:30:00Z")


def test_a_scale_may_give_one_to_all_that_it_measures_at_once(person):
    weight = person.create(external_id="a")
    fat = person.save(kind="fat", value=18.5, unit="%", external_id="a")
    assert not fat["was_there"]
    deleted = person.rpc.workouts.delete_measurement_by_external_id(person.id, "a")
    ids = [weight["id"], fat["measurement"]["id"]]
    assert deleted == [{"id": each, "deleted": True} for each in ids]
    with pytest.raises(NotFound):
        person.rpc.workouts.delete_measurement_by_external_id(person.id, "a")


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_without_one_each_is_new(person, blank):
    assert person.create(external_id=blank)["id"] != person.create(external_id=blank)["id"]


def test_putting_needs_one(person):
    put = person.rpc.workouts.put_measurement
    for blank in ({}, {"external_id": None}, {"external_id": ""}):
        with pytest.raises(ValidationFailed) as refusal:
            put(person.id, WEIGHT | blank)
        assert refusal.value.faults[0]["field"] == "external_id"
    made = put(person.id, WEIGHT | {"external_id": "a"})
    assert put(person.id, WEIGHT | {"external_id": "a"}) == made | {"was_there": True}
    assert person.save(external_id="a")["was_there"]


def test_of_many_at_once_one_is_made(person, system):
    def sender(number):
        given = WEIGHT | {"external_id": "a", "value": 80 + number}
        return lambda rpc: rpc.workouts.create_measurement(person.id, given)

    answers = all_fine(at_once(system, *map(sender, range(AT_ONCE))))
    assert [answer["was_there"] for answer in answers].count(False) == 1
    versions = sorted(answer["measurement"]["version"] for answer in answers)
    assert versions == [*range(1, AT_ONCE + 1)]
    (left,) = person.list()["items"]
    assert left in [answer["measurement"] for answer in answers]


def test_one_may_be_deleted_while_it_is_sent_again(person, system):
    def work(number):
        if number % 2:
            return lambda rpc: rpc.workouts.delete_measurement_by_external_id(person.id, "a")
        given = WEIGHT | {"external_id": "a", "value": 80 + number}
        return lambda rpc: rpc.workouts.create_measurement(person.id, given)

    for _ in range(3):
        outcomes = at_once(system, *map(work, range(AT_ONCE)))
        refused = [each for each in outcomes if isinstance(each, BaseException)]
        assert all(isinstance(each, NotFound) for each in refused), refused
        assert person.list()["total"] <= 1


# Changing


def test_only_what_is_given_changes(person):
    made = person.create(external_id="a")
    changed = person.update(made["id"], value=81)
    assert changed == made | {"value": 81, "version": 2, "updated_at": changed["updated_at"]}
    assert person.get(made["id"]) == changed
    assert person.update(made["id"]) == changed
    assert person.update(made["id"], value=81.0) == changed


def test_null_clears_the_external_id_and_nothing_else(person):
    made = person.create(external_id="a")
    assert person.update(made["id"], external_id=None)["external_id"] is None
    assert not person.save(external_id="a")["was_there"]
    for name in WEIGHT:
        with pytest.raises(ValidationFailed) as refusal:
            person.update(made["id"], **{name: None})
        assert faults(refusal) == [(name, "required")]


def test_an_external_id_that_another_one_has_is_a_conflict(person):
    first, second = person.create(external_id="a"), person.create(external_id="b")
    with pytest.raises(Conflict) as refusal:
        person.update(second["id"], external_id="a")
    assert refusal.value.details == {"measurement_id": first["id"]}
    fat = person.update(second["id"], kind="fat", unit="%", value=20, external_id="a")
    assert (fat["kind"], fat["external_id"]) == ("fat", "a")
    with pytest.raises(Conflict):
        person.update(second["id"], kind="weight", unit="kg", value=80)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "waist"}, [("unit", "one_of")]),
        ({"unit": "cm"}, [("unit", "one_of")]),
        ({"kind": "lean_mass", "value": 301}, [("value", "max")]),
        ({"unit": "lb", "value": 21}, [("value", "min")]),
        ({"value": 701}, [("value", "max")]),
        ({"version": 0}, [("version", "min")]),
        ({"created_at": MOMENT}, [("created_at", "unknown_field")]),
    ],
)
def test_a_change_is_checked_like_a_new_one(person, changes, expected):
    made = person.create()
    with pytest.raises(ValidationFailed) as refusal:
        person.update(made["id"], **changes)
    assert faults(refusal) == expected
    assert person.get(made["id"]) == made


def test_a_change_made_for_another_version(person):
    made = person.create()
    assert person.update(made["id"], version=1, value=81)["version"] == 2
    with pytest.raises(Conflict) as refusal:
        person.update(made["id"], version=1, value=80)
    assert refusal.value.details == {"current_version": 2, "received": 1}


# Lists


@pytest.fixture
def week(person):
    """Weights of a week, of which one was measured far in the east, and a waist."""
    for day in (14, 11, 13, 10, 12):
        person.create(value=day, measured_at=f"2025-02-{day}T07:30:00+01:00")
    person.create(value=15, measured_at="2025-02-15T00:30:00+14:00")
    person.create(kind="waist", unit="cm", value=85, measured_at="2025-02-12T07:30:00+01:00")
    return person


def test_the_newest_is_first(week):
    # by the moment, and not by the day there
    assert week.values(kind="weight") == [15, 14, 13, 12, 11, 10]
    assert week.values(kind="waist") == [85]
    assert week.list(kind="weight,waist")["total"] == 7
    # of the same moment the later one
    assert week.values()[2:5] == [13, 85, 12]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({"date_from": "2025-02-14"}, {14, 15}),
        ({"date_from": "2025-02-15"}, {15}),
        ({"date_to": "2025-02-11"}, {10, 11}),
        ({"date_from": "2025-02-11", "date_to": "2025-02-12", "kind": "weight"}, {11, 12}),
        ({"date_from": "2025-03-01"}, set()),
    ],
)
def test_filtering_by_the_day_where_it_was(week, query, values):
    assert {*week.values(**query)} == values
    assert week.list(**query)["total"] == len(values)


def test_paging(week):
    pages = [week.values(kind="weight", page=page, limit=4) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [4, 2, 0]
    assert [*chain(*pages)] == week.values(kind="weight")
    assert week.list(limit=1, page=9) == {"items": [], "total": 7}


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"kind": "mood"}, ("kind", "one_of")),
        ({"date_from": "x"}, ("date_from", "date")),
        ({"limit": 101}, ("limit", "max")),
        ({"page": 0}, ("page", "min")),
        ({"sort": "value"}, ("sort", "unknown_parameter")),
    ],
)
def test_a_bad_query(person, query, fault):
    with pytest.raises(InvalidParameter) as refusal:
        person.list(**query)
    assert faults(refusal) == [fault]


def test_a_range_does_not_end_before_it_begins(person):
    with pytest.raises(BusinessRuleViolation):
        person.list(date_from="2025-02-02", date_to="2025-02-01")


# Whose they are


def test_what_belongs_to_somebody_else_looks_as_if_it_were_not(person, rpc):
    made = person.create(external_id="a")
    other = Person(rpc, person.id + FAR)
    for call in (
        lambda: other.get(made["id"]),
        lambda: other.update(made["id"], value=80),
        lambda: rpc.workouts.delete_measurement(other.id, made["id"]),
        lambda: rpc.workouts.delete_measurement_by_external_id(other.id, "a"),
    ):
        with pytest.raises(NotFound):
            call()
    assert other.list()["total"] == 0
    assert not other.save(external_id="a")["was_there"]
    assert person.get(made["id"]) == made


def test_deleting(person, rpc):
    made = person.create(external_id="a")
    answer = rpc.workouts.delete_measurement(person.id, made["id"])
    assert answer == {"id": made["id"], "deleted": True}
    for call in (
        lambda: person.get(made["id"]),
        lambda: person.update(made["id"], value=80),
        lambda: rpc.workouts.delete_measurement(person.id, made["id"]),
    ):
        with pytest.raises(NotFound):
            call()
    assert not person.save(external_id="a")["was_there"]


@pytest.mark.parametrize("wrong", [0, -1, 2**63, 1.5, "x", None])
def test_only_an_id_is_an_id(person, wrong):
    with pytest.raises(InvalidParameter):
        person.get(wrong)


def test_numbers_are_exact(person, run):
    external_id = uuid.uuid4().hex
    person.create(value=82.35, external_id=external_id)
    rows = run("SELECT value FROM measurements WHERE external_id = :id", id=external_id)
    assert rows == [(Decimal("82.35"),)]
