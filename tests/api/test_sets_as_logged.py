"""Sets, starts and ends of workouts, and what was done the last time, over HTTP."""

import pytest

BENCH, RUNNING, PLANK = 1, 5, 6


@pytest.fixture
def user(new_user):
    return new_user()


def first(answer, status=201):
    assert answer.status_code == status, answer.text
    return answer.json()["data"][0]


def log(http, user, **fields):
    return first(http.post("/api/workouts", json=fields, token=user.token))


def one_set(exercise_id=BENCH, **fields):
    return {"date": "2025-02-16", "exercises": [{"exercise_id": exercise_id, "sets": [fields]}]}


def test_five_kilometres_in_half_an_hour_add_no_volume(http, user):
    run = {"distance_m": 5000, "duration_seconds": 1800, "weight": 10}
    workout = log(http, user, **one_set(RUNNING, **run))
    (logged,) = workout["exercises"][0]["sets"]
    assert (logged["reps"], logged["distance_m"], logged["duration_seconds"]) == (5000, 5000, 1800)
    (listed,) = http.get("/api/workouts", token=user.token).json()["data"]
    assert listed["total_volume"] == 0


def test_seconds_of_a_plank_may_still_be_its_reps(http, user):
    workout = log(http, user, **one_set(PLANK, reps=60, weight=10))
    (logged,) = workout["exercises"][0]["sets"]
    assert (logged["reps"], logged["duration_seconds"], logged["weight"]) == (60, 60, 10)
    read = first(http.get(f"/api/workouts/{workout['id']}", token=user.token), 200)
    assert read == workout


def test_a_workout_over_midnight_counts_on_its_first_day(http, user):
    times = {"started_at": "2025-02-16T23:30:00+01:00", "ended_at": "2025-02-17T00:45:00+01:00"}
    workout = log(http, user, **times)
    assert (workout["date"], workout["duration_minutes"]) == ("2025-02-16", 75)
    assert workout | times == workout


@pytest.mark.parametrize(
    ("fields", "field", "constraint"),
    [
        (one_set(weight=100), "exercises[0].sets[0].reps", "required"),
        (one_set(reps=5, rpe=8, rir=3), "exercises[0].sets[0].rir", "sum"),
        ({"date": "2025-02-16", "time_zone": "Mars/Phobos"}, "time_zone", "one_of"),
        ({"started_at": "2025-02-16T23:30:00"}, "started_at", "date_time"),
    ],
)
def test_bad_input_is_told_by_field_and_rule(http, user, fields, field, constraint):
    answer = http.post("/api/workouts", json=fields, token=user.token)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["field"], error["details"]["constraint"]) == (field, constraint)


@pytest.mark.parametrize(
    ("field", "given", "constraint", "named"),
    [
        ("date", "2025-02-17", "one_of", "Date must be the day of started_at"),
        ("date", "2999-01-01", "max", "Date must not be more than one day in the future"),
        ("ended_at", "2025-02-16T22:00:00Z", "min", "ended_at must not be before started_at"),
        ("ended_at", "2025-02-18T22:00:00Z", "max", "ended_at must be at most 24 hours after"),
    ],
)
def test_times_that_contradict_each_other_are_not_allowed(
    http, user, field, given, constraint, named
):
    body = {"started_at": "2025-02-16T23:30:00+01:00", field: given}
    answer = http.post("/api/workouts", json=body, token=user.token)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["message"].startswith(named)
    assert error["field"] == field
    assert (error["details"]["constraint"], error["details"]["received"]) == (constraint, given)


def test_what_was_done_the_last_time(http, user, new_user):
    path = f"/api/exercises/last?ids={PLANK},{BENCH},2"
    assert http.get(path, token=user.token).json()["data"] == []
    workout = log(http, user, **one_set(BENCH, reps=5, weight=100, rest_seconds=180))
    expected = {
        "exercise_id": BENCH,
        "workout_id": workout["id"],
        "date": "2025-02-16",
        "started_at": None,
        "sets": workout["exercises"][0]["sets"],
    }
    for _ in range(3):
        assert http.get(path, token=user.token).json()["data"] == [expected]
    assert http.get(path, token=new_user().token).json()["data"] == []
    http.delete(f"/api/workouts/{workout['id']}", token=user.token)
    assert http.get(path, token=user.token).json()["data"] == []


@pytest.mark.parametrize(
    ("query", "field", "constraint"),
    [
        ("", "ids", "required"),
        ("?ids=", "ids", "min_length"),
        ("?ids=1,x", "ids", "type"),
        (f"?ids={','.join(map(str, range(1, 52)))}", "ids", "max_items"),
        ("?ids=1&ids=2", "ids", "repeated"),
        ("?ids=1&page=2", "page", "unknown_parameter"),
    ],
)
def test_bad_queries_for_the_last_time(http, user, query, field, constraint):
    answer = http.get(f"/api/exercises/last{query}", token=user.token)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["field"], error["details"]["constraint"]) == (field, constraint)


def test_the_catalogue_is_still_public_and_the_last_time_is_not(http):
    assert http.get(f"/api/exercises/{BENCH}").status_code == 200
    assert http.get("/api/exercises/last?ids=1").status_code == 401
