"""Times of clocks as moments, also where clocks were put forward or back."""

import pytest

from services.workouts.imports.reading import Findings
from services.workouts.imports.rules.local_times import span, warn

BERLIN = "Europe/Berlin"


def workout(start, end=None):
    return {"line": 7, "start": start} | ({"end": end} if end else {})


def warned(*times, zone=BERLIN):
    findings = Findings()
    warn(workout(*times), zone, findings)
    return [(each.line, each.field, each.constraint) for each in findings.warnings]


@pytest.mark.parametrize(
    ("local", "zone", "moment"),
    [
        ("2025-02-16T18:30:05", BERLIN, "2025-02-16T18:30:05+01:00"),
        ("2025-07-16T18:30:00", BERLIN, "2025-07-16T18:30:00+02:00"),
        ("2025-07-16T18:30:00", "UTC", "2025-07-16T18:30:00+00:00"),
        ("2025-07-16T18:30:00", "Asia/Kathmandu", "2025-07-16T18:30:00+05:45"),
        # the first of two
        ("2025-10-26T02:30:00", BERLIN, "2025-10-26T02:30:00+02:00"),
    ],
)
def test_a_time_of_the_clock_is_kept(local, zone, moment):
    assert str(span(workout(local), zone).start) == moment
    assert warned(local, zone=zone) == []


@pytest.mark.parametrize("minutes", ["00", "10", "59"])
def test_a_time_that_was_skipped_is_when_the_clocks_were_put_forward(minutes):
    local = f"2025-03-30T02:{minutes}:30"
    assert str(span(workout(local), BERLIN).start) == "2025-03-30T03:00:00+02:00"
    assert warned(local) == [(7, "start", "time")]
    # half an hour, in the southern spring
    lord_howe = span(workout("2025-10-05T02:10:00"), "Australia/Lord_Howe").start
    assert str(lord_howe) == "2025-10-05T02:30:00+11:00"


def test_an_end_is_not_before_its_start():
    both = span(workout("2025-10-26T02:50:00", "2025-10-26T02:20:00"), BERLIN)
    assert (str(both.start), str(both.end)) == (
        "2025-10-26T02:50:00+02:00",
        "2025-10-26T02:20:00+01:00",
    )
    assert warned("2025-10-26T02:50:00", "2025-10-26T02:20:00") == []
    skipped = span(workout("2025-03-30T01:50:00", "2025-03-30T02:20:00"), BERLIN)
    assert str(skipped.end) == "2025-03-30T03:00:00+02:00"
    assert warned("2025-03-30T01:50:00", "2025-03-30T02:20:00") == [(7, "end", "time")]


def test_an_end_that_is_too_late_by_the_change_of_clocks_is_left_out():
    times = "2025-10-25T10:00:00", "2025-10-26T09:59:00"
    assert span(workout(*times), BERLIN).end is None
    assert warned(*times) == [(7, "end", "range")]
    assert warned(*times, zone="UTC") == []
