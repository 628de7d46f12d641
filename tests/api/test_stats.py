"""Statistics over HTTP, on the whole running system."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

TODAY = datetime.now(UTC).date()
VISIBLE_SECONDS = 5
PATHS = [
    "/api/stats/exercise/1/records",
    "/api/stats/exercise/1/rep-maxes",
    "/api/stats/exercise/1/history",
    "/api/stats/personal-records",
    "/api/stats/progress",
    "/api/stats/muscles",
    "/api/stats/calendar",
    "/api/stats/streak",
    "/api/stats/weekly-summary",
    "/api/stats/one-rep-max?weight=100&reps=5",
]


def bench(weight, reps, **values):
    logged = {"reps": reps, "weight": weight} | values
    return {"exercise_id": 1, "sets": [logged]}


def create(http, user, *exercises, day=TODAY, **fields):
    body = {"date": str(day), "exercises": list(exercises)} | fields
    answer = http.post("/api/workouts", json=body, token=user.token)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"][0]


def read(http, user, path, **params):
    answer = http.get(path, params=params, token=user.token)
    assert answer.status_code == 200, answer.text
    (data,) = answer.json()["data"]
    return data


def eventually(read_value, expected):
    """Wait until a value is what it must become, for at most the promised time and some more."""
    end = time.monotonic() + VISIBLE_SECONDS
    while (value := read_value()) != expected and time.monotonic() < end:
        time.sleep(0.05)
    assert value == expected


def test_an_empty_history_is_there(http, new_user):
    user = new_user()
    assert read(http, user, "/api/stats/personal-records") == {"records": []}
    history = read(http, user, "/api/stats/exercise/1/history")
    assert set(history) == {
        "exercise_id",
        "exercise_name",
        "range",
        "unit",
        "data_points",
        "stats",
    }
    assert (history["range"], history["unit"]) == ("3months", "day")
    assert history["data_points"] == []
    progress = read(http, user, "/api/stats/progress")
    assert progress["period"] == "weekly"
    assert len(progress["weeks"]) == 12
    assert {week["total_workouts"] for week in progress["weeks"]} == {0}


def test_a_workout_becomes_history_records_and_progress(http, new_user):
    user = new_user()
    warm_up = {"reps": 8, "weight": 60, "set_type": "warmup"}
    exercise = bench(102.5, 5, rpe=9)
    exercise["sets"].insert(0, warm_up)
    workout = create(http, user, exercise, duration_minutes=75)

    def records():
        return read(http, user, "/api/stats/personal-records")["records"]

    def record(value, unit):
        return {
            "value": value,
            "unit": unit,
            "achieved_date": str(TODAY),
            "workout_id": workout["id"],
            "previous": None,
        }

    eventually(
        records,
        [
            {
                "exercise_id": 1,
                "exercise_name": "Barbell Bench Press",
                "max_weight": record(102.5, "kg"),
                "max_reps": record(5, "reps"),
                "max_volume": record(512.5, "kg"),
                "best_e1rm": record(119.58, "kg"),
                "best_set_volume": record(512.5, "kg"),
            }
        ],
    )
    history = read(http, user, "/api/stats/exercise/1/history", range="1month", unit="day")
    assert history["data_points"] == [
        {
            "date": str(TODAY),
            "max_weight": 102.5,
            "total_volume": 512.5,
            "total_sets": 1,
            "total_reps": 5,
            "avg_rpe": 9,
            "best_e1rm": 119.58,
            "total_duration_seconds": None,
            "total_distance_m": None,
        }
    ]
    assert history["stats"]["current_max_weight"] == 102.5
    assert history["stats"]["last_performed_date"] == str(TODAY)
    week = read(http, user, "/api/stats/progress", weeks=1)["weeks"][0]
    assert week["week_start"] == str(TODAY - timedelta(days=TODAY.weekday()))
    assert (week["total_workouts"], week["total_volume"]) == (1, 512.5)
    assert week["avg_workout_duration"] == 75


def test_an_edit_and_a_deletion_are_counted_too(http, new_user):
    user = new_user()

    def best():
        records = read(http, user, "/api/stats/personal-records")["records"]
        return [record["max_weight"]["value"] for record in records]

    first = create(http, user, bench(100, 5))
    second = create(http, user, bench(120, 5))
    eventually(best, [120])
    http.put(f"/api/workouts/{second['id']}", json={"exercises": [bench(90, 5)]}, token=user.token)
    eventually(best, [100])
    http.delete(f"/api/workouts/{first['id']}", token=user.token)
    eventually(best, [90])


@pytest.mark.parametrize("range_", ["1month", "3months", "6months", "1year", "all"])
@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_ranges_and_units(http, new_user, range_, unit):
    path = "/api/stats/exercise/1/history"
    history = read(http, new_user(), path, range=range_, unit=unit)
    assert (history["range"], history["unit"]) == (range_, unit)


def test_months_of_progress(http, new_user):
    progress = read(http, new_user(), "/api/stats/progress", period="monthly", weeks=3)
    assert set(progress) == {"period", "months"}
    assert [set(month) >= {"month_start", "month_end"} for month in progress["months"]] == [
        True
    ] * 3
    assert progress["months"][-1]["month_start"] == str(TODAY.replace(day=1))


@pytest.mark.parametrize(
    ("path", "field", "constraint"),
    [
        ("/api/stats/exercise/1/history?range=2years", "range", "one_of"),
        ("/api/stats/exercise/1/history?unit=year", "unit", "one_of"),
        ("/api/stats/exercise/1/history?page=1", "page", "unknown_parameter"),
        ("/api/stats/exercise/x/history", "id", "type"),
        ("/api/stats/exercise/1/records?formula=x", "formula", "one_of"),
        ("/api/stats/exercise/x/records", "id", "type"),
        ("/api/stats/exercise/1/rep-maxes?n=5", "n", "unknown_parameter"),
        ("/api/stats/personal-records?limit=1", "limit", "unknown_parameter"),
        ("/api/stats/progress?period=daily", "period", "one_of"),
        ("/api/stats/progress?weeks=0", "weeks", "min"),
        ("/api/stats/progress?weeks=53", "weeks", "max"),
        ("/api/stats/progress?weeks=1.5", "weeks", "type"),
        ("/api/stats/muscles?weeks=0", "weeks", "min"),
        ("/api/stats/muscles?weeks=54", "weeks", "max"),
        ("/api/stats/muscles?time_zone=UTC", "time_zone", "unknown_parameter"),
        ("/api/stats/calendar?year=1899", "year", "min"),
        ("/api/stats/weekly-summary?week=2026-48", "week", "week"),
        ("/api/stats/weekly-summary?week=2025-W53", "week", "week"),
        ("/api/stats/weekly-summary?week=1899-W52", "week", "min"),
        ("/api/stats/one-rep-max?reps=5", "weight", "required"),
        ("/api/stats/one-rep-max?weight=100", "reps", "required"),
        ("/api/stats/one-rep-max?weight=1e2&reps=5", "weight", "type"),
        ("/api/stats/one-rep-max?weight=100.001&reps=5", "weight", "decimals"),
        ("/api/stats/one-rep-max?weight=100&reps=-1", "reps", "min"),
        ("/api/stats/one-rep-max?weight=100&reps=5&unit=stone", "unit", "one_of"),
        ("/api/stats/one-rep-max?weight=100&reps=5&rir=0.25", "rir", "step"),
        ("/api/stats/one-rep-max?weight=100&reps=5&rir=11", "rir", "max"),
        ("/api/stats/one-rep-max?weight=100&reps=5&formula=wathan", "formula", "one_of"),
    ],
)
def test_bad_queries(http, new_user, path, field, constraint):
    answer = http.get(path, token=new_user().token)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["code"] == "INVALID_PARAMETER"
    assert (error["field"], error["details"]["constraint"]) == (field, constraint)


@pytest.mark.parametrize("what", ["history", "records", "rep-maxes"])
def test_the_numbers_of_a_missing_exercise(http, new_user, what):
    answer = http.get(f"/api/stats/exercise/{2**62}/{what}", token=new_user().token)
    assert answer.status_code == 404


def test_records_and_rep_maxes_of_what_was_never_done(http, new_user):
    user = new_user()
    head = {
        "exercise_id": 4,
        "exercise_name": "Pull-ups",
        "measure": "bodyweight_reps",
        "weight_is": "added",
    }
    assert read(http, user, "/api/stats/exercise/4/records") == {**head, "records": []}
    found = read(http, user, "/api/stats/exercise/4/rep-maxes", formula="lombardi")
    rows = found.pop("rep_maxes")
    assert found == {**head, "formula": "lombardi", "best_e1rm": None}
    nothing = {"exactly": None, "at_least": None, "estimated": None}
    assert rows == [{"reps": reps, **nothing} for reps in range(1, 13)]


def test_a_record_is_one_real_set(http, new_user):
    user = new_user()
    create(http, user, bench(100, 5), day=TODAY - timedelta(days=3))
    workout = create(http, user, bench(102.5, 5, rpe=8), day=TODAY)

    def kinds():
        found = read(http, user, "/api/stats/exercise/1/records")["records"]
        return {record.pop("kind"): record for record in found}

    logged = {
        "set_number": 1,
        "reps": 5,
        "weight": 102.5,
        "unit": "kg",
        "duration_seconds": None,
        "distance_m": None,
        "rpe": 8,
        "rir": None,
    }
    record = {"achieved_date": str(TODAY), "workout_id": workout["id"], "set": logged}
    estimate = {"formula": "epley", "confidence": "high", "with_reserve": 126.42}
    eventually(
        lambda: kinds().get("best_e1rm"),
        {**record, "value": 119.58, "unit": "kg", "previous": 116.67, "margin": 2.92, **estimate},
    )
    found = kinds()
    assert found["max_volume"]["set"] is None
    assert found["max_weight"]["set"] == found["best_set_volume"]["set"] == logged
    assert (found["max_weight"]["previous"], found["max_weight"]["margin"]) == (100, 2.5)
    # not the record's set: the first of equals is, and it was of the same repetitions
    assert found["max_reps"]["achieved_date"] == str(TODAY - timedelta(days=3))
    assert (found["max_reps"]["previous"], found["max_reps"]["margin"]) == (None, None)

    found = read(http, user, "/api/stats/exercise/1/rep-maxes", formula="brzycki")
    assert found["best_e1rm"]["value"] == 115.31
    three, five, six = (found["rep_maxes"][n - 1] for n in (3, 5, 6))
    assert three["exactly"] is None
    assert three["at_least"] == five["exactly"] == {"weight": 102.5, "unit": "kg", **record}
    assert six["at_least"] is None
    assert five["estimated"] == {"weight": 102.5, "unit": "kg"}

    http.delete(f"/api/workouts/{workout['id']}", token=user.token)
    eventually(lambda: kinds()["best_e1rm"]["value"], 116.67)


def test_a_plank_in_seconds_as_ever(http, new_user):
    user = new_user()
    create(http, user, {"exercise_id": 6, "sets": [{"reps": 60, "weight": 10}]})

    def found():
        records = read(http, user, "/api/stats/exercise/6/records")["records"]
        return [(each["kind"], each["value"], each["set"]["duration_seconds"]) for each in records]

    eventually(found, [("longest", 60, 60), ("longest_at", 60, 60)])
    (point,) = read(http, user, "/api/stats/exercise/6/history")["data_points"]
    assert (point["total_duration_seconds"], point["total_volume"]) == (60, 0)


@pytest.mark.parametrize("path", PATHS)
def test_statistics_need_a_token_and_are_ones_own(http, path):
    assert http.get(path).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_statistics_are_only_read(http, path):
    assert http.request("DELETE", path).status_code == 405


@pytest.mark.parametrize(
    ("query", "estimate", "reason"),
    [
        ("weight=100&reps=5", 116.67, None),
        ("weight=100&reps=1", 100, None),
        ("weight=225.5&reps=3&unit=lbs&formula=brzycki", 238.76, None),
        ("weight=100&reps=13", None, "more_than_12"),
        ("weight=100&reps=5.5", None, "not_whole"),
        ("weight=0&reps=5", None, "no_weight"),
        ("weight=100&reps=0", None, "no_repetitions"),
    ],
)
def test_the_calculator(http, new_user, query, estimate, reason):
    found = read(http, new_user(), f"/api/stats/one-rep-max?{query}")
    assert (found["one_rep_max"], found["reason"]) == (estimate, reason)
    assert len(found["table"]) == (0 if reason else 12)


def test_the_calculator_with_repetitions_in_reserve(http, new_user):
    path = "/api/stats/one-rep-max?weight=100&reps=5&unit=kg&rir=2&formula=epley"
    found = read(http, new_user(), path)
    assert (found["one_rep_max"], found["with_reserve"]) == (116.67, 123.33)


def test_weeks_are_those_of_ones_zone_and_goal(http, new_user):
    user = new_user()
    create(http, user, bench(100, 5), duration_minutes=30)
    week = f"{TODAY:%G-W%V}"
    eventually(lambda: read(http, user, "/api/stats/streak")["longest"], 1)
    summary = read(http, user, "/api/stats/weekly-summary", week=week)
    assert summary["workouts"]["is_met"] is True
    assert summary["sets"] == {"value": 1, "previous": 0, "mean_of_four": 0}
    day = {"date": str(TODAY), "workouts": 1, "sets": 1, "minutes": 30}
    assert read(http, user, "/api/stats/calendar", year=TODAY.year)["days"] == [day]

    # what is set holds at once, whatever is cached
    changes = {"weekly_goal": 2, "time_zone": "Pacific/Auckland"}
    assert http.put("/api/users/me", changes, token=user.token).status_code == 200
    assert read(http, user, "/api/stats/streak")["weekly_goal"] == 2
    there = datetime.now(ZoneInfo("Pacific/Auckland"))
    running = read(http, user, "/api/stats/weekly-summary")
    assert running["workouts"]["goal"] == 2
    assert running["week"] in {f"{there:%G-W%V}", f"{datetime.now(there.tzinfo):%G-W%V}"}


def test_a_week_without_training_is_not_there(http, new_user):
    user = new_user()
    for week in ("2020-W53", "2999-W01"):
        path = "/api/stats/weekly-summary"
        assert http.get(path, params={"week": week}, token=user.token).status_code == 404
