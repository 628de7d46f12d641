"""When deliveries are tried again."""

from datetime import UTC, datetime

import pytest

from services.notifications.rules.timetable import PAUSES, pause, retry_after

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
HOUR = 3600


def test_the_pauses_are_those_of_the_specification():
    made = [pause(attempts, chance=lambda: 0) for attempts in range(1, 11)]
    hours = (2, 5, 10, 14, 20, 24)
    assert made == [5, 300, 1800, *(each * HOUR for each in hours), None]


def test_they_are_longer_by_chance_and_never_shorter():
    for attempts, seconds in enumerate(PAUSES, start=1):
        assert seconds <= pause(attempts) <= 1.1 * seconds
    assert pause(1, chance=lambda: 1) == pytest.approx(5.5)


def test_a_receiver_may_ask_for_more_time_up_to_a_day():
    assert pause(1, 60, lambda: 0) == 60
    assert pause(2, 60, lambda: 0) == 300
    assert pause(1, 10**9, lambda: 0) == 24 * HOUR
    assert pause(10, 60) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("Sat, 28 Nov 2026 12:01:00 GMT", 60),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
        ("9" * 400, 999_999_999),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("\u00b2", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2027 00:00:00 +99999999999999999999", None),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after(value, NOW) == seconds
