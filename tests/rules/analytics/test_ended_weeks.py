"""Which week is the last that has ended, in each time zone."""

from datetime import UTC, date, datetime

import pytest

from services.analytics.rules.ended_weeks import last_ended_week, zones_by_week


def at(*moment):
    return datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "zone", "monday"),
    [
        # Sunday 23:59 and Monday 00:30
        (at(2026, 11, 22, 10, 59), "Pacific/Auckland", date(2026, 11, 9)),
        (at(2026, 11, 22, 11, 30), "Pacific/Auckland", date(2026, 11, 16)),
        (at(2026, 11, 23, 9, 59), "Pacific/Honolulu", date(2026, 11, 9)),
        (at(2026, 11, 23, 10, 30), "Pacific/Honolulu", date(2026, 11, 16)),
        # the 53rd week
        (at(2027, 1, 3, 23, 59), None, date(2026, 12, 21)),
        (at(2027, 1, 4, 0, 0), None, date(2026, 12, 28)),
        # clocks are put back on the Sunday, and forward
        (at(2026, 10, 25, 22, 59), "Europe/Berlin", date(2026, 10, 12)),
        (at(2026, 10, 25, 23, 0), "Europe/Berlin", date(2026, 10, 19)),
        (at(2026, 3, 29, 21, 59), "Europe/Berlin", date(2026, 3, 16)),
        (at(2026, 3, 29, 22, 0), "Europe/Berlin", date(2026, 3, 23)),
        # clocks are put forward at midnight: the Monday begins at 01:00
        (at(2023, 4, 28, 0, 0), "Africa/Cairo", date(2023, 4, 17)),
        # one that is not known here
        (at(2026, 11, 23, 0, 0), "Mars/Base", date(2026, 11, 16)),
    ],
)
def test_a_week_ends_where_the_user_is(now, zone, monday):
    assert last_ended_week(now, zone) == monday


def test_zones_are_in_one_week_or_two():
    zones = ["", "Pacific/Auckland", "Pacific/Honolulu"]
    assert zones_by_week(at(2026, 11, 25, 12, 0), zones) == {date(2026, 11, 16): zones}
    assert zones_by_week(at(2026, 11, 22, 11, 30), zones) == {
        date(2026, 11, 9): ["", "Pacific/Honolulu"],
        date(2026, 11, 16): ["Pacific/Auckland"],
    }
