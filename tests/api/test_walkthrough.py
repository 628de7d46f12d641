"""The seed's own walk-through with curl, day by day, and its integration script."""

import time
import uuid

import pytest

WORKOUT = {
    "name": "Push Day A",
    "date": "2025-02-16",
    "duration_minutes": 75,
    "notes": "Great session",
    "exercises": [
        {
            "exercise_id": 1,
            "order_index": 1,
            "notes": "Paused reps",
            "sets": [
                {
                    "set_number": 1,
                    "reps": 8,
                    "weight": 60,
                    "unit": "kg",
                    "set_type": "warmup",
                    "rpe": 4,
                },
                {
                    "set_number": 2,
                    "reps": 5,
                    "weight": 100,
                    "unit": "kg",
                    "set_type": "top",
                    "rpe": 9,
                    "notes": "New PR!",
                },
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def account():
    email = f"walkthrough-{uuid.uuid4().hex[:12]}@gym.com"
    return {"email": email, "password": "a long password", "name": "Test User"}


def first(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()["data"][0]


def test_the_walkthrough(http, account):
    # day 1: register, then log in
    registered = first(http.post("/api/users/register", json=account), 201)
    assert registered["email"] == account["email"]
    login = {"email": account["email"], "password": account["password"]}
    token = first(http.post("/api/users/login", json=login))["token"]
    assert first(http.get(f"/api/users/{registered['id']}", token=token))["name"] == "Test User"

    # day 2: browse and search
    listed = http.get("/api/exercises?category=strength&page=1&limit=10")
    assert len(listed.json()["data"]) == 10
    found = http.get("/api/exercises/search?q=bench").json()["data"]
    assert "Barbell Bench Press" in [exercise["name"] for exercise in found]

    # day 3: log a workout and find it again
    workout = first(http.post("/api/workouts", json=WORKOUT, token=token), 201)
    found = http.get("/api/workouts?date_from=2025-02-01", token=token).json()["data"]
    assert [entry["id"] for entry in found] == [workout["id"]]
    path = f"/api/workouts/{workout['id']}"
    sets = first(http.get(path, token=token))["exercises"][0]["sets"]
    assert [logged["reps"] for logged in sets] == [8, 5]

    # day 4: the statistics follow
    records = wait_for_records(http, token)
    assert records[0]["exercise_name"] == "Barbell Bench Press"
    assert records[0]["max_weight"]["value"] == 100
    assert records[0]["max_weight"]["achieved_date"] == "2025-02-16"
    history = first(http.get("/api/stats/exercise/1/history?range=all&unit=week", token=token))
    assert history["data_points"][0]["date"] == "2025-02-10"
    assert history["data_points"][0]["total_volume"] == 500
    assert len(first(http.get("/api/stats/progress?period=weekly&weeks=12", token=token))["weeks"])

    # and the rest of the routes
    assert first(http.put(path, json={"name": "Updated Name"}, token=token))["name"] == (
        "Updated Name"
    )
    assert first(http.delete(path, token=token)) == {"id": workout["id"], "deleted": True}
    assert first(http.post("/api/users/logout", token=token)) == {"revoked": True}
    assert http.get("/api/workouts", token=token).status_code == 401


def test_the_integration_script(http):
    email = f"script-{uuid.uuid4().hex[:12]}@gym.com"
    body = {"email": email, "password": "a long password", "name": "Test"}
    token = first(http.post("/api/users/register", json=body), 201)["token"]
    assert len(http.get("/api/exercises").json()["data"]) == 10
    assert first(http.post("/api/workouts", json=WORKOUT, token=token), 201)["id"] > 0
    assert wait_for_records(http, token)


def test_the_ports_answer_for_their_health(http):
    assert http.get("/health").status_code == 200
    assert http.get("/ready").status_code == 200


def wait_for_records(http, token, seconds=5):
    """Return the records; the seed sleeps for two seconds here, we look until they are there."""
    end = time.monotonic() + seconds
    while True:
        records = first(http.get("/api/stats/personal-records", token=token))["records"]
        if records or time.monotonic() > end:
            return records
        time.sleep(0.05)
