"""When a workout was: what is given, what follows, and what contradicts itself."""

from datetime import date

import pytest

from schemas.errors import BusinessRuleViolation, ValidationFailed
from schemas.instants import Instant
from services.workouts import rules, times

DAY, NEXT_DAY = date(2025, 2, 16), date(2025, 2, 17)
START, END = "2025-02-16T23:30:00+01:00", "2025-02-17T00:45:00+01:00"
TIMED = {
    "version": 3,
    "date": "2025-02-16",
    "started_at": START,
    "ended_at": END,
    "time_zone": None,
    "duration_minutes": 75,
}
OLD = {**TIMED, "started_at": None, "ended_at": None, "duration_minutes": 60}


def moment(text):
    return text and Instant.parse(text)


def loaded(**values):
    """Return values as the schema loads them."""
    return {
        name: moment(value) if name in ("started_at", "ended_at") else value
        for name, value in values.items()
    }


def new(**values):
    return times.of_new(loaded(**values))


def changed(stored, **changes):
    """Return what a change makes of a stored workout, as far as it is another than before."""
    before = times.of_changed({}, stored)
    after = times.of_changed(loaded(**changes), stored)
    return {name: value for name, value in after.items() if value != before[name]}


def test_the_day_is_that_of_the_start_also_if_it_ends_on_the_next():
    found = new(started_at=START, ended_at=END)
    assert (found["date"], found["duration_minutes"]) == (DAY, 75)


def test_the_day_is_the_local_one_of_the_time_zone():
    start = "2025-02-16T23:30:00Z"
    assert new(started_at=start)["date"] == DAY
    assert new(started_at=start, time_zone="Europe/Berlin")["date"] == NEXT_DAY


def test_a_given_day_must_be_the_one_of_the_start():
    assert new(date=DAY, started_at=START)["date"] == DAY
    with pytest.raises(BusinessRuleViolation) as refusal:
        new(date=NEXT_DAY, started_at=START)
    assert str(refusal.value) == "Date must be the day of started_at, 2025-02-16, or be left out"
    assert refusal.value.details == {
        "constraint": "one_of",
        "allowed": ["2025-02-16"],
        "received": "2025-02-17",
    }
    assert refusal.value.field == "date"


def test_a_day_of_the_start_is_not_before_the_first_that_may_be_given():
    start, zone = "1900-01-01T00:30:00+05:00", "America/New_York"
    assert new(started_at=start)["date"] == date(1900, 1, 1)
    for refused in (
        lambda: new(started_at=start, time_zone=zone),
        lambda: changed(TIMED, started_at=start, ended_at=None, time_zone=zone),
        lambda: changed({**OLD, "started_at": start}, time_zone=zone),
    ):
        with pytest.raises(ValidationFailed) as refusal:
            refused()
        assert refusal.value.faults == [
            {
                "field": "date",
                "message": "Date must not be before 1900-01-01",
                "details": {
                    "constraint": "min",
                    "min_value": "1900-01-01",
                    "received": "1899-12-31",
                },
            }
        ]


def test_a_day_alone_needs_no_times():
    found = new(date=DAY, time_zone="Europe/Berlin", ended_at=END)
    assert (found["date"], found["duration_minutes"]) == (DAY, None)


@pytest.mark.parametrize(
    ("end", "constraint", "limit"),
    [
        ("2025-02-16T23:29:59+01:00", "min", {"min_value": START}),
        ("2025-02-17T23:30:01+01:00", "max", {"max_value": "2025-02-17T23:30:00+01:00"}),
    ],
)
def test_the_end_is_within_a_day_after_the_start(end, constraint, limit):
    with pytest.raises(BusinessRuleViolation) as refusal:
        new(started_at=START, ended_at=end)
    assert refusal.value.details == {"constraint": constraint, "received": end, **limit}
    assert "ended_at" in str(refusal.value)
    assert refusal.value.field == "ended_at"


@pytest.mark.parametrize(
    ("end", "constraint", "limit"),
    [
        ("2025-02-15T00:00:00Z", None, None),
        ("2025-02-14T23:59:59Z", "min", {"min_value": "2025-02-15"}),
        ("2025-02-18T23:59:59Z", None, None),
        ("2025-02-19T00:00:00Z", "max", {"max_value": "2025-02-18"}),
        # the earliest and the latest that a workout of the day can end anywhere
        ("2025-02-16T00:00:00+14:00", None, None),
        ("2025-02-18T00:00:00-12:00", None, None),
    ],
)
def test_an_end_without_a_start_is_about_the_day(end, constraint, limit):
    for attempt in (
        lambda: new(date=DAY, ended_at=end),
        lambda: changed(OLD, ended_at=end),
        lambda: changed({**OLD, "date": "2025-03-01", "ended_at": end}, date=DAY),
    ):
        if constraint is None:
            attempt()
            continue
        with pytest.raises(BusinessRuleViolation) as refusal:
            attempt()
        assert refusal.value.field == "ended_at"
        assert refusal.value.details == {"constraint": constraint, "received": end, **limit}


def test_the_limits_of_an_end_may_be_outside_of_the_calendar():
    for day in (date.min, date.max):
        with pytest.raises(BusinessRuleViolation):
            new(date=day, ended_at=END)


@pytest.mark.parametrize(
    ("end", "minutes"),
    [
        (START, 0),
        ("2025-02-16T23:30:29+01:00", 0),
        ("2025-02-16T23:30:30+01:00", 1),
        # the same moment, elsewhere
        ("2025-02-16T23:45:00Z", 75),
        ("2025-02-17T23:30:00+01:00", 1440),
    ],
)
def test_the_duration_is_computed_from_both(end, minutes):
    assert new(started_at=START, ended_at=end)["duration_minutes"] == minutes


def test_a_given_duration_stays():
    found = new(started_at=START, ended_at=END, duration_minutes=60)
    assert found["duration_minutes"] == 60


def test_nothing_given_changes_nothing():
    assert changed(TIMED) == changed(OLD) == {}


def test_the_day_and_the_duration_follow_the_start():
    start = "2025-02-17T00:15:00+01:00"
    assert changed(TIMED, started_at=start) == {
        "started_at": moment(start),
        "date": NEXT_DAY,
        "duration_minutes": 30,
    }


def test_the_duration_follows_the_end_unless_it_was_given():
    end = "2025-02-17T00:30:00+01:00"
    assert changed(TIMED, ended_at=end) == {"ended_at": moment(end), "duration_minutes": 60}
    by_hand = {**TIMED, "duration_minutes": 70}
    assert changed(by_hand, ended_at=end) == {"ended_at": moment(end)}
    assert changed(TIMED, ended_at=end, duration_minutes=5)["duration_minutes"] == 5
    assert changed(TIMED, ended_at=end, duration_minutes=None)["duration_minutes"] is None


@pytest.mark.parametrize("name", ["started_at", "ended_at"])
def test_what_is_cleared_takes_a_computed_duration_along_and_leaves_the_day(name):
    assert changed(TIMED, **{name: None}) == {name: None, "duration_minutes": None}
    by_hand = {**TIMED, "duration_minutes": 70}
    assert changed(by_hand, **{name: None}) == {name: None}
    assert changed(TIMED, **{name: None}, duration_minutes=75) == {name: None}


def test_a_duration_that_was_computed_is_so_again_after_its_end_was_cleared():
    cleared = {**TIMED, "ended_at": None, "duration_minutes": None}
    assert changed(cleared, ended_at=END)["duration_minutes"] == 75


def test_the_day_follows_the_time_zone_of_a_stored_start():
    assert changed(TIMED, time_zone="Europe/Athens") == {
        "time_zone": "Europe/Athens",
        "date": NEXT_DAY,
    }
    in_athens = {**TIMED, "date": "2025-02-17", "time_zone": "Europe/Athens"}
    assert changed(in_athens, time_zone=None) == {"time_zone": None, "date": DAY}


def test_a_day_given_alone_must_be_the_one_of_a_stored_start():
    assert changed(TIMED, date=DAY) == {}
    with pytest.raises(BusinessRuleViolation):
        changed(TIMED, date=NEXT_DAY)
    assert changed(OLD, date=NEXT_DAY) == {"date": NEXT_DAY}
    assert changed(TIMED, date=NEXT_DAY, started_at=None)["date"] == NEXT_DAY


def test_a_workout_of_before_gets_times():
    assert changed(OLD, time_zone="Europe/Berlin") == {"time_zone": "Europe/Berlin"}
    # what was given as its duration stays, and the day follows
    start, end = "2025-02-17T18:00:00+01:00", "2025-02-17T19:30:00+01:00"
    assert changed(OLD, started_at=start, ended_at=end) == {
        "started_at": moment(start),
        "ended_at": moment(end),
        "date": NEXT_DAY,
    }
    without = {**OLD, "duration_minutes": None}
    assert changed(without, started_at=start, ended_at=end)["duration_minutes"] == 90


@pytest.mark.parametrize(
    "changes",
    [
        {"started_at": "2025-02-17T01:00:00+01:00"},
        {"started_at": "2025-02-15T23:30:00+01:00"},
        {"ended_at": "2025-02-16T23:00:00+01:00"},
        {"ended_at": "2025-02-18T23:00:00+01:00"},
    ],
)
def test_a_change_of_one_is_held_against_the_stored_other(changes):
    with pytest.raises(BusinessRuleViolation):
        changed(TIMED, **changes)


def test_a_row_that_contradicts_itself_may_be_changed_otherwise():
    """The version before, which may run beside this one, does not look at the start."""
    other_day = {**TIMED, "date": "2025-01-01"}
    assert changed(other_day, duration_minutes=5) == {"duration_minutes": 5}


def test_the_plan_has_the_moment_and_its_offset():
    plan = rules.plan_creation(loaded(started_at=START, ended_at="2025-02-16T23:00:00Z"), [])
    start, end = moment(START), moment("2025-02-16T23:00:00Z")
    assert (plan.columns["started_at"], plan.columns["started_offset"]) == (start.at, 60)
    assert (plan.columns["ended_at"], plan.columns["ended_offset"]) == (end.at, None)
    assert (plan.columns["date"], plan.columns["duration_minutes"]) == (DAY, 30)


def test_a_plan_that_depends_on_stored_times_is_for_their_version():
    changes = loaded(started_at=None)
    assert rules.needs_stored(changes, DAY)
    plan = rules.plan_update(changes, stored=TIMED)
    assert (plan.expected_version, plan.needs_no_times) == (3, False)
    assert (plan.columns["started_at"], plan.columns["date"]) == (None, DAY)


def test_a_day_is_changed_unread_only_where_there_is_no_start():
    plan = rules.plan_update({"date": DAY})
    assert (plan.expected_version, plan.needs_no_times) == (None, True)
    assert not rules.plan_update({"name": "x"}).needs_no_times


def test_a_start_in_the_future_is_refused_as_its_day_is():
    changes = loaded(started_at="2025-02-20T10:00:00Z", ended_at=None)
    with pytest.raises(BusinessRuleViolation) as refusal:
        rules.check_update(changes, TIMED, DAY)
    assert refusal.value.details["max_value"] == "2025-02-17"
    assert refusal.value.field == "date"
