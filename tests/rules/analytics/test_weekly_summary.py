"""The summary of a week."""

from datetime import date
from decimal import Decimal

from schemas.stats import RECORD_KINDS
from services.analytics.rules.calendar import Day, shown_calendar
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.streaks import Run, Streak
from services.analytics.rules.weekly_summary import WeekRecord, weekly_summary
from services.process import budgets
from services.transport.amqp.json import dumps

MUSCLES = [{"muscle": "chest", "sets": 12.5}]
WEEK = date(2026, 12, 28)
STREAK = Streak(Run(2, date(2026, 12, 21)), Run(5, date(2025, 1, 6)))


def test_a_week_beside_those_before():
    snapshots = {
        WEEK: Snapshot(3, Decimal("1000.5"), 30, 5, 150, 2),
        date(2026, 12, 21): Snapshot(2, Decimal("900"), 20, 4, 0, 0),
        date(2026, 12, 7): Snapshot(1, Decimal("0.03"), 1, 1, 45, 1),
        date(2026, 11, 30): Snapshot(4, Decimal("100"), 11, 3, 60, 1),
        # the fifth week before
        date(2026, 11, 23): Snapshot(9, Decimal("9000"), 90, 9, 900, 9),
    }
    found = weekly_summary(WEEK, False, 3, snapshots, MUSCLES, [], STREAK)
    assert found == {
        "week": "2026-W53",
        "start": "2026-12-28",
        "end": "2027-01-03",
        "is_running": False,
        "workouts": {"value": 3, "goal": 3, "is_met": True, "previous": 2, "mean_of_four": 1.75},
        "volume": {"value": 1000.5, "previous": 900, "mean_of_four": 250.01},
        "sets": {"value": 30, "previous": 20, "mean_of_four": 8},
        "minutes": {"value": 150, "previous": 0, "mean_of_four": 26.25},
        "muscles": MUSCLES,
        "records": [],
        "streak": {"current": 2, "longest": 5},
    }


def test_a_running_week_without_training():
    found = weekly_summary(WEEK, True, 1, {}, [], [], Streak(Run(), Run()))
    assert found["is_running"] is True
    assert found["workouts"] == {
        "value": 0,
        "goal": 1,
        "is_met": False,
        "previous": 0,
        "mean_of_four": 0,
    }


def test_records_are_in_a_fixed_order():
    day = date(2026, 12, 30)
    records = [
        WeekRecord(2, "Squat", "max_weight", Decimal("140.005"), "kg", day, 8),
        WeekRecord(1, "Bench", "best_e1rm", Decimal("120"), "kg", day, 7),
        WeekRecord(1, "Bench", "max_weight", Decimal("225"), "lb", day, 7),
    ]
    found = weekly_summary(WEEK, True, 1, {}, [], records, STREAK)["records"]
    assert [(each["exercise_id"], each["kind"]) for each in found] == [
        (1, "max_weight"),
        (1, "best_e1rm"),
        (2, "max_weight"),
    ]
    assert found[0] == {
        "exercise_id": 1,
        "exercise_name": "Bench",
        "kind": "max_weight",
        "value": 225,
        "unit": "lb",
        "achieved_date": "2026-12-30",
        "workout_id": 7,
    }
    assert found[2]["value"] == 140.01


def test_a_summary_fits_into_a_message():
    day, name = date(2026, 12, 30), "\N{GRINNING FACE}" * 255
    records = [
        WeekRecord(exercise, name, kind, Decimal("100.25"), "kg", day, 9)
        for exercise in range(1_000)
        for kind in RECORD_KINDS
    ]
    summary = weekly_summary(WEEK, True, 1, {}, [], records, STREAK)
    assert [each["exercise_id"] for each in summary["records"]] == sorted(
        each["exercise_id"] for each in summary["records"]
    )
    assert len(dumps(summary)) < budgets.LARGEST_MESSAGE / 4


def test_the_calendar_has_the_first_day_first():
    days = [Day(date(2026, 3, 2), 1, None, 0), Day(date(2026, 1, 1), 2, 90, 31)]
    assert shown_calendar(2026, days) == {
        "year": 2026,
        "days": [
            {"date": "2026-01-01", "workouts": 2, "sets": 31, "minutes": 90},
            {"date": "2026-03-02", "workouts": 1, "sets": 0, "minutes": None},
        ],
    }
