"""Workouts over HTTP, on the whole running system."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

BODY = {
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
                    "weight": 102.5,
                    "unit": "kg",
                    "set_type": "top",
                    "rpe": 8.5,
                    "notes": "New PR!",
                },
            ],
        }
    ],
}
WHOLE = {
    "id",
    "user_id",
    "client_id",
    "name",
    "date",
    "started_at",
    "ended_at",
    "time_zone",
    "duration_minutes",
    "notes",
    "version",
    "created_at",
    "updated_at",
    "exercises",
}
LISTED = (WHOLE - {"exercises"}) | {"exercise_count", "set_count", "total_volume"}


@pytest.fixture
def user(new_user):
    return new_user()


def create(http, user, **changes):
    answer = http.post("/api/workouts", json=BODY | changes, token=user.token)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"][0]


def one_set(**values):
    return {"exercises": [{"exercise_id": 1, "sets": [{"reps": 5, "weight": 100} | values]}]}


def faults(answer):
    assert answer.status_code == 400, answer.text
    return {error.get("field"): error["details"]["constraint"] for error in answer.json()["errors"]}


def test_create_answers_with_the_whole_workout(http, user):
    answer = http.post("/api/workouts", json=BODY, token=user.token)
    assert answer.status_code == 201
    (workout,) = answer.json()["data"]
    assert set(workout) == WHOLE
    assert answer.headers["Location"] == f"/api/workouts/{workout['id']}"
    assert workout["user_id"] == user.id
    assert workout["version"] == 1
    assert workout["created_at"].endswith("Z")
    (exercise,) = workout["exercises"]
    assert exercise["exercise_name"] == "Barbell Bench Press"
    assert [logged["weight"] for logged in exercise["sets"]] == [60, 102.5]
    assert '"weight":60,' in answer.text
    assert '"rpe":8.5' in answer.text
    again = http.get(answer.headers["Location"], token=user.token)
    assert again.json()["data"] == [workout]


def test_only_the_date_is_needed(http, user):
    answer = http.post("/api/workouts", json={"date": "2025-02-16"}, token=user.token)
    (workout,) = answer.json()["data"]
    assert workout["exercises"] == []
    assert workout["name"] is None


def test_defaults_of_a_set(http, user):
    workout = create(http, user, exercises=[{"exercise_id": 1, "sets": [{"reps": 5}]}])
    (logged,) = workout["exercises"][0]["sets"]
    assert (logged["unit"], logged["set_type"], logged["set_number"]) == ("kg", "normal", 1)
    assert logged["weight"] is None
    assert workout["exercises"][0]["order_index"] == 1


@pytest.mark.parametrize(
    ("changes", "field", "constraint"),
    [
        ({"date": None}, "date", "required"),
        ({"date": "16.02.2025"}, "date", "date"),
        ({"date": "2025-02-30"}, "date", "date"),
        ({"date": 20250216}, "date", "type"),
        ({"date": "1899-12-31"}, "date", "min"),
        ({"name": "n" * 256}, "name", "max_length"),
        ({"name": "a\x00"}, "name", "characters"),
        ({"notes": "n" * 5001}, "notes", "max_length"),
        ({"duration_minutes": -1}, "duration_minutes", "min"),
        ({"duration_minutes": 1441}, "duration_minutes", "max"),
        ({"duration_minutes": 75.5}, "duration_minutes", "type"),
        ({"duration_minutes": "75"}, "duration_minutes", "type"),
        ({"duration_minutes": True}, "duration_minutes", "type"),
        ({"exercises": {}}, "exercises", "type"),
        ({"exercises": [5]}, "exercises[0]", "type"),
        ({"exercises": [{}]}, "exercises[0].exercise_id", "required"),
        ({"exercises": [{"exercise_id": 0}]}, "exercises[0].exercise_id", "min"),
        (
            {"exercises": [{"exercise_id": 1, "notes": "n" * 1001}]},
            "exercises[0].notes",
            "max_length",
        ),
        ({"exercises": [{"exercise_id": 1}] * 101}, "exercises", "max_items"),
        (
            {"exercises": [{"exercise_id": 1, "sets": [{"reps": 1}] * 101}]},
            "exercises[0].sets",
            "max_items",
        ),
        (
            {"exercises": [{"exercise_id": 1, "sets": [{"reps": 1}] * 100}] * 11},
            "exercises",
            "max_items",
        ),
        (
            {"exercises": [{"exercise_id": 1, "order_index": 2}, {"exercise_id": 2}]},
            "exercises[1].order_index",
            "unique",
        ),
        (one_set(reps=None), "exercises[0].sets[0].reps", "required"),
        (one_set(reps=-5), "exercises[0].sets[0].reps", "min"),
        (one_set(reps=1_000_001), "exercises[0].sets[0].reps", "max"),
        (one_set(reps=1.001), "exercises[0].sets[0].reps", "decimals"),
        (one_set(weight=-0.01), "exercises[0].sets[0].weight", "min"),
        (one_set(weight=10_000.01), "exercises[0].sets[0].weight", "max"),
        (one_set(weight="100"), "exercises[0].sets[0].weight", "type"),
        (one_set(unit="stone"), "exercises[0].sets[0].unit", "one_of"),
        (one_set(unit="KG"), "exercises[0].sets[0].unit", "one_of"),
        (one_set(set_type="super"), "exercises[0].sets[0].set_type", "one_of"),
        (one_set(rpe=0.5), "exercises[0].sets[0].rpe", "min"),
        (one_set(rpe=10.5), "exercises[0].sets[0].rpe", "max"),
        (one_set(rpe=7.3), "exercises[0].sets[0].rpe", "step"),
        (one_set(set_number=0), "exercises[0].sets[0].set_number", "min"),
        (one_set(set_number=1001), "exercises[0].sets[0].set_number", "max"),
        (one_set(volume=1), "exercises[0].sets[0].volume", "unknown_field"),
        ({"id": 1}, "id", "unknown_field"),
        ({"user_id": 1}, "user_id", "unknown_field"),
        ({"version": 1}, "version", "unknown_field"),
        ({"created_at": "2025-01-01T00:00:00Z"}, "created_at", "unknown_field"),
        (
            {"exercises": [{"exercise_id": 1, "exercise_name": "x"}]},
            "exercises[0].exercise_name",
            "unknown_field",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_bad_workouts(http, user, changes, field, constraint):
    answer = http.post("/api/workouts", json=BODY | changes, token=user.token)
    assert faults(answer)[field] == constraint
    assert {error["code"] for error in answer.json()["errors"]} == {"VALIDATION_ERROR"}


def test_all_faults_are_told_at_once(http, user):
    body = {
        "duration_minutes": -1,
        "bogus": 1,
        "exercises": [{"exercise_id": 1, "sets": [{"reps": -5}, {"weight": 1}]}],
    }
    assert faults(http.post("/api/workouts", json=body, token=user.token)) == {
        "date": "required",
        "duration_minutes": "min",
        "bogus": "unknown_field",
        "exercises[0].sets[0].reps": "min",
        "exercises[0].sets[1].reps": "required",
    }


@pytest.mark.parametrize(
    ("written", "weight"),
    [("100.000", 100), ("1e2", 100), ("-0", 0), ("102.50", 102.5), ("9999.99", 9999.99)],
)
def test_numbers_may_be_written_in_many_ways(http, user, written, weight):
    body = json.dumps(BODY | one_set(weight="W")).replace('"W"', written)
    headers = {"Content-Type": "application/json"}
    answer = http.post("/api/workouts", data=body, headers=headers, token=user.token)
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"][0]["exercises"][0]["sets"][0]["weight"] == weight


@pytest.mark.parametrize(
    ("written", "field", "constraint"),
    [
        ('{"exercises":[{"exercise_id":1,"sets":[{"reps":1e400}]}]}', "reps", "max"),
        ('{"exercises":[{"exercise_id":1,"sets":[{"reps":1e999999999}]}]}', "reps", "max"),
        ('{"exercises":[{"exercise_id":1,"sets":[{"reps":1e-999999999}]}]}', "reps", "decimals"),
        ('{"duration_minutes":1e999999999}', "duration_minutes", "max"),
        ('{"duration_minutes":99999999999999999999999999999999}', "duration_minutes", "max"),
        ('{"name":"\\ud800"}', "name", "characters"),
        ('{"name":"\\u0000"}', "name", "characters"),
        ('{"\\ud800":1}', "?", "unknown_field"),
        ('{"":1}', "", "unknown_field"),
    ],
)
def test_strange_values_are_only_bad_values(http, user, written, field, constraint):
    headers = {"Content-Type": "application/json"}
    answer = http.post("/api/workouts", data=written, headers=headers, token=user.token)
    found = {(name or "").rpartition(".")[2]: value for name, value in faults(answer).items()}
    assert found == {"date": "required", field: constraint}


def test_pounds_have_two_names(http, user):
    workout = create(http, user, **one_set(unit="lbs"))
    assert workout["exercises"][0]["sets"][0]["unit"] == "lb"


def test_texts_are_trimmed(http, user):
    workout = create(http, user, name="  Push ", notes="   ")
    assert (workout["name"], workout["notes"]) == ("Push", None)


def test_text_is_only_text(http, user):
    text = "'; DROP TABLE workouts; -- \r\n <script> ${jndi} \u202e"
    assert create(http, user, name=text)["name"] == text.strip()


@pytest.mark.parametrize("days", [2, 400])
def test_the_future_is_not_trained_yet(http, user, days):
    day = datetime.now(UTC).date() + timedelta(days=days)
    answer = http.post("/api/workouts", json=BODY | {"date": str(day)}, token=user.token)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "BUSINESS_RULE_VIOLATION"


def test_tomorrow_is_already_here_somewhere(http, user):
    create(http, user, date=str(datetime.now(UTC).date() + timedelta(days=1)))


def test_an_unknown_exercise(http, user):
    exercises = [{"exercise_id": 2**62}]
    answer = http.post("/api/workouts", json=BODY | {"exercises": exercises}, token=user.token)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "exercises[0].exercise_id"


def test_the_list_has_counts_instead_of_sets(http, user):
    create(http, user)
    answer = http.get("/api/workouts", token=user.token)
    (workout,) = answer.json()["data"]
    assert set(workout) == LISTED
    assert (workout["exercise_count"], workout["set_count"]) == (1, 2)
    assert workout["total_volume"] == 512.5


def test_the_list_is_filtered_sorted_and_paged(http, user):
    for day in ("2025-01-01", "2025-01-03", "2025-01-02", "2025-02-01"):
        create(http, user, date=day, name=f"on {day}", exercises=[])

    def days(**params):
        answer = http.get("/api/workouts", params=params, token=user.token)
        assert answer.status_code == 200
        return [workout["date"][5:] for workout in answer.json()["data"]]

    assert days() == ["02-01", "01-03", "01-02", "01-01"]
    assert days(sort="date") == ["01-01", "01-02", "01-03", "02-01"]
    assert days(sort="name:desc,date") == ["02-01", "01-03", "01-02", "01-01"]
    assert days(date_from="2025-01-02", date_to="2025-01-03") == ["01-03", "01-02"]
    assert days(limit=2, page=2) == ["01-02", "01-01"]
    assert days(page=9) == []
    assert days(user_id=user.id) == days()


def test_the_list_is_ones_own(http, user, new_user):
    create(http, user)
    other = new_user()
    assert http.get("/api/workouts", token=other.token).json()["data"] == []
    answer = http.get(f"/api/workouts?user_id={user.id}", token=other.token)
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    assert answer.json()["meta"]["page"]["total_items"] == 0


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("date_from=2025-02-02&date_to=2025-02-01", 422),
        ("user_id=999999&date_from=2025-02-02&date_to=2025-02-01", 422),
        ("date_from=yesterday", 400),
        ("date_to=2025-2-1", 400),
        ("user_id=0", 400),
        ("sort=volume", 400),
        ("sort=date,date:asc", 400),
        ("category=strength", 400),
    ],
)
def test_bad_queries(http, user, query, status):
    assert http.get(f"/api/workouts?{query}", token=user.token).status_code == status


def test_put_changes_the_fields_that_are_given(http, user):
    workout = create(http, user)
    path = f"/api/workouts/{workout['id']}"
    answer = http.put(path, json={"name": "Pull"}, token=user.token)
    assert answer.status_code == 200
    (changed,) = answer.json()["data"]
    assert changed["name"] == "Pull"
    assert changed["version"] == 2
    kept = {"name", "version", "updated_at"}
    assert {k: v for k, v in changed.items() if k not in kept} == {
        k: v for k, v in workout.items() if k not in kept
    }
    assert http.get(path, token=user.token).json()["data"] == [changed]
    assert http.put(path, json={}, token=user.token).json()["data"] == [changed]


@pytest.mark.parametrize(
    ("field", "value", "cleared"),
    [
        ("name", None, None),
        ("name", " ", None),
        ("duration_minutes", None, None),
        ("notes", None, None),
        ("notes", "", None),
        ("exercises", None, []),
    ],
)
def test_put_with_null_clears_a_field(http, user, field, value, cleared):
    workout = create(http, user, name="Push", duration_minutes=60, notes="ok")
    path = f"/api/workouts/{workout['id']}"
    (changed,) = http.put(path, json={field: value}, token=user.token).json()["data"]
    assert (changed[field], changed["version"]) == (cleared, 2)
    kept = {field, "version", "updated_at"}
    assert {k: v for k, v in changed.items() if k not in kept} == {
        k: v for k, v in workout.items() if k not in kept
    }
    assert http.get(path, token=user.token).json()["data"] == [changed]


def test_put_can_not_clear_the_date(http, user):
    workout = create(http, user)
    path = f"/api/workouts/{workout['id']}"
    answer = http.put(path, json={"date": None, "name": None}, token=user.token)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "date")
    assert error["details"] == {"constraint": "required", "received": None}
    assert http.get(path, token=user.token).json()["data"] == [workout]


def test_put_replaces_the_whole_nested_list(http, user):
    workout = create(http, user)
    path = f"/api/workouts/{workout['id']}"
    exercises = [{"exercise_id": 2, "sets": [{"reps": 3, "weight": 140}]}]
    (changed,) = http.put(path, json={"exercises": exercises}, token=user.token).json()["data"]
    assert [exercise["exercise_id"] for exercise in changed["exercises"]] == [2]


def test_put_with_an_old_version_is_a_conflict(http, user):
    workout = create(http, user)
    path = f"/api/workouts/{workout['id']}"
    assert http.put(path, json={"name": "A", "version": 1}, token=user.token).status_code == 200
    answer = http.put(path, json={"name": "B", "version": 1}, token=user.token)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "CONFLICT"


def test_a_client_id_makes_one_workout_for_good(http, user):
    body = BODY | {"client_id": str(uuid.uuid4())}
    answer = http.post("/api/workouts", json=body, token=user.token)
    assert answer.status_code == 201
    (workout,) = answer.json()["data"]
    assert workout["client_id"] == body["client_id"]
    path = f"/api/workouts/{workout['id']}"
    http.put(path, json={"name": "Renamed"}, token=user.token)

    again = http.post("/api/workouts", json=body, token=user.token)
    assert (again.status_code, again.headers["Location"]) == (200, path)
    assert "Idempotent-Replayed" not in again.headers
    assert again.json()["data"] == http.get(path, token=user.token).json()["data"]

    other = http.post("/api/workouts", json=body | {"name": "Other"}, token=user.token)
    (error,) = other.json()["errors"]
    assert (other.status_code, error["code"]) == (409, "CONFLICT")
    assert error["details"] == {"workout_id": workout["id"], "current_version": 2}

    http.delete(path, token=user.token)
    gone = http.post("/api/workouts", json=body, token=user.token)
    (error,) = gone.json()["errors"]
    assert (gone.status_code, error["code"]) == (410, "GONE")
    assert error["details"] == {"workout_id": workout["id"]}
    assert http.get("/api/workouts", token=user.token).json()["data"] == []


def test_delete_once(http, user):
    workout = create(http, user)
    path = f"/api/workouts/{workout['id']}"
    answer = http.delete(path, token=user.token)
    assert answer.status_code == 200
    assert answer.json()["data"] == [{"id": workout["id"], "deleted": True}]
    assert http.delete(path, token=user.token).status_code == 404
    assert http.get(path, token=user.token).status_code == 404
    assert http.put(path, json={"name": "x"}, token=user.token).status_code == 404


def test_somebody_elses_workout_looks_as_a_missing_one_does(http, user, new_user):
    workout = create(http, user)
    other = new_user()
    for method, body in (("GET", None), ("PUT", {"name": "mine"}), ("DELETE", None)):
        answers = [
            http.request(
                method,
                f"/api/workouts/{id_}",
                json=body,
                token=other.token,
                headers={"X-Request-ID": "same"},
            )
            for id_ in (workout["id"], 2**63 - 1)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["errors"] == answers[1].json()["errors"]


def test_an_admin_reads_any_workout_and_changes_none(http, user, admin_token):
    workout = create(http, user)
    path = f"/api/workouts/{workout['id']}"
    assert http.get(path, token=admin_token).json()["data"] == [workout]
    listed = http.get(f"/api/workouts?user_id={user.id}", token=admin_token)
    assert [entry["id"] for entry in listed.json()["data"]] == [workout["id"]]
    assert http.get("/api/workouts", token=admin_token).json()["data"] == []
    assert http.put(path, json={"name": "x"}, token=admin_token).status_code == 404
    assert http.delete(path, token=admin_token).status_code == 404
    assert http.get(path, token=user.token).json()["data"] == [workout]


def test_a_user_reads_what_they_wrote(http, user):
    path = f"/api/workouts/{create(http, user)['id']}"
    for number in range(20):
        http.put(path, json={"name": f"name {number}"}, token=user.token)
        assert http.get(path, token=user.token).json()["data"][0]["name"] == f"name {number}"
        listed = http.get("/api/workouts", token=user.token).json()["data"]
        assert [entry["name"] for entry in listed] == [f"name {number}"]


class TestIdempotencyKey:
    """The same request sent again."""

    @staticmethod
    def send(http, user, key, **changes):
        headers = {"Idempotency-Key": key}
        return http.post("/api/workouts", json=BODY | changes, token=user.token, headers=headers)

    def test_the_first_answer_comes_again(self, http, user):
        key = uuid.uuid4().hex
        first, second = self.send(http, user, key), self.send(http, user, key)
        assert (first.status_code, second.status_code) == (201, 201)
        assert second.json()["data"] == first.json()["data"]
        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.headers["Location"] == first.headers["Location"]
        http.delete(first.headers["Location"], token=user.token)
        assert self.send(http, user, key).json()["data"] == first.json()["data"]

    def test_the_body_is_compared_as_a_json_value(self, http, user):
        key = uuid.uuid4().hex
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        texts = [
            '{"date":"2025-02-16","duration_minutes":75}',
            '{ "duration_minutes": 75.0, "date": "2025-02-16" }',
        ]
        answers = [
            http.post("/api/workouts", data=text, headers=headers, token=user.token)
            for text in texts
        ]
        assert answers[0].json()["data"] == answers[1].json()["data"]

    def test_another_body_is_refused(self, http, user):
        key = uuid.uuid4().hex
        self.send(http, user, key)
        assert self.send(http, user, key, name="Other").status_code == 422

    def test_a_key_is_a_users_own(self, http, user, new_user):
        key = uuid.uuid4().hex
        ids = {self.send(http, who, key).json()["data"][0]["id"] for who in (user, new_user())}
        assert len(ids) == 2

    def test_a_refused_body_does_not_use_the_key_up(self, http, user):
        key = uuid.uuid4().hex
        assert self.send(http, user, key, date="never").status_code == 400
        assert self.send(http, user, key).status_code == 201

    def test_at_the_same_time_only_one_is_made(self, http, user):
        key = uuid.uuid4().hex
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.send(http, user, key), range(4)))
        assert {answer.status_code for answer in answers} <= {201, 409}
        made = http.get("/api/workouts", token=user.token).json()["meta"]["page"]["total_items"]
        assert made == 1

    @pytest.mark.parametrize("key", ["", "k" * 256, "a b", "a\tb"])
    def test_bad_keys(self, http, user, key):
        answer = self.send(http, user, key)
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["code"], error["field"]) == ("INVALID_PARAMETER", "Idempotency-Key")
