"""Sets by muscle over HTTP, on the whole running system."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.waiting import eventually

BENCH = 1
MUSCLES = "/api/stats/muscles"
ME = "/api/users/me"


def log(http, user, sets=1, exercise_id=BENCH, day=None, **kind):
    one = {"reps": 5, "weight": 60, **kind}
    exercises = [{"exercise_id": exercise_id, "sets": [one] * sets}]
    body = {"date": str(day or datetime.now(UTC).date()), "exercises": exercises}
    answer = http.post("/api/workouts", json=body, token=user.token)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"][0]["id"]


def read(http, user, **query):
    answer = http.get(MUSCLES, params=query, token=user.token)
    assert answer.status_code == 200, answer.text
    (data,) = answer.json()["data"]
    return data


def sets(http, user):
    return {one["muscle"]: one["sets"] for one in read(http, user, weeks=1)["weeks"][0]["muscles"]}


def test_what_was_logged_is_seen_and_gone_again(http, new_user):
    user = new_user()
    assert [week["muscles"] for week in read(http, user)["weeks"]] == [[]] * 12
    workout_id = log(http, user, 2, rir=2)
    eventually(lambda: sets(http, user) == {"chest": 2, "triceps": 2, "shoulders": 1})
    [*_, week] = read(http, user)["weeks"]
    assert week["muscles"][-1] == {
        "muscle": "shoulders",
        "sets": 1,
        "hard_sets": 1,
        "rated_sets": 1,
        "days": 1,
        "judged": "below",
    }
    http.delete(f"/api/workouts/{workout_id}", token=user.token)
    eventually(lambda: sets(http, user) == {})


def test_the_band_is_that_of_one_s_settings_at_once(http, new_user):
    user = new_user()
    log(http, user, 4)
    eventually(lambda: sets(http, user).get("chest") == 4)

    def judged():
        found = read(http, user, weeks=1)
        [chest, *_] = found["weeks"][0]["muscles"]
        return found["band"], chest["judged"]

    assert judged() == ({"least": 10, "most": 20}, "below")
    http.put(ME, {"weekly_sets_least": 2, "weekly_sets_most": 3}, token=user.token)
    assert judged() == ({"least": 2, "most": 3}, "above")
    http.put(ME, {"weekly_sets_most": 4}, token=user.token)
    assert judged() == ({"least": 2, "most": 4}, "within")
    http.put(ME, {"weekly_sets_least": None, "weekly_sets_most": None}, token=user.token)
    assert judged() == ({"least": 10, "most": 20}, "below")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"weekly_sets_least": 21}, "weekly_sets_least"),
        ({"weekly_sets_most": 9}, "weekly_sets_most"),
        ({"weekly_sets_least": 5, "weekly_sets_most": 4}, "weekly_sets_least"),
    ],
)
def test_a_band_that_can_not_be_is_refused(http, new_user, settings, field):
    answer = http.put(ME, settings, token=new_user().token)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_running_week_is_that_of_one_s_time_zone(http, new_user, zone):
    user = new_user()
    read(http, user, weeks=1)
    http.put(ME, {"time_zone": zone}, token=user.token)
    local = datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    log(http, user, day=local)
    eventually(lambda: "chest" in sets(http, user))
    [week] = read(http, user, weeks=1)["weeks"]
    monday = local - timedelta(local.weekday())
    assert (week["week"], week["start"]) == (local.strftime("%G-W%V"), monday.isoformat())


@pytest.mark.slow
def test_own_muscles_and_private_exercises_count_as_they_are_now(http, new_user):
    user = new_user()
    log(http, user, 2)
    eventually(lambda: sets(http, user) == {"chest": 2, "triceps": 2, "shoulders": 1})
    own = {"primary_muscles": ["triceps"], "secondary_muscles": ["chest"]}
    http.put(f"/api/exercises/{BENCH}/mine", own, token=user.token)
    eventually(lambda: sets(http, user) == {"triceps": 2, "chest": 1})
    nothing = dict.fromkeys(own)
    http.put(f"/api/exercises/{BENCH}/mine", nothing, token=user.token)
    eventually(lambda: sets(http, user) == {"chest": 2, "triceps": 2, "shoulders": 1})

    new = {"name": "Gorilla Row", "measure": "weight_reps", "primary_muscles": ["lats"]}
    made = http.post("/api/exercises", new, token=user.token).json()["data"][0]
    log(http, user, 3, made["id"])
    eventually(lambda: sets(http, user).get("lats") == 3)
    http.put(f"/api/exercises/{made['id']}", {"primary_muscles": ["biceps"]}, token=user.token)
    eventually(lambda: (sets(http, user).get("lats"), sets(http, user).get("biceps")) == (None, 3))
    http.post(f"/api/exercises/{made['id']}/merge", {"into": BENCH}, token=user.token)
    eventually(lambda: sets(http, user) == {"chest": 5, "triceps": 5, "shoulders": 2.5})
