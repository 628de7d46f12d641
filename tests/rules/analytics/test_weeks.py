"""ISO weeks, and which of them is running where."""

from datetime import UTC, date, datetime

import pytest

from services.analytics.rules.weeks import local_day, monday_of, running_week, week_name


@pytest.mark.parametrize(
    ("monday", "name"),
    [
        (date(2026, 11, 23), "2026-W48"),
        (date(2026, 12, 28), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2020, 12, 28), "2020-W53"),
    ],
)
def test_weeks_are_named_by_iso_8601(monday, name):
    assert week_name(monday) == name
    assert monday_of(name) == monday


@pytest.mark.parametrize(
    ("now", "zone", "day"),
    [
        # Monday at 00:30
        (datetime(2026, 11, 22, 11, 30, tzinfo=UTC), "Pacific/Auckland", date(2026, 11, 23)),
        (datetime(2026, 11, 23, 10, 30, tzinfo=UTC), "Pacific/Honolulu", date(2026, 11, 23)),
        (datetime(2026, 11, 23, 9, 59, tzinfo=UTC), "Pacific/Honolulu", date(2026, 11, 22)),
        # clocks are put back on Sunday, 25 October: the day has 25 hours
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 25)),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 26)),
        # and forward on 29 March: it has 23
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 29)),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 30)),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), None, date(2026, 11, 22)),
    ],
)
def test_the_zone_says_which_day_it_is(now, zone, day):
    assert local_day(now, zone) == day


def test_the_running_week_begins_on_monday():
    assert running_week(date(2026, 11, 29)) == date(2026, 11, 23)
    assert running_week(date(2026, 11, 23)) == date(2026, 11, 23)
    assert running_week(date(2027, 1, 3)) == date(2026, 12, 28)
