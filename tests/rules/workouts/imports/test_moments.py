"""Dates, times and durations as apps write them."""

import pytest

from services.workouts.imports.reading import Unreadable
from services.workouts.imports.reading.durations import duration_seconds
from services.workouts.imports.reading.moments import DateHabits


def read(*cells, **languages):
    """Return the moments of cells of one file."""
    habits = DateHabits()
    for cell in cells:
        habits.note(cell)
    calendar = habits.calendar(**languages)
    return [found and found.isoformat(" ", "minutes") for found in map(calendar.moment, cells)]


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2021-02-10 16:46:13", "2021-02-10 16:46"),
        ("2021-02-10T16:46:13+02:00", "2021-02-10 16:46"),
        ("30 Jun 2025, 19:56", "2025-06-30 19:56"),
        ("Jul 28, 2026, 6:49 PM", "2026-07-28 18:49"),
        ("Jul 28, 2026, 6:49\u202fPM", "2026-07-28 18:49"),
        ("Jul 28, 2026 at 12:05 a.m.", "2026-07-28 00:05"),
        ("Jul 28, 2026, 12:05 PM", "2026-07-28 12:05"),
        ("7 Ago 2023, 08:15", "2023-08-07 08:15"),
        ("18 sept. 2026, 17:31", "2026-09-18 17:31"),
        ("3 févr. 2026, 17:31", "2026-02-03 17:31"),
        ("24. März 2026, 07:00", "2026-03-24 07:00"),
        ("5 сент. 2026 г., 10:00", "2026-09-05 10:00"),
        ("2026. máj. 5. 09:40", "2026-05-05 09:40"),
        ("5 may 2026 a las 7:34", "2026-05-05 07:34"),
        ("2026年5月5日 07:34", "2026-05-05 07:34"),
        ("5 mag 2026 alle 7:34", "2026-05-05 07:34"),
        ("Di., 5. Mrz. 2026 um 07:34", "2026-03-05 07:34"),
        ("Tue, 24/04/2026 09:40", "2026-04-24 09:40"),
        ("Jul 28, 2026, 0:15 AM", "2026-07-28 00:15"),
        ("Jul 28, 2026, 13:05 PM", "2026-07-28 13:05"),
        ("Jul 28, 2026, 13:05 AM", None),
        ("2026年5月5日 午前0:15", "2026-05-05 00:15"),
        ("2026年5月5日 午後0:15", "2026-05-05 12:15"),
        ("2026년 5월 5일 오후 7:34", "2026-05-05 19:34"),
        ("24.04.2026 09:40", "2026-04-24 09:40"),
        ("4/24/2026 9:40 PM", "2026-04-24 21:40"),
        ("4/24/26 9:40", "2026-04-24 09:40"),
        ("24.04.26, 09:40", "2026-04-24 09:40"),
        ("24.4.2026 9.40", "2026-04-24 09:40"),
        ("24. apr. 2026, 21.40.05", "2026-04-24 21:40"),
        ("24 avr. 2026, 09 h 40 min 05 s", "2026-04-24 09:40"),
        ("2026년 4월 24일 오후 9시 40분", "2026-04-24 21:40"),
        ("24 Απρ 2026, 9:40 μ.μ.", "2026-04-24 21:40"),
        ("24 أبريل 2026 9:40 م", "2026-04-24 21:40"),
        ("24 Nis 2026, 9:40 ÖS", "2026-04-24 21:40"),
        ("2026/4/24 晚上9:40", "2026-04-24 21:40"),
        ("2026/4/24 中午11:34", "2026-04-24 11:34"),
        ("2026/4/24 中午12:34", "2026-04-24 12:34"),
        ("2026/4/24 中午1:34", "2026-04-24 13:34"),
        ("2026/4/24 中午13:34", "2026-04-24 13:34"),
        ("2026/4/24 中午7:34", None),
        ("2026/4/24 晚上12:34", None),
        ("2026/4/24 晚上11:34", "2026-04-24 23:34"),
        ("2026/4/24 凌晨12:34", "2026-04-24 00:34"),
        ("2026/4/24 下午12:34", "2026-04-24 12:34"),
        ("Sa., 25. Apr. 2026, 12:40", "2026-04-25 12:40"),
        ("5. Jän. 2026, 07:34", "2026-01-05 07:34"),
        ("24.04.26", None),
        ("31 Feb 2026, 10:00", None),
        ("30 Jun 2025", None),
        ("13:61", None),
        ("yesterday", None),
    ],
)
def test_a_moment_is_read(cell, moment):
    try:
        assert read(cell) == [moment]
    except Unreadable:
        assert moment is None


def test_one_clear_date_tells_how_all_are_written():
    assert read("03.04.2026 08:00", "24.04.2026 08:00") == ["2026-04-03 08:00", "2026-04-24 08:00"]
    assert read("3/4/2026 8:00", "4/24/2026 8:00") == ["2026-03-04 08:00", "2026-04-24 08:00"]


@pytest.mark.parametrize("cells", [["03/04/2026 08:00"], ["24/04/2026 08:00", "04/24/2026 08:00"]])
def test_dates_that_may_be_two_days_are_refused(cells):
    with pytest.raises(Unreadable, match="which number is the month"):
        read(*cells)


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["25. 1. 3. 오전 7:30", "25. 1. 13. 오전 7:30"], ["2025-01-03", "2025-01-13"]),
        (["25/01/03 07:30", "25/01/05 07:30"], ["2025-01-03", "2025-01-05"]),
        (["25-12-30 07:30:00", "26-01-02 07:30:00"], ["2025-12-30", "2026-01-02"]),
        (["25.01.03 07:30", "25.01.08 07:30"], ["2025-01-03", "2025-01-08"]),
        (["03/01/25 07:30", "24/04/25 07:30"], ["2025-01-03", "2025-04-24"]),
        (["30/12/25 07:30", "02/01/26 07:30"], ["2025-12-30", "2026-01-02"]),
        (["30/12/25 07:30", "02/01/26 07:30", "9/1/05 07:30", "11/1/26 07:30"], ["2025-12-30"]),
        (["23.04.26 07:30", "24.04.26 07:30"], ["2026-04-23", "2026-04-24"]),
        (["1/24/25 07:30", "12/25/25 07:30"], ["2025-01-24", "2025-12-25"]),
    ],
)
def test_short_years_hardly_vary_and_days_do(cells, days):
    assert [moment[:10] for moment in read(*cells)][: len(days)] == days


@pytest.mark.parametrize(
    "cells",
    [
        ["25. 1. 3. 오전 7:30"],
        ["25/01/03 07:30"],
        ["25-01-03 07:30:00"],
        ["25.01.03 07:30"],
        ["24/04/26 07:30", "25/04/26 07:30"],
        ["25/01/24 07:30", "25/02/25 07:30"],
        ["24/01/25 07:30", "25/02/25 07:30"],
    ],
)
def test_short_dates_that_may_begin_with_the_day_or_the_year_are_refused(cells):
    with pytest.raises(Unreadable, match="four digits") as refusal:
        read(*cells)
    assert (refusal.value.finding.field, refusal.value.finding.constraint) == ("start", "date")


def test_short_and_long_years_may_be_mixed():
    moments = read("25/01/03 07:30", "25/01/05 07:30", "13/02/2025 08:00", "02/03/2025 08:00")
    assert [moment[:10] for moment in moments[1:]] == ["2025-01-05", "2025-02-13", "2025-03-02"]


def test_months_are_of_one_language():
    # Listopad is October in Croatian, and November in Polish and Czech
    assert read("4 lis 2026 09:40", "4 paź 2026 09:40")[0] == "2026-11-04 09:40"
    assert read("4 lis 2026 09:40", "4 stu 2026 09:40")[0] == "2026-10-04 09:40"
    with pytest.raises(Unreadable, match="cs, hr, pl"):
        read("4 lis 2026 09:40")
    with pytest.raises(Unreadable, match="no language"):
        read("4 brumaire 2026 09:40")


@pytest.mark.parametrize(("language", "month"), [("hr", "10"), ("pl", "11"), ("cs", "11")])
def test_the_language_may_be_given_or_be_the_headers(language, month):
    moment = [f"2026-{month}-04 09:40"]
    assert read("4 lis 2026 09:40", given=language) == moment
    assert read("4 lis 2026 09:40", header=language) == moment
    assert read("4 lis 2026 09:40", given=language, header="pl") == moment


def test_the_headers_language_is_only_for_months_of_several():
    assert read("4 lis 2026 09:40", "4 stu 2026 09:40", header="pl")[0] == "2026-10-04 09:40"
    with pytest.raises(Unreadable, match="no months of the language pl: lis, stu"):
        read("4 lis 2026 09:40", "4 stu 2026 09:40", given="pl")


def test_months_of_several_languages_are_refused_with_what_to_say():
    with pytest.raises(Unreadable, match="cs, hr, pl; give one of them") as refusal:
        read("4 lis 2026 09:40")
    assert (refusal.value.finding.field, refusal.value.finding.constraint) == (
        "language",
        "required",
    )


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("2h 18m", 8280),
        ("35m", 2100),
        ("1h", 3600),
        ("21min", 1260),
        ("1h 21min", 4860),
        ("45s", 45),
        ("2134", 2134),
        ("1:05:30", 3930),
        ("1 Std. 5 Min.", 3900),
        ("1 ч 5 мин", 3900),
        ("1時間 5分", 3900),
        ("long", None),
        ("3 moons 1 parsec", None),
    ],
)
def test_a_duration_is_read(cell, seconds):
    assert duration_seconds(cell) == seconds
