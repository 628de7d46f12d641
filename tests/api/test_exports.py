"""Taking one's workouts along, over HTTP."""

import csv
import io

import pytest

PATH = "/api/exports/workouts"


@pytest.fixture
def lifter(http, new_user):
    user = new_user()
    for day in range(1, 8):
        sets = [{"reps": 5, "weight": 100 + day, "notes": "x" * 900} for _ in range(40)]
        body = {"date": f"2025-02-0{day}", "exercises": [{"exercise_id": 1, "sets": sets}]}
        assert http.post("/api/workouts", json=body, token=user.token).status_code == 201
    return user


def test_json_is_one_document_of_several_pieces(http, lifter):
    answer = http.get(f"{PATH}?format=json", token=lifter.token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="workouts.json"'
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert len(answer.content) > 7 * 40 * 900
    days = [workout["date"] for workout in answer.json()["workouts"]]
    assert days == [f"2025-02-0{day}" for day in range(1, 8)]


@pytest.mark.parametrize(("name", "delimiter"), [("strong", ";"), ("hevy", ",")])
def test_other_apps_get_their_tables(http, lifter, name, delimiter):
    answer = http.get(f"{PATH}?format={name}&date_from=2025-02-02", token=lifter.token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="workouts-{name}.csv"' in answer.headers["Content-Disposition"]
    rows = [*csv.DictReader(io.StringIO(answer.content.decode()), delimiter=delimiter)]
    assert len(rows) == 6 * 40


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 400, "format"),
        ("?format=excel", 400, "format"),
        ("?format=json&date_from=soon", 400, "date_from"),
        ("?format=json&page=2", 400, "page"),
        ("?format=json&date_from=2025-02-02&date_to=2025-02-01", 422, None),
    ],
)
def test_bad_input_is_refused_in_the_envelope(http, new_user, query, status, field):
    answer = http.get(PATH + query, token=new_user().token)
    assert answer.status_code == status
    assert answer.json()["errors"][0].get("field") == field


def test_without_a_token_there_is_nothing(http):
    assert http.get(f"{PATH}?format=json").status_code == 401
