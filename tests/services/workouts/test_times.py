"""Starts, ends and time zones over RPC, and the order of the workouts of one day."""

import pytest

from schemas.errors import BusinessRuleViolation, Conflict, ValidationFailed
from tests.services.clients import all_fine, at_once
from tests.services.logbook import ago, lift
from tests.services.workouts.test_workouts import User, faults

START, END = "2025-02-16T23:30:00+01:00", "2025-02-17T00:45:00+01:00"
TIMES = ("date", "started_at", "ended_at", "time_zone", "duration_minutes")


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


def times(workout):
    return tuple(workout[name] for name in TIMES)


def test_a_workout_over_midnight_counts_on_its_first_day(user):
    workout = user.create({"started_at": START, "ended_at": END, "time_zone": "Europe/Berlin"})
    assert times(workout) == ("2025-02-16", START, END, "Europe/Berlin", 75)
    assert user.get(workout["id"]) == workout
    (listed,) = user.list()["items"]
    assert times(listed) == times(workout)
    (change,) = user.feed(workout["id"])
    assert change["date"] == "2025-02-16"


@pytest.mark.parametrize(
    ("sent", "comes_back"),
    [
        ("2025-02-16T18:30:00Z", "2025-02-16T18:30:00Z"),
        ("2025-02-16T18:30:00+00:00", "2025-02-16T18:30:00+00:00"),
        ("2025-02-16T18:30:59.999-09:30", "2025-02-16T18:30:59-09:30"),
        (" 2025-02-16T18:30+14:00 ", "2025-02-16T18:30:00+14:00"),
    ],
)
def test_a_moment_comes_back_as_it_was_sent(user, sent, comes_back):
    workout = user.create({"started_at": sent})
    assert (workout["started_at"], workout["date"]) == (comes_back, "2025-02-16")
    assert user.get(workout["id"]) == workout


def test_analytics_gets_the_start_in_utc(user):
    ids = [user.create({"started_at": START})["id"], user.create()["id"]]
    found = {each["id"]: each for each in user.rpc.workouts.get_many(ids, rep_types=True)}
    assert [found[key]["started_at"] for key in ids] == ["2025-02-16T22:30:00Z", None]


@pytest.mark.parametrize(
    ("fields", "field", "constraint"),
    [
        ({"date": None}, "date", "required"),
        ({"date": None, "ended_at": END}, "date", "required"),
        ({"started_at": "2025-02-16"}, "started_at", "date_time"),
        ({"started_at": "2025-02-16T18:30:00"}, "started_at", "date_time"),
        ({"date": None, "started_at": ""}, "date", "required"),
        ({"date": None, "started_at": " ", "ended_at": END}, "date", "required"),
        ({"started_at": 1739731800}, "started_at", "type"),
        ({"started_at": "1899-12-31T23:00:00Z"}, "started_at", "min"),
        ({"ended_at": "tomorrow"}, "ended_at", "date_time"),
        ({"time_zone": "Mars/Phobos"}, "time_zone", "one_of"),
        ({"time_zone": "+01:00"}, "time_zone", "one_of"),
        ({"time_zone": 1}, "time_zone", "type"),
        ({"time_zone": "a\x00"}, "time_zone", "characters"),
    ],
)
def test_what_is_malformed(user, fields, field, constraint):
    with pytest.raises(ValidationFailed) as refusal:
        user.create({"date": "2025-02-16", **fields})
    assert faults(refusal) == [(field, constraint)]


def test_an_unknown_zone_is_told_in_a_sentence(user):
    with pytest.raises(ValidationFailed) as refusal:
        user.create(time_zone="CEST")
    (told,) = refusal.value.faults
    assert told == {
        "field": "time_zone",
        "message": "Time zone must be the IANA name of a time zone, such as Europe/Berlin",
        "details": {"constraint": "one_of", "received": "CEST"},
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"date": "2025-02-17"},
        {"ended_at": "2025-02-16T23:29:59+01:00"},
        {"ended_at": "2025-02-17T23:30:01+01:00"},
        {"date": "2025-02-16", "time_zone": "Europe/Athens"},
        {"started_at": "2999-01-01T00:00:00Z"},
    ],
)
def test_what_contradicts_itself_is_not_allowed(user, fields):
    with pytest.raises(BusinessRuleViolation):
        user.create({"started_at": START, **fields})
    assert user.list()["total"] == 0


def test_null_and_blank_count_as_left_out(user):
    for nothing in (None, "", " "):
        workout = user.create(
            date="2025-02-16", time_zone=nothing, started_at=nothing, ended_at=nothing
        )
        assert times(workout) == ("2025-02-16", None, None, None, None)


# Changing


@pytest.fixture
def workout(user):
    return user.create({"started_at": START, "ended_at": END, "name": "late"})


def test_the_day_and_the_duration_follow_a_change(user, workout):
    after = user.update(workout["id"], started_at="2025-02-17T00:15:00+01:00")
    assert times(after) == ("2025-02-17", "2025-02-17T00:15:00+01:00", END, None, 30)
    assert user.get(workout["id"]) == after
    assert [change["date"] for change in user.feed(workout["id"])] == ["2025-02-16", "2025-02-17"]


def test_the_day_follows_the_time_zone(user, workout):
    after = user.update(workout["id"], time_zone="Europe/Athens")
    assert times(after) == ("2025-02-17", START, END, "Europe/Athens", 75)
    assert user.update(workout["id"], time_zone=None)["date"] == "2025-02-16"


def test_null_clears_each(user, workout):
    after = user.update(workout["id"], started_at=None, ended_at=None, duration_minutes=None)
    assert times(after) == ("2025-02-16", None, None, None, None)
    assert user.update(workout["id"], date="2025-02-01")["date"] == "2025-02-01"


def test_blank_text_clears_as_null_does(user, workout):
    after = user.update(workout["id"], started_at="", ended_at=" ", duration_minutes=None)
    assert times(after) == ("2025-02-16", None, None, None, None)


def test_a_day_that_is_not_the_starts_is_not_allowed(user, workout):
    with pytest.raises(BusinessRuleViolation):
        user.update(workout["id"], date="2025-02-17")
    with pytest.raises(BusinessRuleViolation):
        user.update(workout["id"], date="2025-02-17", exercises=[lift(1)], name="x")
    assert user.get(workout["id"]) == workout
    assert user.update(workout["id"], date="2025-02-16", version=1)["version"] == 2
    with pytest.raises(Conflict):
        user.update(workout["id"], date="2025-02-17", version=1)


def test_a_workout_without_a_start_moves_as_before(user):
    workout = user.create(date="2025-02-16", time_zone="Europe/Berlin")
    assert user.update(workout["id"], date="2025-02-10")["date"] == "2025-02-10"
    after = user.update(workout["id"], started_at=START)
    assert times(after) == ("2025-02-16", START, None, "Europe/Berlin", None)


def test_a_day_alone_is_held_against_the_end(user):
    workout = user.create(date="2025-02-16", ended_at=END)
    for day in ("2025-02-01", "2999-01-01"):
        with pytest.raises(BusinessRuleViolation) as refusal:
            user.update(workout["id"], date=day)
        assert refusal.value.field == "ended_at"
    assert user.update(workout["id"], date="2025-02-17")["date"] == "2025-02-17"


def test_a_change_that_depends_on_what_was_read_is_planned_anew_if_that_changes(user, system):
    workout = user.create({"started_at": "2025-02-16T00:30:00+01:00"})

    def change(**changes):
        return lambda rpc: [
            rpc.workouts.update(user.id, workout["id"], changes)["version"] for _ in range(10)
        ]

    writers = [
        change(time_zone="America/New_York"),
        change(started_at="2025-02-10T00:30:00+01:00"),
        change(started_at="2025-02-12T00:30:00+01:00"),
    ]
    outcomes = all_fine(at_once(system, *writers))
    assert sorted(version for each in outcomes for version in each) == [*range(2, 32)]
    after = user.get(workout["id"])
    day = {"2025-02-10": "2025-02-09", "2025-02-12": "2025-02-11"}[after["started_at"][:10]]
    assert (after["date"], after["time_zone"]) == (day, "America/New_York")


# The order of one day


@pytest.fixture
def one_day(user):
    """The ids of workouts of one day, in the order of the records."""
    moments = ["T09:00:00+01:00", "T06:00:00Z", None, "T09:00:00+01:00", "T23:00:00+14:00", None]
    made = [
        user.create({"date": "2025-02-16", "started_at": moment and f"2025-02-16{moment}"})["id"]
        for moment in moments
    ]
    return [made[place] for place in (2, 5, 1, 0, 3, 4)]


def test_workouts_of_one_day_are_listed_by_their_times(user, one_day):
    # 09:00 +01:00 is 08:00 UTC, and 23:00 +14:00 is 09:00 UTC
    assert user.listed(sort="date") == one_day
    assert user.listed() == user.listed(sort="date:desc") == one_day[::-1]
    assert user.listed(sort="date:desc", limit=2, page=2) == one_day[::-1][2:4]


def test_other_days_come_first_or_last_all_the_same(user, one_day):
    before = user.create(date="2025-02-15")["id"]
    after = user.create({"started_at": "2025-02-17T00:01:00+01:00"})["id"]
    assert user.listed(sort="date") == [before, *one_day, after]
    assert user.listed() == [after, *one_day[::-1], before]
    assert user.listed(date_from="2025-02-16", date_to="2025-02-16") == one_day[::-1]


def test_other_orders_fall_back_on_it(user, one_day):
    assert user.listed(sort="name,date:desc")[0] == one_day[-1]
    assert user.listed(date_to=ago(0), sort="duration_minutes,date") == one_day
