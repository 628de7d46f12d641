"""All that the system holds of somebody, as a zip over HTTP."""

import csv
import io
import json
import uuid
import zipfile
from datetime import UTC, datetime

import pytest
from sqlalchemy import NullPool, create_engine, text

from stack.demo import ASSISTED_PULL_UPS, plan
from tests.api.test_taking_along import numbers
from tests.api.whole_account import SECONDS, Importer, fill
from tests.services.databases import address_of
from tests.services.logbook import lift, one
from tests.waiting import eventually

pytestmark = pytest.mark.slow

PATH = "/api/users/me/export"
NAMES = {
    *("account", "sessions", "personal_tokens"),
    *("workouts", "client_ids", "measurements", "imports", "imported_workouts", "learned_names"),
    *("exercises", "exercise_notes"),
    *("webhooks", "deliveries"),
    *("records", "personal_records", "rep_maxes", "history", "totals", "weeks", "months"),
    "weekly_summaries",
}


class TakenOut:
    """The zip of a user.

    Args:
        content: its bytes.
    """

    def __init__(self, content):
        self.zip = zipfile.ZipFile(io.BytesIO(content))
        assert self.zip.testzip() is None

    def text(self, name):
        return self.zip.read(name).decode()

    def items(self, name):
        return json.loads(self.text(f"{name}.json"))

    def rows(self, name):
        return [*csv.DictReader(io.StringIO(self.text(f"{name}.csv"), newline=""))]


@pytest.fixture(scope="module")
def users_database(system):
    """Run a statement in the database of the users service, and return its rows."""
    engine = create_engine(address_of(system, "users").url, poolclass=NullPool)

    def run(statement, **values):
        with engine.begin() as connection:
            found = connection.execute(text(statement), values)
            return [tuple(row) for row in found] if found.returns_rows else None

    return run


def ready(http, token):
    def is_ready():
        answer = http.get(PATH, token=token)
        assert answer.status_code in (200, 202), answer.text
        return answer.status_code == 200 and answer

    return eventually(is_ready, SECONDS)


def take_out(http, token):
    answer = http.post(PATH, token=token)
    assert answer.status_code == 202, answer.text
    return TakenOut(ready(http, token).content)


@pytest.fixture
def lifter(http, new_user):
    user = new_user()
    account = fill(Importer(http, user))
    account.user = user
    noted = {"notes": "-1 on the left", "primary_muscles": ["chest", "triceps"]}
    account.ask("PUT", "/api/exercises/1/mine", json=noted)
    return account


@pytest.fixture
def demo_lifter(http, new_user):
    """Somebody with the workouts of ``./gym demo``."""
    user = new_user()
    account = Importer(http, user)
    account.user = user
    [assisted] = account.ask("GET", f"/api/exercises/search?q={ASSISTED_PULL_UPS}&limit=1")
    today = datetime.now(UTC).date()
    for workout in plan(today, {ASSISTED_PULL_UPS: assisted["id"]}):
        account.ask("POST", "/api/workouts", 201, json=workout)
    return account


@pytest.fixture(params=["lifter", "demo_lifter"])
def anybody(request):
    return request.getfixturevalue(request.param)


def wait_until_counted(account):
    """Wait until all workouts and merges are counted."""
    page = account.http.get("/api/workouts", token=account.token).json()["meta"]["page"]
    ids = account.exercises().values()

    def is_counted():
        months = account.ask("GET", "/api/stats/progress?period=monthly&weeks=52")[0]["months"]
        assert sum(month["total_workouts"] for month in months) == page["total_items"]
        paths = (f"/api/stats/exercise/{key}/history?range=all" for key in ids)
        return all(account.ask("GET", path)[0]["data_points"] for path in paths)

    eventually(is_counted, SECONDS)


def test_the_zip_holds_everything_that_the_api_shows(http, anybody):
    wait_until_counted(anybody)
    found = take_out(http, anybody.token)
    assert set(found.zip.namelist()) == {"index.html"} | {
        f"{name}.{ending}" for name in NAMES for ending in ("json", "csv")
    }
    assert found.text("workouts.json").encode() == anybody.exported()
    [account] = found.items("account")
    shown = anybody.ask("GET", f"/api/users/{anybody.user.id}")[0]
    assert shown.items() <= account.items()
    own = {each["id"]: each for each in found.items("exercises")}
    for exercise in anybody.ask("GET", "/api/exercises?mine=true&limit=100"):
        assert own[exercise["id"]] == exercise
    check_numbers(found, anybody)


def check_numbers(found, account):
    assert found.items("records") == all_of(account, "records", "records")
    assert found.items("rep_maxes") == all_of(account, "rep-maxes", "rep_maxes", ["best_e1rm"])
    unshown = ["range", "unit", "stats"]
    assert found.items("history") == all_of(account, "history?range=all", "data_points", unshown)
    totals = {each["exercise_id"]: each for each in found.items("totals")}
    for exercise_id in account.exercises().values():
        history = account.ask("GET", f"/api/stats/exercise/{exercise_id}/history?range=all")[0]
        assert history["stats"].items() <= totals[exercise_id].items()
    bests = {
        (each["exercise_id"], each.pop("kind")): each for each in found.items("personal_records")
    }
    for exercise in account.ask("GET", "/api/stats/personal-records")[0]["records"]:
        exercise_id = exercise.pop("exercise_id")
        del exercise["exercise_name"]
        for kind, record in exercise.items():
            assert record.items() <= bests.pop((exercise_id, kind)).items()
    assert not bests
    for name, period in (("weeks", "weekly"), ("months", "monthly")):
        progress = account.ask("GET", f"/api/stats/progress?period={period}&weeks=52")[0][name]
        trained = [each for each in progress if each["total_workouts"]]
        assert [each for each in found.items(name) if each in progress] == trained


def all_of(account, path, name, unshown=()):
    """Return what the API shows of each exercise, one after another, with the exercise in each."""
    formulas = ["epley", "brzycki", "lombardi"] if name == "records" else [None]
    found = []
    for exercise_id in sorted(set(account.exercises().values())):
        for formula in formulas:
            query = f"?formula={formula}" if formula else ""
            shown = account.ask("GET", f"/api/stats/exercise/{exercise_id}/{path}{query}")[0]
            items = shown.pop(name)
            head = {key: value for key, value in shown.items() if key not in unshown}
            if formula not in (None, "epley"):
                items = [each for each in items if each["formula"]]
            found += [head | each for each in items]
    return found


def test_private_exercises_are_there_also_archived_and_merged_ones(http, lifter):
    found = take_out(http, lifter.token)
    own = {each["name"]: each for each in found.items("exercises")}
    for exercise in own.values():
        path = f"/api/exercises/{exercise['id']}"
        assert exercise == lifter.ask("GET", path)[0]
    assert own["Old Row"]["merged_into"] == own["Gorilla Row"]["id"]
    assert not own["Old Curl"]["is_active"]
    assert len(own) == 10
    [note] = found.items("exercise_notes")
    assert (note["exercise_id"], note["notes"]) == (1, "-1 on the left")
    [row] = found.rows("exercise_notes")
    assert (row["notes"], row["primary_muscles"]) == ("'-1 on the left", "chest, triceps")


def test_a_table_has_a_row_for_each_set(http, lifter):
    found = take_out(http, lifter.token)
    rows = found.rows("workouts")
    workouts = found.items("workouts")["workouts"]
    sets = [
        (workout, exercise, logged)
        for workout in workouts
        for exercise in workout["exercises"] or [{"sets": []}]
        for logged in exercise["sets"] or [{}]
    ]
    assert len(rows) == len(sets)
    for row, (workout, exercise, logged) in zip(rows, sets, strict=True):
        assert row["date"] == workout["date"]
        assert row["workout_name"].lstrip("'") == (workout["name"] or "")
        assert row["exercise_name"] == exercise.get("exercise_name", "")
        for name in ("reps", "weight", "duration_seconds", "distance_m", "rpe", "rest_seconds"):
            value = logged.get(name)
            assert row[name] == "" if value is None else float(row[name]) == value
    [everything] = [row for row in rows if row["workout_notes"].startswith("Two")]
    assert everything["workout_name"] == "'+Everything, and more"
    assert everything["exercise_notes"] == "'=SUM(1)\nclose grip"


def test_its_workouts_give_another_account_the_same_numbers(http, anybody, new_user):
    content = take_out(http, anybody.token).text("workouts.json").encode()
    second = Importer(http, new_user())
    done = second.apply(second.preview(content)["id"])
    assert (done["status"], done["error"]) == ("applied", None)

    def are_equal():
        assert numbers(second) == numbers(anybody)
        return True

    eventually(are_equal, SECONDS)


def test_what_an_app_has_sent_is_in_it(http, new_user):
    account = Importer(http, new_user())
    client_id = str(uuid.uuid4())
    workout = account.log(client_id=client_id)
    account.ask("DELETE", f"/api/workouts/{workout['id']}")
    kept = account.log(client_id=str(uuid.uuid4()))
    weight = {
        "kind": "weight",
        "value": 82.4,
        "unit": "kg",
        "external_id": "=scale",
        "measured_at": "2025-02-16T07:30:00+01:00",
    }
    measured = account.ask("POST", "/api/measurements", 201, json=weight)
    found = take_out(http, account.token)
    ids = {each["client_id"]: each["workout_id"] for each in found.items("client_ids")}
    assert ids == {client_id: workout["id"], kept["client_id"]: kept["id"]}
    assert found.rows("workouts")[0]["client_id"] == kept["client_id"]
    assert found.items("measurements") == measured
    [row] = found.rows("measurements")
    assert (row["value"], row["measured_at"]) == ("82.4", weight["measured_at"])


def test_an_import_is_in_it_with_what_it_has_brought(http, new_user):
    account = Importer(http, new_user())
    text = (
        "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,"
        "Workout Notes,RPE\n2024-02-16 10:00:00,Legs,1h,Gorilla Row,1,80,5,0,0,,,\n"
    )
    csv_type = {"Content-Type": "text/csv"}
    sent = account.send(text, "?time_zone=UTC&weight_unit=kg&name=strong.csv", headers=csv_type)
    account.wait(sent, "preview")
    mapping = {"Gorilla Row": "new"}
    account.ask("PUT", f"/api/imports/{sent}/mapping", json=mapping)
    account.apply(sent)
    found = take_out(http, account.token)
    assert found.items("imports") == account.ask("GET", f"/api/imports/{sent}")
    [workout] = account.ask("GET", "/api/workouts")
    assert found.items("imported_workouts") == [{"workout_id": workout["id"], "import_id": sent}]
    [row] = found.rows("imports")
    assert (row["name"], row["counts.workouts"]) == ("strong.csv", "1")


@pytest.fixture
def with_secrets(http, new_user):
    """An account with a webhook and a personal access token, and the secrets of both."""
    account = Importer(http, new_user())
    # nobody listens there
    webhook = {"url": "http://127.0.0.1:1/", "events": ["workout.created"], "description": "=mine"}
    [made] = account.ask("POST", "/api/webhooks", 201, json=webhook)
    path = f"/api/webhooks/{made['id']}"
    [rotated] = account.ask("POST", f"{path}/rotate-secret")
    account.ask("POST", f"{path}/test", 202)
    token = {"name": "a script", "scopes": ["stats:read", "webhooks:write"]}
    [script] = account.ask("POST", "/api/users/me/tokens", 201, json=token)
    account.webhook = path
    account.secrets = (made["secret"], rotated["secret"], script["token"])

    def is_tried():
        [delivery] = account.ask("GET", f"{path}/deliveries")
        return delivery["last_attempt_at"]

    eventually(is_tried, SECONDS)
    return account


def test_webhooks_and_tokens_are_in_it_as_the_api_shows_them(http, with_secrets):
    account = with_secrets
    found = take_out(http, account.token)
    assert found.items("webhooks") == account.ask("GET", "/api/webhooks")
    [delivery] = account.ask("GET", f"{account.webhook}/deliveries")
    [taken] = found.items("deliveries")
    assert delivery.items() <= taken.items()
    assert taken["webhook_id"] == int(account.webhook.rpartition("/")[2])
    assert found.items("personal_tokens") == account.ask("GET", "/api/users/me/tokens")
    sessions = account.ask("GET", "/api/users/me/sessions")
    assert all(session.pop("is_current") is not None for session in sessions)
    assert found.items("sessions") == sessions
    [row] = found.rows("webhooks")
    assert (row["url"], row["description"]) == ("http://127.0.0.1:1/", "'=mine")
    [row] = found.rows("deliveries")
    assert (row["id"], row["event_type"]) == (str(delivery["id"]), delivery["event_type"])
    [row] = found.rows("personal_tokens")
    assert (row["name"], row["scopes"]) == ("a script", "stats:read, webhooks:write")


def test_no_secret_of_a_webhook_and_no_token_is_in_it(http, with_secrets):
    found = take_out(http, with_secrets.token)
    for name in found.zip.namelist():
        content = found.text(name)
        for secret in with_secrets.secrets:
            kind, _, random = secret.partition("_")
            assert kind in ("whsec", "gym")
            assert random not in content
        assert "whsec_" not in content
        assert "gym_" not in content


def test_summaries_of_weeks_are_in_it_as_they_were_made(http, new_user, rpc):
    user = new_user()
    account = Importer(http, user)
    account.log(lift(1, one(5, 100)))
    wait_until_counted(account)
    made = rpc.analytics.summarise_week(user.id, "2025-W07")["summary"]
    found = take_out(http, account.token)
    [summary] = found.items("weekly_summaries")
    assert made.items() <= summary.items()
    [shown] = account.ask("GET", "/api/stats/weekly-summary?week=2025-W07")
    assert {key: summary[key] for key in shown} == shown
    [row] = found.rows("weekly_summaries")
    assert (row["week"], row["workouts.value"]) == ("2025-W07", "1")


def test_the_page_explains_each_file_and_runs_nothing(http, new_user):
    found = take_out(http, new_user().token)
    page = found.text("index.html")
    for name in NAMES:
        assert f'<a href="{name}.csv">' in page
        assert f'<a href="{name}.json">' in page
    assert "<script" not in page
    assert "http" not in page


def test_an_empty_account_has_files_that_can_be_read(http, new_user):
    found = take_out(http, new_user().token)
    for name in NAMES - {"account", "sessions", "workouts"}:
        assert (found.items(name), found.rows(name)) == ([], [])
    assert found.items("workouts")["workouts"] == []


def test_the_file_has_its_name_and_type(http, new_user):
    token = new_user().token
    asked = http.post(PATH, token=token)
    assert asked.headers["Location"] == PATH
    assert asked.json()["data"][0]["status"] == "under_way"
    answer = ready(http, token)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="gym-tracker.zip"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert http.request("HEAD", PATH, token=token).status_code == 200


def test_nobody_gets_what_they_have_not_asked_for(http, new_user):
    assert http.get(PATH).status_code == http.post(PATH).status_code == 401
    take_out(http, new_user().token)
    assert http.get(PATH, token=new_user().token).status_code == 404


def test_hashes_and_secrets_are_in_no_file(http, new_user):
    user = new_user()
    found = take_out(http, user.token)
    for name in found.zip.namelist():
        text = found.text(name)
        assert user.password not in text
        assert user.token not in text
        assert "$2b$" not in text


def test_after_a_day_it_is_gone(http, new_user, users_database):
    user = new_user()
    take_out(http, user.token)
    users_database(
        "UPDATE take_outs SET expires_at = now() WHERE user_id = :user_id", user_id=user.id
    )
    assert http.get(PATH, token=user.token).status_code == 404


def test_what_another_day_has_begun_does_not_count(http, new_user, users_database):
    user = new_user()
    take_out(http, user.token)
    users_database(
        "UPDATE take_outs SET begun = 5, begun_since = now() - interval '24 hours' "
        "WHERE user_id = :user_id",
        user_id=user.id,
    )
    take_out(http, user.token)
    found = users_database("SELECT begun FROM take_outs WHERE user_id = :user_id", user_id=user.id)
    assert found == [(1,)]


def test_parts_are_deleted_once_the_zip_is_made(http, new_user, users_database):
    user = new_user()
    take_out(http, user.token)
    left = """
        SELECT count(*) FROM take_out_parts JOIN take_outs t ON t.id = take_out_id
        WHERE t.user_id = :user_id
    """
    eventually(lambda: users_database(left, user_id=user.id) == [(0,)])


def test_only_a_few_can_be_begun_a_day(http, new_user):
    token = new_user().token
    for _ in range(5):
        take_out(http, token)
    refused = http.post(PATH, token=token)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 80_000
    # the one that is there stays
    assert http.get(PATH, token=token).status_code == 200
