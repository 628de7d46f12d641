"""Moments as clients send them, and the days that they are on."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.instants import Instant, is_time_zone


@pytest.mark.parametrize(
    ("sent", "comes_back"),
    [
        ("2025-02-16T18:30:00+01:00", "2025-02-16T18:30:00+01:00"),
        ("2025-02-16T18:30:15.999-03:30", "2025-02-16T18:30:15-03:30"),
        ("2025-02-16T18:30Z", "2025-02-16T18:30:00Z"),
        ("2025-02-16T18:30:00+0545", "2025-02-16T18:30:00+05:45"),
        ("2025-02-16T18:30:00-08", "2025-02-16T18:30:00-08:00"),
        ("2025-02-16T18:30:00+00:00", "2025-02-16T18:30:00+00:00"),
        ("2025-02-16T18:30:00-00:00", "2025-02-16T18:30:00Z"),
        ("1900-01-01T00:00:00+14:00", "1900-01-01T00:00:00+14:00"),
    ],
)
def test_a_moment_comes_back_as_it_was_sent_to_the_second(sent, comes_back):
    assert str(Instant.parse(sent)) == comes_back


def test_a_moment_is_the_same_one_in_utc():
    sent = Instant.parse("2025-02-16T00:30:00+01:00")
    assert sent.at == datetime(2025, 2, 15, 23, 30, tzinfo=UTC)
    assert str(sent + timedelta(hours=24)) == "2025-02-17T00:30:00+01:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-02-16",
        "2025-02-16T18:30:00",
        "2025-02-16 18:30:00Z",
        "2025-02-30T18:30:00Z",
        "2025-02-16T24:00:00Z",
        "2025-02-16T18:60:00Z",
        "2025-02-16T18:30:00+24:00",
        "2025-02-16T18:30:00+01:60",
        "20250216T183000Z",
        "2025-W07-7T18:30:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "\uff12025-02-16T18:30:00Z",
        "2025-02-16T18:30:00Zx",
    ],
)
def test_what_is_no_moment_with_an_offset(text):
    assert Instant.parse(text) is None


@pytest.mark.parametrize(
    ("sent", "time_zone", "day"),
    [
        ("2025-02-16T23:30:00+01:00", None, date(2025, 2, 16)),
        ("2025-02-16T23:30:00Z", None, date(2025, 2, 16)),
        ("2025-02-16T23:30:00Z", "Europe/Berlin", date(2025, 2, 17)),
        ("2025-02-17T03:00:00Z", "America/New_York", date(2025, 2, 16)),
        # the zone has summer time, which the offset of another place does not know
        ("2025-07-15T22:30:00Z", "Europe/Berlin", date(2025, 7, 16)),
        ("2025-07-15T22:30:00+01:00", "Europe/Berlin", date(2025, 7, 15)),
    ],
)
def test_the_day_is_the_one_of_the_zone_or_else_of_the_offset(sent, time_zone, day):
    assert Instant.parse(sent).day_in(time_zone) == day


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Asia/Calcutta", "America/Indiana/Knox"])
def test_names_of_the_iana_database_are_time_zones(name):
    assert is_time_zone(name)


@pytest.mark.parametrize(
    "name", ["Europe", "europe/berlin", "Mars/Phobos", "localtime", "Factory", "../zone", "+01:00"]
)
def test_others_are_none(name):
    assert not is_time_zone(name)
